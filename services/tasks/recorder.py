"""The only writer of a task's state: transition, event and whatever belongs to them in one transaction, then publish.

Everything is a compare-and-set in SQL. Whoever computes a task passes its lease token; once the task was paused,
cancelled or taken over, the token no longer matches and the late word is refused instead of recorded.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, case, func, or_, select, update
from sqlalchemy.orm import Session

from models import Database, Task, TaskUnit, Upload
from services.errors import InvalidTransitionError, NotFoundError, TaskbeamError
from services.tasks.event_bus import EventBus
from services.tasks.event_log import EventLog, LoggedEvent
from services.tasks.events import (
    ProgressMade,
    StatusChanged,
    TaskCancelled,
    TaskCompleted,
    TaskCreated,
    TaskEvent,
    TaskFailed,
)
from services.tasks.lifecycle import DELETED, TRANSITIONS, Action, TaskStatus, actions_for
from services.tasks.order import TaskOrder
from services.tasks.progress import Progress
from services.tasks.view import TaskObject, describe

T = TypeVar("T")

_SAYS: Mapping[Action, tuple[TaskEvent, ...]] = {
    Action.COMPLETE: (StatusChanged(), TaskCompleted()),
    Action.FAIL: (StatusChanged(), TaskFailed()),
    Action.CANCEL: (StatusChanged(), TaskCancelled()),
}


# Which of the waiting tasks begins next.
QUEUE_ORDER = (Task.priority.desc(), Task.queued_at, Task.id)


class LeaseLostError(TaskbeamError):
    """The task is no longer computed by who holds this token: it was paused, cancelled, taken over or deleted."""

    code = "LEASE_LOST"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to compute a task, until somebody changes its status or the lease runs out."""

    task_id: int
    token: str
    owner: str


class Recorder:
    def __init__(self, database: Database, event_log: EventLog, bus: EventBus) -> None:
        self._database, self._log, self._bus = database, event_log, bus
        self.order = TaskOrder()

    def create(self, task: Task, uploads: Sequence[Upload] = ()) -> TaskObject:
        """A new task, and in the same transaction the files it reads."""
        with ExitStack() as until_published:
            with self._database.transaction() as session:
                session.add(task)
                session.flush()
                for row in uploads:
                    row.task_id = task.id
                session.add_all(uploads)
                until_published.enter_context(self.order(task.id))  # never waits: nobody can know the id yet
                event = self._log.append(session, task, TaskCreated())
                created = describe(task)
            self._publish([event])
        return created

    def change(self, task_id: int, action: Action, *, token: str | None = None, **values: Any) -> TaskObject:
        """Moves a task along one transition and records what is said about it.

        Args:
            task_id: which task.
            action: the transition; refused unless the task's status allows it.
            token: given by whoever computes the task.
            values: columns set together with the status.

        Raises:
            NotFoundError: there is no such task.
            InvalidTransitionError: its status does not allow the action.
            LeaseLostError: a token was given that no longer holds.
        """
        with self.order(task_id):
            with self._database.transaction() as session:
                task = self._move(session, task_id, action, token, values)
                position = queue_position(session, task)
                said = [
                    self._log.append(session, task, each, position) for each in _SAYS.get(action, (StatusChanged(),))
                ]
                changed = describe(task, queue_position=position)
            self._publish(said)
        return changed

    def begin(self, task_id: int, owner: str, expires_at: float) -> Lease:
        """Takes a queued task to compute it."""
        lease = Lease(task_id, uuid.uuid4().hex, owner)
        self.change(
            task_id,
            Action.BEGIN,
            started_at=func.coalesce(Task.started_at, time.time()),
            lease_owner=owner,
            lease_token=lease.token,
            lease_expires_at=expires_at,
            message="",
        )
        return lease

    def plan(self, lease: Lease, total: int, work_total: float) -> TaskObject:
        """Records that the task's units are written."""
        return self._progress(lease, {"planned": True, "total": total, "work_total": work_total})

    def progress(self, lease: Lease, progress: Progress) -> TaskObject:
        """Records how far a running task is; its percentage never falls."""
        return self._progress(lease, _progress_columns(progress))

    def commit_unit(
        self, lease: Lease, unit_id: int, result: Mapping[str, Any], progress: Progress, *, speak: bool
    ) -> None:
        """Records a unit's result and the task's progress in one transaction: once, and only under the lease.

        Args:
            lease: the right to compute the task.
            unit_id: which of its units.
            result: the unit's small result; its rows were written by the worker before.
            progress: the task's, this unit counted in.
            speak: whether a progress event is recorded too; sampling may leave it to the next one.
        """
        with self.order(lease.task_id):
            with self._database.transaction() as session:
                unit = _finish_unit(session, lease, unit_id, result)
                values = _progress_columns(progress) | {
                    "processed": Task.processed + unit.size,
                    "work_done": Task.work_done + unit.work,
                }
                task = self._set_under_lease(session, lease, values)
                said = [self._log.append(session, task, ProgressMade())] if speak else []
            self._publish(said)

    def note(self, task_id: int, write: Callable[[Session], tuple[TaskEvent, T]]) -> T:
        """Records an event about a task whose own state does not change, in the transaction of what it tells of.

        Args:
            task_id: which task.
            write: makes the change in the session it is given; returns the event and what `note` shall return.

        Raises:
            NotFoundError: there is no such task.
        """
        with self.order(task_id):
            with self._database.transaction() as session:
                event, result = write(session)
                # Last: on PostgreSQL whoever computes the task waits from here to the commit.
                row = select(Task).where(Task.id == task_id, Task.status != DELETED).with_for_update()
                task = session.scalar(row)
                if task is None:
                    raise NotFoundError("task", task_id)
                logged = self._log.append(session, task, event)
            self._publish([logged])
        return result

    def report(self, task_id: int, values: Mapping[str, Any]) -> TaskObject:
        """Records progress of a running task that another program computes."""
        with self.order(task_id):
            with self._database.transaction() as session:
                statement = update(Task).where(Task.id == task_id, Task.status == TaskStatus.RUNNING)
                task = session.scalar(statement.values(**_storable(values)).returning(Task))
                if task is None:
                    raise self._refusal(session, task_id, "report progress")
                event = self._log.append(session, task, ProgressMade())
                reported = describe(task)
            self._publish([event])
        return reported

    def _progress(self, lease: Lease, values: Mapping[str, Any]) -> TaskObject:
        with self.order(lease.task_id):
            with self._database.transaction() as session:
                task = self._set_under_lease(session, lease, values)
                event = self._log.append(session, task, ProgressMade())
                recorded = describe(task)
            self._publish([event])
        return recorded

    def _publish(self, events: Sequence[LoggedEvent]) -> None:
        for event in events:
            self._bus.publish(event)

    def _move(
        self, session: Session, task_id: int, action: Action, token: str | None, values: Mapping[str, Any]
    ) -> Task:
        transition = TRANSITIONS[action]
        statement = update(Task).where(Task.id == task_id, Task.status.in_(transition.sources))
        if token is not None:
            statement = statement.where(Task.lease_token == token)
        statement = statement.values(**(_columns_of(transition.target) | _storable(values)))
        task: Task | None = session.scalar(statement.returning(Task))
        if task is not None:
            return task
        if token is not None:
            raise LeaseLostError(f"Task {task_id} is no longer computed here.")
        raise self._refusal(session, task_id, action)

    @staticmethod
    def _refusal(session: Session, task_id: int, action: str) -> TaskbeamError:
        status = session.scalar(select(Task.status).where(Task.id == task_id))
        if status in (None, DELETED):
            return NotFoundError("task", task_id)
        return InvalidTransitionError(task_id, action, status, actions_for(status))

    @staticmethod
    def _set_under_lease(session: Session, lease: Lease, values: Mapping[str, Any]) -> Task:
        statement = update(Task).where(Task.id == lease.task_id, *held(lease))
        task: Task | None = session.scalar(statement.values(**_storable(values)).returning(Task))
        if task is None:
            raise LeaseLostError(f"Task {lease.task_id} is no longer computed here.")
        return task


def held(lease: Lease) -> tuple[Any, ...]:
    """The conditions under which a lease still gives the right to write."""
    return Task.lease_token == lease.token, Task.status == TaskStatus.RUNNING


def queue_position(session: Session, task: Task) -> int | None:
    """1 for the task that runs next; None for one that does not wait."""
    if task.status != TaskStatus.QUEUED:
        return None
    ahead = or_(
        Task.priority > task.priority,
        (Task.priority == task.priority) & (Task.queued_at < task.queued_at),
        (Task.priority == task.priority) & (Task.queued_at == task.queued_at) & (Task.id < task.id),
    )
    waiting = session.scalar(select(func.count()).where(Task.status == TaskStatus.QUEUED, ahead))
    return 1 + (waiting or 0)


def _columns_of(status: TaskStatus) -> dict[str, Any]:
    """What a status says about the columns beside it."""
    columns: dict[str, Any] = {"status": status}
    if status is not TaskStatus.RUNNING:
        columns |= {
            "lease_owner": None,
            "lease_token": None,
            "lease_expires_at": None,
            "rate": None,
            "eta_seconds": None,
        }
    if status is TaskStatus.QUEUED:
        columns |= {
            "queued_at": time.time(),
            "finished_at": None,
            "error_code": None,
            "error_message": None,
            "message": "",
        }
    if status in (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED):
        columns |= {"finished_at": time.time(), "current_group": None}
    if status is TaskStatus.COMPLETED:
        columns |= {"percentage": 100.0, "message": ""}
    return columns


def _progress_columns(progress: Progress) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "percentage": risen(progress.percentage),
        "rate": progress.rate,
        "eta_seconds": progress.eta_seconds,
    }
    if progress.message is not None:
        columns["message"] = progress.message
    if progress.current_group is not None:
        columns["current_group"] = progress.current_group
    return columns


def risen(percentage: float) -> ColumnElement[float]:
    """The percentage that a task has after a word on it: it never falls, whoever spoke meanwhile."""
    return case((Task.percentage < percentage, percentage), else_=Task.percentage)


def _storable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without NUL, which PostgreSQL refuses: a task that could not even be failed would begin again for ever."""
    return {name: value.replace("\0", "\ufffd") if isinstance(value, str) else value for name, value in values.items()}


def _finish_unit(session: Session, lease: Lease, unit_id: int, result: Mapping[str, Any]) -> TaskUnit:
    statement = (
        update(TaskUnit)
        .where(TaskUnit.id == unit_id, TaskUnit.task_id == lease.task_id, TaskUnit.status != "done")
        .values(status="done", result=dict(result), finished_at=time.time())
    )
    unit: TaskUnit | None = session.scalar(statement.returning(TaskUnit))
    if unit is None:
        raise LeaseLostError(f"Unit {unit_id} of task {lease.task_id} was committed by somebody else.")
    return unit
