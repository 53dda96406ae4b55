"""The embedded runner: one supervising thread per running task, its units in this machine's worker processes.

Under the server the threads are greenthreads; nothing here computes, so the hub stays free.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from models import Database, Task
from services.errors import InvalidTransitionError, NotFoundError
from services.runners.base import Runner
from services.runners.execution import Execution, ExecutionLimits
from services.runners.worker_pool import WorkerPool
from services.tasks.event_bus import EventBus
from services.tasks.event_log import LoggedEvent
from services.tasks.kinds import KINDS, Kind
from services.tasks.lifecycle import TaskStatus
from services.tasks.recorder import QUEUE_ORDER, Recorder
from services.tasks.recovery import LEASE_SECONDS, Leases

log = logging.getLogger(__name__)

_HEARTBEAT = 1.0  # seconds; also how soon a cancel that another process recorded is seen
_STOP_PATIENCE = 5.0  # seconds for the supervisors to notice that their workers are gone


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """How many tasks run at once, on how many workers each, and how long they may; seconds, 0: no bound."""

    data_dir: Path
    lanes: int = 2
    max_running: int = 4
    task_timeout: float = 0.0
    unit_timeout: float = 600.0


class EmbeddedRunner(Runner):
    def __init__(
        self,
        database: Database,
        recorder: Recorder,
        bus: EventBus,
        pool: WorkerPool,
        settings: RunnerSettings,
        kinds: Mapping[str, Kind] = KINDS,
    ) -> None:
        self._database, self._recorder, self._bus, self._pool = database, recorder, bus, pool
        self._settings = settings
        self._kinds = {kind.name: kind for kind in kinds.values() if kind.job is not None}
        self._leases = Leases(database, recorder)
        self._running: dict[int, Execution] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begins to take tasks: first those that an earlier process left."""
        self._leases.recover()
        self._unsubscribe = self._bus.subscribe(self._notice)
        for work in (self._take_tasks, self._keep_leases):
            thread = threading.Thread(target=work, name=work.__name__.strip("_"), daemon=True)
            thread.start()
            self._threads.append(thread)
        self._wake.set()

    def close(self) -> None:
        """Stops at once; tasks go back to the queue and lose nothing that was committed."""
        with self._lock:  # from here on none begins
            if self._stopping.is_set():
                return
            self._stopping.set()
            executions = list(self._running.values())
        self._wake.set()
        self._unsubscribe()
        for execution in executions:
            execution.stop()
        deadline = time.monotonic() + _STOP_PATIENCE
        for execution in executions:
            execution.join(max(0.0, deadline - time.monotonic()))
            self._give_back(execution)
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def running(self) -> Sequence[int]:
        return sorted(self._running)

    def _notice(self, event: LoggedEvent) -> None:
        """Reacts to changes of status, whoever made them; runs in the recorder's thread, so it only signals."""
        if event.event != "task_status":
            return
        status = event.data["status"]
        execution = self._running.get(event.task_id)
        if status == TaskStatus.QUEUED:
            self._wake.set()
        elif status in (TaskStatus.PAUSED, TaskStatus.CANCELLED) and execution is not None:
            execution.stop()

    def _take_tasks(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                while self._has_room() and self._take_next():
                    pass
            except Exception:  # a database that is away for a moment must not end the runner
                log.exception("Could not take a task from the queue; trying again.")
                self._stopping.wait(_HEARTBEAT)
            self._wake.wait(_HEARTBEAT)

    def _has_room(self) -> bool:
        return len(self._running) < self._settings.max_running and not self._stopping.is_set()

    def _take_next(self) -> bool:
        """Begins the task that is first in the queue; False when none waits."""
        waiting = (
            select(Task.id, Task.kind)
            .where(Task.status == TaskStatus.QUEUED, Task.kind.in_(self._kinds))
            .order_by(*QUEUE_ORDER)
            .limit(1)
        )
        with self._database.reader() as session:
            row = session.execute(waiting).first()
        if row is None:
            return False
        try:
            lease = self._recorder.begin(row.id, self._leases.owner, time.time() + LEASE_SECONDS)
        except (InvalidTransitionError, NotFoundError):
            return True  # somebody else was quicker; look again
        self._run(Execution(lease, self._kinds[row.kind], self._database, self._recorder, self._pool, self._limits()))
        return True

    def _limits(self) -> ExecutionLimits:
        settings = self._settings
        return ExecutionLimits(settings.data_dir, settings.lanes, settings.task_timeout, settings.unit_timeout)

    def _run(self, execution: Execution) -> None:
        task_id = execution.lease.task_id
        with self._lock:
            if not self._stopping.is_set():
                if earlier := self._running.get(task_id):  # paused and resumed elsewhere before we heard of it
                    earlier.stop()
                execution.start(when_done=self._forget)  # first: where no thread can be had, its lease runs out
                self._running[task_id] = execution
                return
        self._give_back(execution)

    def _give_back(self, execution: Execution) -> None:
        try:
            self._leases.release(execution.lease)
        except Exception:  # the lease runs out by itself; the others must still be given back
            log.exception("Could not give task %d back to the queue.", execution.lease.task_id)

    def _forget(self, execution: Execution) -> None:
        with self._lock:
            # After pause and resume the same task may already run again under another lease.
            if self._running.get(execution.lease.task_id) is execution:
                del self._running[execution.lease.task_id]
        self._wake.set()

    def _keep_leases(self) -> None:
        while not self._stopping.wait(_HEARTBEAT):
            try:
                self._renew()
                self._leases.recover()
            except Exception:  # the lease outlasts a database that is away for a moment
                log.exception("Could not renew the leases; trying again.")

    def _renew(self) -> None:
        executions = list(self._running.values())
        kept = self._leases.renew([execution.lease for execution in executions])
        for execution in executions:
            if execution.lease.token not in kept:
                execution.stop()
            else:
                execution.check_time()
