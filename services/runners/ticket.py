"""A caller's place in the pool: from the queue through a worker to an outcome."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from services.errors import TaskbeamError
from services.runners.channel import Frame, Reply

if TYPE_CHECKING:
    from services.runners.worker_process import WorkerProcess

Report = dict[str, Any]

_KEPT_REPORTS = 16  # a worker is held to 20 a second; this bounds one that does not keep to it


class Ticket:
    """The dispatcher's lock guards `worker`, `began`, `attempts` and `ending`; the rest guards itself."""

    def __init__(self, number: int, target: str, frame: Frame, priority: int, timeout: float | None) -> None:
        self.number = number
        self.target = target
        self.frame = frame
        self.timeout = timeout
        self.priority = priority
        self.order = (-priority, number)  # the greater priority first, inside it who came first
        self.worker: WorkerProcess | None = None
        self.began = False
        self.attempts = 0
        self.ending: TaskbeamError | None = None  # why it is being stopped
        self._news = threading.Condition(threading.Lock())
        self._reports: deque[Report] = deque(maxlen=_KEPT_REPORTS)
        self._outcome: Reply | TaskbeamError | None = None
        self._clock: threading.Timer | None = None

    @property
    def settled(self) -> bool:
        return self._outcome is not None

    def start_clock(self, stop: Callable[[], None]) -> None:
        """From now on the timeout runs. It is a thread's affair, since the caller may be held up in `on_report`."""
        if self.timeout is not None:
            self._clock = threading.Timer(self.timeout, stop)
            self._clock.daemon = True
            self._clock.start()

    def stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def report(self, data: Report) -> None:
        with self._news:
            if self.ending is None:
                self._reports.append(data)
                self._news.notify()

    def settle(self, outcome: Reply | TaskbeamError) -> None:
        """The first outcome stands. A unit that was stopped has nothing more to report."""
        self.stop_clock()
        with self._news:
            if self._outcome is None:
                self._outcome = outcome
                if outcome is self.ending:
                    self._reports.clear()
                self._news.notify()

    def wait(self, on_report: Callable[[Report], None] | None) -> Reply:
        """Hands reports on in the caller's thread until there is an outcome; raises it if it is an error."""
        while (report := self._next_report()) is not None:
            if on_report is not None:
                on_report(report)
        assert self._outcome is not None
        if isinstance(self._outcome, TaskbeamError):
            raise self._outcome
        return self._outcome

    def await_outcome(self) -> None:
        with self._news:
            while self._outcome is None:
                self._news.wait()

    def _next_report(self) -> Report | None:
        with self._news:
            while not self._reports and self._outcome is None:
                self._news.wait()
            return self._reports.popleft() if self._reports else None
