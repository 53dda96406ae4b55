"""`/ws/ocr`: what each message asks for."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import eventlet
import flask

from services.bootstrap import Services
from services.errors import (
    ImageTooLargeError,
    InvalidImageError,
    InvalidInputError,
    RateLimitExceededError,
    UnauthorizedError,
    UnavailableError,
    UnknownEventError,
)
from services.version import VERSION
from web.places import Places
from web.schemas.ocr_socket import INCOMING, Auth, Encrypted, Envelope, OcrCancel, OcrRequest
from web.transport import frames
from web.transport.rawsocket import ConnectionClosedError, RawWebSocket
from web.websockets import images
from web.websockets.connection import NOTHING_ASKED, Asking, Connection
from web.websockets.door import UNAUTHORIZED, DismissedError, Door
from web.websockets.envelope import check, parse
from web.websockets.holdings import Holdings
from web.websockets.in_flight import InFlight, Recognizer, Request
from web.websockets.sealed import Sealer

AUTH_SECONDS = 30.0  # to show a token
STRANGERS_BYTES = 1024 * 1024  # of one message, as long as nobody knows whose it is
_FLOOD_SECONDS = 0.1  # a client over its rate is read so much slower, or refusing it would cost as much as serving it
_GOODBYE_SECONDS = 2.0
_HELD_BY_ONE, _HELD_IN_ALL = 4, 32  # images of the largest size
_SLACK = 1.25  # a somewhat too large image is still told so, and other fields need room

_yield = partial(eventlet.sleep, 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Session:
    connection: Connection
    in_flight: InFlight


_Handler = Callable[[_Session, dict[str, Any], Asking], None]


def message_bytes(max_image_bytes: int, *, encrypted: bool) -> int:
    """The longest message: base64 of the largest image with a quarter to spare; a JWE is base64 once more.

    A batch is one message, so that is the room for all its images together.
    """
    most = 4 / 3 * max_image_bytes * _SLACK * (4 / 3 if encrypted else 1)
    return int(most) + 64 * 1024


class OcrSocket:
    """The endpoint; `serve` is the handler of one connection."""

    def __init__(self, services: Services, places: Places, door: Door[Connection], recognizer: Recognizer) -> None:
        settings = services.settings
        key = settings.ocr_jwe_key.get_secret_value()
        self._recognizer, self._places, self._door = recognizer, places, door
        self._sealer = Sealer(key)
        self._lanes = settings.workers
        self._most_image_bytes = settings.max_image_bytes
        self.max_message_bytes = message_bytes(settings.max_image_bytes, encrypted=bool(key))
        self._holdings = Holdings(_HELD_IN_ALL * settings.max_image_bytes, "held by this server")
        self._outcomes: Counter[str] = Counter()
        self._sessions: set[_Session] = set()
        self._began = time.monotonic()
        self._handlers: Mapping[str, _Handler] = {
            "auth": self._on_auth,
            "ping": self._on_ping,
            "ocr_request": self._on_request,
            "ocr_cancel": self._on_cancel,
            "encrypted": self._on_encrypted,
        }

    def figures(self) -> dict[str, float]:
        in_flight = sum(len(session.in_flight) for session in self._sessions)
        return {"connections": len(self._sessions), "requests_in_flight": in_flight, "held_bytes": self._holdings.bytes}

    def outcomes(self) -> dict[str, float]:
        return dict(self._outcomes)

    def serve(self, websocket: RawWebSocket) -> None:
        environ = flask.request.environ
        session = self._session(Connection(websocket, environ.get("REMOTE_ADDR", ""), self._sealer.seal))
        connection = session.connection
        self._sessions.add(session)
        try:
            self._greet(session, is_known=self._door.enter(connection, environ))
            self._converse(session)
        except DismissedError as end:
            connection.dismiss(end.error, end.code)
        finally:
            self._sessions.remove(session)
            self._door.leave(connection)
            session.in_flight.close("The client left.")
            connection.finish()

    def stop(self) -> None:
        """Tells every client that the server is going away, and what becomes of its requests."""
        goodbyes = [eventlet.spawn(self._say_goodbye, session) for session in self._sessions]
        with eventlet.Timeout(_GOODBYE_SECONDS, False):
            for goodbye in goodbyes:
                goodbye.wait()

    def _session(self, connection: Connection) -> _Session:
        most = _HELD_BY_ONE * self._most_image_bytes
        holdings = Holdings(most, "in flight on one connection", self._holdings)
        return _Session(connection, InFlight(connection, self._recognizer, self._lanes, holdings, self._outcomes))

    def _say_goodbye(self, session: _Session) -> None:
        session.in_flight.close("The request was cancelled: the server is stopping.")
        session.in_flight.wait_until_answered()
        session.connection.end(frames.GOING_AWAY, "server shutdown")
        session.connection.finish()

    def _greet(self, session: _Session, *, is_known: bool, asking: Asking = NOTHING_ASKED) -> None:
        connection = session.connection
        limit = self.max_message_bytes if is_known else min(STRANGERS_BYTES, self.max_message_bytes)
        connection.websocket.max_message_bytes = limit
        info = {"version": VERSION, "uptime": self._uptime(), "active_connections": self._places.taken}
        status = {"status": "connected" if is_known else "auth_required", "client_id": connection.id}
        connection.tell("connection_status", {**status, "server_info": info}, asking)

    def _converse(self, session: _Session) -> None:
        connection, deadline = session.connection, time.monotonic() + AUTH_SECONDS
        while True:
            patience = None if connection.principal else max(0.0, deadline - time.monotonic())
            try:
                message = connection.websocket.receive(patience)
            except TimeoutError:
                late = UnauthorizedError(f"No token came within {AUTH_SECONDS:.0f} s.")
                raise DismissedError(late, UNAUTHORIZED) from None
            self._hear(session, message)

    def _hear(self, session: _Session, message: str | bytes, *, is_sealed: bool = False) -> None:
        connection, asking = session.connection, Asking(is_sealed=is_sealed)
        try:
            envelope = parse(message, _yield)
            asking = Asking(envelope.id, is_sealed)
            if not is_sealed:
                self._door.count_message_of(connection)
            self._serve(session, envelope, asking)
        except (ConnectionClosedError, DismissedError):
            raise
        except RateLimitExceededError as error:
            connection.refuse(error, asking)
            eventlet.sleep(_FLOOD_SECONDS)
        except Exception as error:  # noqa: BLE001 (the edge: `fault_of` logs the unforeseen and hides it)
            connection.refuse(error, asking)

    def _serve(self, session: _Session, envelope: Envelope, asking: Asking) -> None:
        kind, principal = envelope.type, session.connection.principal
        if kind not in self._handlers:
            raise UnknownEventError(kind)
        if asking.is_sealed:
            self._check_sealed(envelope)
        if (scope := INCOMING[kind].scope) is not None:
            if principal is None:
                raise UnauthorizedError("This server needs an API key before it reads anything.")
            principal.require(scope)
        self._handlers[kind](session, envelope.data or {}, asking)

    def _check_sealed(self, envelope: Envelope) -> None:
        if envelope.type == "encrypted":
            raise InvalidInputError("An encrypted message cannot hold another one.")
        self._sealer.check_age(envelope.timestamp)

    def _on_auth(self, session: _Session, data: dict[str, Any], asking: Asking) -> None:
        auth = check(Auth, data)
        self._door.identify(session.connection, auth.token or auth.api_key)
        self._greet(session, is_known=True, asking=asking)

    def _on_ping(self, session: _Session, _data: dict[str, Any], asking: Asking) -> None:
        session.connection.tell("pong", {"server_time": time.time(), "uptime": self._uptime()}, asking)

    def _on_cancel(self, session: _Session, data: dict[str, Any], _asking: Asking) -> None:
        session.in_flight.cancel(check(OcrCancel, data).request_id)

    def _on_encrypted(self, session: _Session, data: dict[str, Any], _asking: Asking) -> None:
        self._hear(session, self._sealer.open(check(Encrypted, data).jwe, _yield), is_sealed=True)

    def _on_request(self, session: _Session, data: dict[str, Any], asking: Asking) -> None:
        asked = check(OcrRequest, data)
        request_id = f"req_{secrets.token_hex(8)}" if asking.id is None else asking.id
        request = Request(request_id, asked.requirements, Asking(request_id, asking.is_sealed), asked.is_batch)
        session.in_flight.check_id(request_id)
        try:
            session.in_flight.check_room()
            self._decode(request, asked.all_images, session.in_flight.holdings)
        except (RateLimitExceededError, UnavailableError) as error:
            session.in_flight.refuse(request, error)
        else:
            session.in_flight.begin(request)

    def _decode(self, request: Request, texts: list[str], holdings: Holdings) -> None:
        """Raises RateLimitExceededError: too much is held already."""
        try:
            for text in texts:
                holdings.take(size := images.decoded_size(text))
                try:
                    request.add(images.decode(text, self._most_image_bytes, _yield), size)
                except (InvalidImageError, ImageTooLargeError) as error:
                    holdings.give_back(size)
                    request.add(error)
        except BaseException:
            holdings.give_back(sum(image.held for image in request.images))
            raise

    def _uptime(self) -> float:
        return round(time.monotonic() - self._began, 3)
