"""Persistent worker processes for units that would keep the hub, or could take the server down with them.

A unit is sent to a free worker over its channel, computed there, and answered. Each worker has one supervising
thread (a greenthread when the server is patched), which starts it, reads its channel for as long as it lives, learns
how it ended and starts the next. Nothing here knows eventlet: it uses the standard library's threads and sockets.

Why not a library: under eventlet's patching ProcessPoolExecutor and pebble hang or break, none can end one unit
without the others, and fork would inherit the hub.

    run -> ticket -> dispatcher -> worker_process -> channel ... worker     (supervisor: the way back)
"""

from __future__ import annotations

import itertools
import logging
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from services.errors import UnavailableError, UnitCancelledError
from services.runners.cancel import CancelToken
from services.runners.channel import Reply, encode
from services.runners.dispatcher import Dispatcher
from services.runners.supervisor import Supervisor
from services.runners.ticket import Report, Ticket
from services.runners.worker_process import launch

__all__ = ["CancelToken", "PoolStats", "Reply", "WorkerPool"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PoolStats:
    """Workers that are ready, those of them with a unit, units waiting; replaced and lost since the start."""

    workers: int
    busy: int
    waiting: int
    respawned: int
    crashed: int


class WorkerPool:
    """A fixed number of worker processes, and the queue before them."""

    def __init__(
        self,
        size: int,
        *,
        environment: Mapping[str, str] | None = None,
        recycle_after: int = 500,
        recycle_above_mb: int = 1024,
        nice: int = 10,
        log: logging.Logger = _log,
        loopback: bool = sys.platform == "win32",
    ) -> None:
        """
        Args:
            size: number of worker processes.
            environment: variables the workers get beside those of this process.
            recycle_after: units after which a worker is replaced, against slow leaks.
            recycle_above_mb: resident MiB after a unit above which its worker is replaced.
            nice: added to the workers' niceness, so that the server goes first.
            log: takes what workers print (info), lost workers (warning) and failed units' tracebacks (error).
            loopback: connect over 127.0.0.1 instead of inherited sockets; Windows has no other way.
        """
        self.size = size
        self._numbers = itertools.count(1)
        self._dispatcher = Dispatcher(size, recycle_after, recycle_above_mb)
        start_worker = partial(launch, dict(environment or {}), nice, log, loopback=loopback)
        self._supervisors = [Supervisor(place, start_worker, self._dispatcher, log) for place in range(1, size + 1)]
        self._started = False

    def start(self) -> None:
        """Returns at once; units wait until the first worker is ready (some 100 ms).

        Under eventlet, call it in the hub's thread, and let that be the main one: the workers end with it.
        """
        self._started = True
        self._dispatcher.open()
        for supervisor in self._supervisors:
            supervisor.start()

    def run(
        self,
        target: str,
        argument: Mapping[str, Any],
        *,
        blob: bytes = b"",
        on_report: Callable[[Report], None] | None = None,
        cancel: CancelToken | None = None,
        timeout: float | None = None,
        priority: int = 0,
    ) -> Reply:
        """Computes one unit in a worker and waits for it; green under eventlet.

        When this returns or raises, for whatever reason, the unit is no longer being computed anywhere.

        Args:
            target: "package.module:function", called as function(argument, context, blob) in the worker; returns a
                dict or a Reply.
            argument: JSON, at most 32 MiB.
            blob: raw bytes beside it, at most 64 MiB.
            on_report: takes what the unit reports, in the calling thread; if it raises, the unit is stopped.
            cancel: kills the worker in the middle of the unit, or takes the unit out of the queue.
            timeout: seconds from the moment a worker has the unit; waiting for a worker does not count.
            priority: greater goes first, but each fourth turn is that of a lesser one, of the unit that has waited
                longest; first come, first served inside one priority.

        Raises:
            UnitError: the unit raised; `code` is a TaskbeamError's own, SERVER_ERROR for any other exception.
            UnitTimeoutError, UnitCancelledError, WorkerLostError: as they say.
            UnavailableError: the pool is closed, or no worker can be started.
            TooLargeError, TypeError: the argument cannot be sent.
        """
        number = next(self._numbers)
        frame = encode({"id": number, "target": target, "argument": argument, "threads": self._threads()}, blob)
        ticket = Ticket(number, target, frame, priority, timeout)
        stop = partial(self._dispatcher.stop, ticket, UnitCancelledError("The unit was cancelled."))
        forget = cancel.on_cancel(stop) if cancel else None
        try:
            self._dispatcher.enqueue(ticket)
            return ticket.wait(on_report)
        finally:
            if forget is not None:
                forget()
            stop()  # nothing happens if it is settled; else on_report raised, or the calling greenthread was killed
            ticket.await_outcome()

    def _threads(self) -> int:
        """How many cores a unit that comes now may use: more than one only while other workers would idle."""
        _, busy, waiting = self._dispatcher.counts()
        return max(1, self.size // (busy + waiting + 1))

    def stats(self) -> PoolStats:
        respawned = sum(max(0, supervisor.launches - 1) for supervisor in self._supervisors)
        crashed = sum(supervisor.crashes for supervisor in self._supervisors)
        return PoolStats(*self._dispatcher.counts(), respawned, crashed)

    def close(self, grace: float = 2.0) -> None:
        """Turns the queue away, gives running units `grace` seconds, then kills every worker and reaps it.

        Whoever is still in `run` gets an UnavailableError. May be called again, and from several threads.
        """
        closed = UnavailableError("The worker pool is closed.")
        self._dispatcher.close(closed)
        if not self._started:
            return
        self._await_running_units(grace)
        self._dispatcher.stop_running(closed)
        for supervisor in self._supervisors:
            supervisor.stop()
        for supervisor in self._supervisors:
            supervisor.join()

    def _await_running_units(self, grace: float) -> None:
        deadline = time.monotonic() + grace
        while self.stats().busy and time.monotonic() < deadline:
            time.sleep(0.005)
