"""One running task: planned once, its units handed to workers side by side, each committed, then finished."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from models import Database, Task, TaskUnit
from models.session import is_away
from services.errors import (
    DatabaseAwayError,
    ModelLoadError,
    TaskbeamError,
    UnitCancelledError,
    UnitError,
    UnitTimeoutError,
    WorkerLostError,
)
from services.log import log_context
from services.runners.worker_pool import CancelToken, WorkerPool
from services.tasks.kinds import Kind
from services.tasks.lifecycle import Action
from services.tasks.progress import Progress, ProgressMeter, Sampler
from services.tasks.recorder import Lease, LeaseLostError, Recorder

log = logging.getLogger(__name__)

_NOT_THE_UNITS_FAULT = frozenset({UnitCancelledError.code, DatabaseAwayError.code, ModelLoadError.code})
_LOSSES = 5  # workers a step may lose before it is the step that is to blame


@dataclass(frozen=True, slots=True)
class ExecutionLimits:
    data_dir: Path
    lanes: int  # units of one task computed at once
    task_timeout: float  # seconds, 0: none
    unit_timeout: float


class Execution:
    """Computes a leased task in a thread of its own, until it is done, fails, or is stopped."""

    def __init__(
        self,
        lease: Lease,
        kind: Kind,
        database: Database,
        recorder: Recorder,
        pool: WorkerPool,
        limits: ExecutionLimits,
    ) -> None:
        self.lease = lease
        self._kind, self._database, self._recorder, self._pool, self._limits = kind, database, recorder, pool, limits
        self._cancel = CancelToken()
        self._began_at = time.monotonic()
        self._timed_out = False
        self._sampler = Sampler()
        self._committing = threading.Lock()
        self._fractions: dict[int, float] = {}  # unit id -> work it has done but not committed
        self._work_done = 0.0
        self._meter = ProgressMeter(0.0, 0.0)  # until the plan says how much there is to do
        self._newest: tuple[str | None, dict[str, str] | None] | None = None  # what is still to be said
        self._later: threading.Timer | None = None
        self._is_due = False  # `_later` will speak

    def start(self, when_done: Callable[[Execution], None]) -> None:
        name = f"task-{self.lease.task_id}"
        self._thread = threading.Thread(target=self._run, args=(when_done,), name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Kills its workers; whoever asks has changed the task's status or is about to give the lease back."""
        self._cancel.cancel()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def check_time(self) -> None:
        """Stops the task when it has run longer than a task may."""
        limit = self._limits.task_timeout
        if limit and time.monotonic() - self._began_at > limit:
            self._timed_out = True
            self.stop()

    def _run(self, when_done: Callable[[Execution], None]) -> None:
        try:
            with log_context(task_id=self.lease.task_id):
                self._see_to_an_end()
        except Exception:  # the database went away; nobody renews the lease now, and when it has run out others go on
            log.exception("Task %d goes on when its lease has run out.", self.lease.task_id)
        finally:
            self._fall_silent()
            when_done(self)

    def _fall_silent(self) -> None:
        """Nothing is said any more when this returns, also by a timer that was speaking just now."""
        while (later := self._later) is not None and later.is_alive():
            later.cancel()
            later.join()

    def _see_to_an_end(self) -> None:
        try:
            self._see_through()
        except (LeaseLostError, UnitCancelledError):
            if self._timed_out:
                limit = self._limits.task_timeout
                self._fail(UnitTimeoutError(f"The task ran longer than {limit:.0f} s (TASKBEAM_TASK_TIMEOUT)."))
        except TaskbeamError as error:  # the unit's own fault, a worker lost too often, or no worker to be had
            if error.code == DatabaseAwayError.code:
                raise
            self._fail(error)
        except Exception as error:
            if is_away(error):
                raise
            log.exception("The task failed.")
            self._fail(UnitError("The service failed on this task; its log says why. Retry goes on from here."))

    def _see_through(self) -> None:
        task = self._load()
        if not task.planned:
            plan = self._patient_step("plan", on_report=self._hear_plan)
            self._recorder.plan(self.lease, plan["total"], plan["work_total"])
            task = self._load()
        self._compute(task)
        result = self._patient_step("finish")
        self._recorder.change(self.lease.task_id, Action.COMPLETE, token=self.lease.token, result=result)

    def _load(self) -> Task:
        with self._database.reader() as session:
            task = session.get(Task, self.lease.task_id)
        if task is None:
            raise LeaseLostError(f"Task {self.lease.task_id} was deleted.")
        self._params = task.params
        return task

    def _compute(self, task: Task) -> None:
        """Stage by stage; inside a stage as many units at once as there are workers."""
        self._work_done = task.work_done
        self._meter = ProgressMeter(task.work_total, task.work_done)
        pending = (
            select(TaskUnit.id, TaskUnit.stage, TaskUnit.position, TaskUnit.spec, TaskUnit.size, TaskUnit.work)
            .where(TaskUnit.task_id == task.id, TaskUnit.status != "done")
            .order_by(TaskUnit.stage, TaskUnit.position)
        )
        units = self._database.fetch_all(pending)
        for stage in sorted({unit.stage for unit in units}):
            self._compute_stage(deque(unit for unit in units if unit.stage == stage))

    def _compute_stage(self, units: deque[Row[Any]]) -> None:
        faults: list[TaskbeamError | Exception] = []
        lanes = [
            threading.Thread(target=self._lane, args=(units, faults), name=f"task-{self.lease.task_id}-lane-{lane}")
            for lane in range(min(self._limits.lanes, len(units)))
        ]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        if faults:
            raise faults[0]

    def _lane(self, units: deque[Row[Any]], faults: list[TaskbeamError | Exception]) -> None:
        with log_context(task_id=self.lease.task_id):
            try:
                while (unit := _next_of(units)) is not None and not self._cancel.cancelled:
                    self._compute_unit(unit)
                if self._cancel.cancelled:
                    raise UnitCancelledError("The task was stopped.")
            except Exception as error:  # noqa: BLE001 (handed to the supervising thread, which tells them apart)
                faults.append(error)
                units.clear()  # the other lanes end with the unit they have, which a retry then need not repeat

    def _compute_unit(self, unit: Row[Any]) -> None:
        group = unit.spec.get("group")

        def hear(report: dict[str, Any]) -> None:
            self._fractions[unit.id] = report["fraction"] * unit.work
            self._speak(report["message"] or None, group)

        self._speak(None, group)
        asked = {"id": unit.id, "position": unit.position, "spec": unit.spec, "size": unit.size, "work": unit.work}
        timeout = self._limits.unit_timeout or None
        try:
            result = self._patient_step("run_unit", unit=asked, on_report=hear, timeout=timeout)
        except UnitError as error:
            if not self._kind.isolates or error.code in _NOT_THE_UNITS_FAULT:
                raise
            result = self._patient_step("fail_unit", unit=asked, error={"code": error.code, "message": error.message})
        self._commit(unit, result, group)

    def _hear_plan(self, report: dict[str, Any]) -> None:
        """How much work there is shows only when the plan is made: until then there are words and no figures."""
        self._speak(report["message"] or None, None)

    def _patient_step(self, step: str, **values: Any) -> dict[str, Any]:
        """Takes a step again when its worker died, which is seldom the step's fault."""
        losses = 0
        while True:
            try:
                return self._step(step, **values)
            except WorkerLostError as error:
                losses += 1
                if losses == _LOSSES:
                    raise
                log.warning("A worker was lost in step %s (%s); taking it again.", step, error)

    def _commit(self, unit: Row[Any], result: dict[str, Any], group: dict[str, str] | None) -> None:
        with self._committing:  # two lanes at once would each miss the other's work in the figures
            self._fractions.pop(unit.id, None)
            self._work_done += unit.work
            progress, speak = self._measure(None, group), self._sampler.admits()
            self._recorder.commit_unit(self.lease, unit.id, result, progress, speak=speak)
        if not speak:
            self._speak(None, group)

    def _speak(self, message: str | None, group: dict[str, str] | None) -> None:
        """Records progress now, or, of a flood, the newest word a moment later: the last one is never lost."""
        self._newest = message, group
        if self._sampler.admits():
            self._say(message, group)
        elif not self._is_due:
            self._is_due = True
            self._later = threading.Timer(self._sampler.wait(), self._speak_later)
            self._later.daemon = True
            self._later.start()

    def _speak_later(self) -> None:
        self._is_due = False
        if self._newest is None:  # somebody's turn came first and said it
            return
        try:
            self._speak(*self._newest)
        except Exception:  # nobody else would hear of it; the unit's own next word or its commit meets it again
            log.exception("Progress of task %d could not be recorded.", self.lease.task_id)

    def _say(self, message: str | None, group: dict[str, str] | None) -> None:
        self._newest = None
        try:
            self._recorder.progress(self.lease, self._measure(message, group))
        except LeaseLostError:
            self.stop()

    def _measure(self, message: str | None, group: dict[str, str] | None) -> Progress:
        return self._meter.measure(self._work_done + sum(self._fractions.values()), message, group)

    def _step(
        self,
        step: str,
        *,
        unit: Mapping[str, Any] | None = None,
        error: Mapping[str, str] | None = None,
        on_report: Callable[[dict[str, Any]], None] | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        argument = {
            "job": self._kind.job,
            "task_id": self.lease.task_id,
            "lease_token": self.lease.token,
            "params": self._params,
            "database_url": self._database.url.render_as_string(hide_password=False),
            "data_dir": str(self._limits.data_dir),
            "unit": unit,
            "error": error,
        }
        target = f"services.runners.steps:{step}"
        return self._pool.run(target, argument, on_report=on_report, cancel=self._cancel, timeout=timeout).value

    def _fail(self, error: TaskbeamError) -> None:
        values = {"error_code": error.code, "error_message": error.message}
        try:
            self._recorder.change(self.lease.task_id, Action.FAIL, token=self.lease.token, **values)
        except LeaseLostError:
            log.info("The task's status was changed before it failed: %s", error)


def _next_of(units: deque[Row[Any]]) -> Row[Any] | None:
    try:
        return units.popleft()
    except IndexError:  # asked and taken in one step: another lane may take the last one in between
        return None
