"""Brings waiting units and idle workers together. It holds the pool's one lock; nothing slow happens under it."""

from __future__ import annotations

import threading
from bisect import insort
from functools import partial

from services.errors import TaskbeamError, UnavailableError, UnitTimeoutError, WorkerLostError
from services.runners.channel import ChannelClosedError, FrameError, Reply
from services.runners.ticket import Ticket
from services.runners.worker_process import WorkerProcess

_MOST_ATTEMPTS = 3  # for a unit whose worker was dead before it began
_MOST_PASSED = 3  # hand-outs in a row past units of lesser priority; then it is the turn of one of these


class Dispatcher:
    """Knows the ready workers and the tickets; worker and ticket know one another while a unit is with a worker."""

    def __init__(self, places: int, recycle_after: int, recycle_above_mb: int) -> None:
        self._places = places
        self._recycle_after = recycle_after
        self._recycle_above_mb = recycle_above_mb
        self._lock = threading.Lock()
        self._workers: set[WorkerProcess] = set()
        self._idle: list[WorkerProcess] = []
        self._waiting: list[Ticket] = []  # in their order
        self._passed = 0  # hand-outs past units of lesser priority, since one of these had its turn
        self._hopeless: dict[int, str] = {}  # place -> why no worker can be had there
        self._closed: UnavailableError | None = UnavailableError("The worker pool has not been started.")

    def counts(self) -> tuple[int, int, int]:
        """Returns workers that are ready, those of them with a unit, and units waiting."""
        with self._lock:
            busy = sum(worker.ticket is not None for worker in self._workers)
            return len(self._workers), busy, len(self._waiting)

    # For callers with a unit

    def open(self) -> None:
        with self._lock:
            self._closed = None

    def enqueue(self, ticket: Ticket) -> None:
        with self._lock:
            if ticket.settled:  # cancelled before it came here
                return
            self._refuse_if_useless()
            self._queue(ticket)
        self._hand_out()

    def stop(self, ticket: Ticket, why: TaskbeamError) -> None:
        """A waiting unit leaves the queue; one with a worker loses it, and is settled when that worker is gone."""
        with self._lock:
            if ticket.settled or ticket.ending is not None:
                return
            ticket.ending = why
            worker = ticket.worker
            if worker is None:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                ticket.settle(why)
        if worker is not None:
            worker.kill()

    def close(self, why: UnavailableError) -> None:
        """Turns away who waits and who comes."""
        with self._lock:
            self._closed = why
            self._turn_away(why)

    def stop_running(self, why: UnavailableError) -> None:
        with self._lock:
            tickets = [worker.ticket for worker in self._workers if worker.ticket]
        for ticket in tickets:
            self.stop(ticket, why)

    # For supervisors with a worker

    def welcome(self, worker: WorkerProcess, place: int) -> None:
        with self._lock:
            self._hopeless.pop(place, None)
            self._workers.add(worker)
            self._idle.append(worker)
        self._hand_out()

    def despair(self, place: int, complaint: str) -> None:
        """Units are not left waiting for workers that do not come; a single place without one only slows them."""
        with self._lock:
            self._hopeless[place] = complaint
            try:
                self._refuse_if_useless()
            except UnavailableError as why:
                self._turn_away(why)

    def ticket_of(self, worker: WorkerProcess, number: int) -> Ticket:
        ticket = worker.ticket
        if ticket is None or ticket.number != number:
            raise FrameError("a message is about no unit of this worker")
        return ticket

    def conclude(self, worker: WorkerProcess, number: int, memory_mb: int, outcome: Reply | TaskbeamError) -> None:
        """Settles the unit; its worker takes the next one or is marked for replacement."""
        with self._lock:
            ticket = self.ticket_of(worker, number)
            if ticket.ending is not None:  # being killed in this moment; it must not get another unit
                return
            worker.ticket = ticket.worker = None
            worker.units += 1
            if worker.units >= self._recycle_after or memory_mb > self._recycle_above_mb:
                worker.retired = True
                self._workers.discard(worker)
            else:
                self._idle.append(worker)
            ticket.settle(outcome)
        self._hand_out()

    def bid_farewell(self, worker: WorkerProcess, lost: WorkerLostError) -> bool:
        """The worker is gone. Returns whether that was its own doing, not ours."""
        with self._lock:
            self._workers.discard(worker)
            if worker in self._idle:
                self._idle.remove(worker)
            ticket, worker.ticket = worker.ticket, None
            if ticket is None:
                return not worker.retired
            own_doing = ticket.ending is None
            self._settle_orphan(ticket, lost)
        self._hand_out()
        return own_doing

    # Under the lock

    def _refuse_if_useless(self) -> None:
        if self._closed is not None:
            raise UnavailableError(self._closed.message)
        if len(self._hopeless) == self._places:
            raise UnavailableError(f"Worker processes cannot be started: {next(iter(self._hopeless.values()))}")

    def _queue(self, ticket: Ticket) -> None:
        insort(self._waiting, ticket, key=lambda waiting: waiting.order)

    def _next(self) -> Ticket:
        """The first in the order, but of four turns one is the oldest's of those that it would pass over."""
        first = self._waiting[0]
        passed_over = [ticket for ticket in self._waiting if ticket.priority < first.priority]
        if passed_over and self._passed == _MOST_PASSED:
            self._passed = 0
            return min(passed_over, key=lambda ticket: ticket.number)
        self._passed = self._passed + 1 if passed_over else 0
        return first

    def _turn_away(self, why: UnavailableError) -> None:
        waiting, self._waiting = self._waiting, []
        for ticket in waiting:
            ticket.settle(UnavailableError(why.message))

    def _settle_orphan(self, ticket: Ticket, lost: WorkerLostError) -> None:
        ticket.worker = None
        if ticket.ending is not None or ticket.began or ticket.attempts >= _MOST_ATTEMPTS:
            ticket.settle(ticket.ending or lost)
            return
        # Its worker was dead before the unit came to it: another one takes it, in its old place of the queue.
        ticket.stop_clock()
        try:
            self._refuse_if_useless()
        except UnavailableError as why:
            ticket.settle(why)
        else:
            self._queue(ticket)

    # Not under the lock

    def _hand_out(self) -> None:
        """Called whenever a unit or a worker has come, so that never both wait."""
        while True:
            with self._lock:
                if not self._idle or not self._waiting:
                    return
                worker, ticket = self._idle[-1], self._next()
                ticket.start_clock(partial(self._time_out, ticket))  # first: where no thread can be had, this raises
                self._idle.pop()
                self._waiting.remove(ticket)
                worker.ticket, ticket.worker = ticket, worker
                ticket.attempts += 1
            try:
                worker.channel.send_frame(ticket.frame)
            except ChannelClosedError:
                continue  # its supervisor finds it dead, and the unit not begun

    def _time_out(self, ticket: Ticket) -> None:
        self.stop(ticket, UnitTimeoutError(f"The unit took longer than {ticket.timeout:g} s."))
