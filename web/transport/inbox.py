"""A client's events, handled one after the other."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet.semaphore import Semaphore

logger = logging.getLogger("taskbeam.socketio")

_WAITING_EVENTS = 64


class Inbox:
    """Runs handlers in the order in which their events came, in a greenthread that lives while there are any.

    python-socketio starts a greenthread for each event: a `leave_task` may then be handled before the `join_task` it
    follows, and a client may start as many as it can send. Here the client's reader waits once `_WAITING_EVENTS` are
    waiting. Acks do not pass through here, so a handler may wait for one.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._room = Semaphore(_WAITING_EVENTS)
        self._worker: Any = None

    def put(self, handle: Callable[[], None]) -> None:
        self._room.acquire()
        self._waiting.append(handle)
        if self._worker is None:
            self._worker = eventlet.spawn(self._run)

    def join(self, seconds: float) -> None:
        """Wait, at most so long, until everything that came has been handled; not for the handler that calls this."""
        worker = self._worker
        if worker is None or worker is eventlet.getcurrent():
            return
        with eventlet.Timeout(seconds, False):
            worker.wait()

    def _run(self) -> None:
        while self._waiting:
            handle = self._waiting.popleft()
            try:
                handle()
            except Exception:
                logger.exception("an event handler failed")
            finally:
                self._room.release()
        self._worker = None
