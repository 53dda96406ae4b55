"""The requests of one connection: at most so many with the workers at a time, the rest in a queue of its own.

So a client that sends a hundred pages shares the workers with others who send one, and with tasks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any, Protocol

import eventlet

from services.errors import InvalidInputError, RateLimitExceededError, UnavailableError, UnitCancelledError
from services.ocr.requirements import Requirements
from services.runners.cancel import CancelToken
from web.transport.rawsocket import ConnectionClosedError
from web.websockets.connection import Asking, Connection
from web.websockets.faults import fault_of
from web.websockets.holdings import Holdings

MOST_REQUESTS = 32
CANCELLED = "The request was cancelled."
_LOOK_SECONDS = 0.01
RequestId = str | int


class Recognizer(Protocol):
    """`services.ocr`."""

    def recognize(
        self,
        data: bytes,
        requirements: Requirements,
        *,
        on_progress: Callable[[dict[str, Any]], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> dict[str, Any]: ...

    def estimate(self, requirements: Requirements, size_bytes: int) -> float: ...


@dataclass(eq=False, slots=True)
class Request:
    """`is_batch`: its answers say which image they are about; `why`: what its cancelled images are told."""

    id: RequestId
    requirements: Requirements
    asking: Asking
    is_batch: bool = False
    images: list[Image] = field(default_factory=list)
    why: str = CANCELLED

    @property
    def progress(self) -> float:
        return round(sum(image.progress for image in self.images) / len(self.images), 1)

    def add(self, content: bytes | Exception, held: int = 0) -> None:
        self.images.append(Image(self, len(self.images), content, held))


@dataclass(eq=False, slots=True)
class Image:
    """`content`: its bytes, or why it has none; `held`: of `Holdings`, until it is settled."""

    request: Request
    index: int
    content: bytes | Exception
    held: int
    cancel: CancelToken = field(default_factory=CancelToken)
    progress: float = 0.0
    is_running: bool = False
    is_settled: bool = False

    def names(self) -> dict[str, Any]:
        request = self.request
        batch = {"index": self.index, "total": len(request.images)} if request.is_batch else {}
        return {"request_id": request.id, **batch}


class InFlight:
    """What a client has asked for and was not yet answered."""

    def __init__(
        self, connection: Connection, recognizer: Recognizer, lanes: int, holdings: Holdings, outcomes: Counter[str]
    ) -> None:
        """`lanes`: images with the workers at a time; `outcomes` counts how images ended."""
        self._connection, self._recognizer, self._outcomes = connection, recognizer, outcomes
        self._lanes = self._free_lanes = lanes
        self.holdings = holdings
        self._requests: dict[RequestId, Request] = {}
        self._queue: list[tuple[bool, int, int, Image]] = []
        self._arrivals = count()
        self._unanswered = 0  # images
        self._closed_because: str | None = None

    def __len__(self) -> int:
        return len(self._requests)

    def check_id(self, request_id: RequestId) -> None:
        """Raises InvalidInputError: it is in use."""
        if request_id in self._requests:
            raise InvalidInputError(f"Request {_shown(request_id)} is in flight here; give each an id of its own.")

    def check_room(self) -> None:
        """Raises RateLimitExceededError: there are as many as may be; UnavailableError: the server is stopping."""
        if self._closed_because is not None:
            raise UnavailableError(self._closed_because)
        if len(self._requests) >= MOST_REQUESTS:
            raise RateLimitExceededError(f"{MOST_REQUESTS} requests in flight on one connection", 1.0)

    def begin(self, request: Request) -> None:
        """Its images are in the queue, or refused, when this returns. Raises ConnectionClosedError."""
        self._requests[request.id] = request
        self._unanswered += len(request.images)
        good = [image for image in request.images if isinstance(image.content, bytes)]
        if good:
            self._tell_start(request, [len(image.content) for image in good if isinstance(image.content, bytes)])
        for image in request.images:
            if isinstance(image.content, Exception):
                self._settle(image, image.content)
        for position, image in enumerate(good):
            # First images go before second ones, so that a batch does not hold up the requests behind it.
            heappush(self._queue, (not request.requirements.real_time, position, next(self._arrivals), image))
        self._start()

    def refuse(self, request: Request, error: Exception) -> None:
        """It was understood, but there is no room for it. Raises ConnectionClosedError."""
        self._tell_outcome(request.asking, {"request_id": request.id}, error)

    def cancel(self, request_id: RequestId, why: str = CANCELLED) -> None:
        """Raises InvalidInputError: no such request is in flight."""
        self._cancel(self._in_flight(request_id), why)

    def close(self, why: str) -> None:
        """Cancels everything; nothing begins any more."""
        self._closed_because = why
        for request in list(self._requests.values()):
            self._cancel(request, why)

    def wait_until_answered(self) -> None:
        while self._unanswered:
            eventlet.sleep(_LOOK_SECONDS)

    def _in_flight(self, request_id: RequestId) -> Request:
        if request_id not in self._requests:
            raise InvalidInputError(f"There is no request {_shown(request_id)} in flight on this connection.")
        return self._requests[request_id]

    def _cancel(self, request: Request, why: str) -> None:
        request.why = why
        for image in request.images:
            if not image.is_settled:
                image.cancel.cancel()  # a worker that has it is gone in milliseconds, and `_read` answers
        for image in request.images:
            if not image.is_running:
                self._settle(image, UnitCancelledError(why))

    def _start(self) -> None:
        while self._free_lanes and self._queue:
            image = heappop(self._queue)[-1]
            if not image.is_settled:
                self._free_lanes -= 1
                image.is_running = True
                eventlet.spawn(self._run, image)

    def _run(self, image: Image) -> None:
        try:
            self._settle(image, self._read(image))
        finally:
            self._free_lanes += 1
            self._start()

    def _read(self, image: Image) -> dict[str, Any] | Exception:
        assert isinstance(image.content, bytes)
        hear = partial(self._hear, image)
        outcome: dict[str, Any] | Exception
        try:
            outcome = self._recognizer.recognize(
                image.content, image.request.requirements, on_progress=hear, cancel=image.cancel
            )
        except Exception as error:  # noqa: BLE001 (the edge: `fault_of` logs the unforeseen and hides it)
            outcome = error
        return UnitCancelledError(image.request.why) if image.cancel.cancelled else outcome

    def _hear(self, image: Image, report: Mapping[str, Any]) -> None:
        image.progress = max(image.progress, min(100.0, report["progress"]))
        if not image.cancel.cancelled:
            told = {**report, **image.names(), "progress": image.request.progress}
            self._connection.tell_newest(image.request, "ocr_progress", told, image.request.asking)

    def _settle(self, image: Image, outcome: dict[str, Any] | Exception) -> None:
        """The one answer of an image. Waits while the client has too much unread, and a lane with it."""
        if image.is_settled:
            return
        request, names = image.request, image.names()
        image.is_settled, image.content, image.progress = True, b"", 100.0
        self.holdings.give_back(image.held)
        if all(each.is_settled for each in request.images):
            del self._requests[request.id]  # before the client hears of it: it may use the id again
        try:
            self._tell_outcome(request.asking, names, outcome)
        except ConnectionClosedError:
            pass
        finally:
            self._unanswered -= 1

    def _tell_outcome(self, asking: Asking, names: dict[str, Any], outcome: dict[str, Any] | Exception) -> None:
        if isinstance(outcome, Exception):
            fault = fault_of(outcome)
            self._outcomes[fault["error_code"]] += 1
            self._connection.tell("ocr_error", {**names, **fault}, asking)
        else:
            self._outcomes["COMPLETE"] += 1
            self._connection.tell("ocr_complete", {**names, "result": outcome}, asking)

    def _tell_start(self, request: Request, sizes: Sequence[int]) -> None:
        estimates = [self._recognizer.estimate(request.requirements, size) for size in sizes]
        seconds = max(*estimates, sum(estimates) / self._lanes)
        total = {"total": len(request.images)} if request.is_batch else {}
        start = {"request_id": request.id, "estimated_time": round(seconds, 2), **total}
        self._connection.tell("ocr_start", start, request.asking)


def _shown(request_id: RequestId) -> str:
    return repr(request_id)[:60]
