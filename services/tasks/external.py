"""Tasks that other programs compute and only report here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select

from models import Database, Task
from services.auth import Principal, Scope
from services.errors import ForbiddenError, InvalidInputError, NotFoundError, TooLargeError
from services.tasks.lifecycle import Action, TaskStatus
from services.tasks.recorder import Recorder, risen
from services.tasks.service import TaskService
from services.tasks.view import TaskObject

MAX_META_BYTES = 64_000  # every event of the task carries them

_ACTIONS: Mapping[str, Action] = {
    TaskStatus.COMPLETED: Action.COMPLETE,
    TaskStatus.FAILED: Action.FAIL,
    TaskStatus.CANCELLED: Action.CANCEL,
}


@dataclass(frozen=True, slots=True)
class Report:
    """What the other program says; what is None is unchanged. `progress` in per cent, 0 … 100."""

    progress: float | None = None
    processed: int | None = None
    message: str | None = None
    status: str | None = None  # completed, failed, cancelled; running says nothing new
    result: Any = None  # JSON
    error: str | None = None
    meta: Mapping[str, Any] | None = None  # fields of the reporter's own, added to those the task has


class ExternalTasks:
    def __init__(self, database: Database, recorder: Recorder, tasks: TaskService) -> None:
        self._database, self._recorder, self._tasks = database, recorder, tasks

    def create(self, name: str, *, by: Principal, total: int = 0, meta: Mapping[str, Any] | None = None) -> TaskObject:
        """A task that runs from now on, in its reporter's hands."""
        return self._recorder.create(
            Task(
                kind="external",
                name=name,
                status=TaskStatus.RUNNING,
                owner=by.id,
                params={},
                meta=dict(meta or {}),
                unit="step",
                total=total,
                work_total=float(total),
                started_at=time.time(),
            )
        )

    def report(self, task_id: int, report: Report, *, by: Principal) -> TaskObject:
        """Takes down what the reporter says of its own task: progress first, then its end if it says one.

        Raises:
            NotFoundError: there is no such external task.
            ForbiddenError: somebody else created it.
            InvalidTransitionError: it has already ended.
        """
        task = self._own(task_id, by)
        if report.status is not None and report.status not in (*_ACTIONS, TaskStatus.RUNNING):
            raise InvalidInputError(f"An external task cannot be reported as {report.status}.")
        values, fields = _progress_values(task, report), _own_fields(task, report)
        action = _ACTIONS.get(report.status or "")
        reported = None
        if values or (fields and action is None):
            reported = self._recorder.report(task_id, values | fields)
        if action is not None:
            return self._recorder.change(task_id, action, **_final_values(report), **fields)
        return reported or self._tasks.get(task_id)

    def _own(self, task_id: int, by: Principal) -> Task:
        with self._database.reader() as session:
            task = session.scalar(select(Task).where(Task.id == task_id, Task.kind == "external"))
        if task is None:
            raise NotFoundError("external task", task_id)
        if task.owner != by.id and Scope.ADMIN not in by.scopes:
            raise ForbiddenError(f"Task {task_id} belongs to another program; only its creator may report on it.")
        return task


def _progress_values(task: Task, report: Report) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if report.message is not None:
        values["message"] = report.message
    if report.processed is not None:
        values |= {"processed": report.processed, "total": max(task.total, report.processed)}
    percentage = _percentage(task, report)
    if percentage is not None:
        values |= {"percentage": risen(percentage), "eta_seconds": _eta(task, percentage)}
    return values


def _own_fields(task: Task, report: Report) -> dict[str, Any]:
    if not report.meta:
        return {}
    fields = task.meta | dict(report.meta)
    if len(orjson.dumps(fields)) > MAX_META_BYTES:
        raise TooLargeError(f"Task {task.id} would have more than {MAX_META_BYTES} bytes of its reporter's own fields.")
    return {"meta": fields}


def _percentage(task: Task, report: Report) -> float | None:
    percentage = report.progress
    if percentage is None and report.processed is not None and task.total:
        percentage = 100.0 * report.processed / task.total
    return None if percentage is None else max(task.percentage, min(100.0, percentage))


def _eta(task: Task, percentage: float) -> float | None:
    if not 0 < percentage < 100 or task.started_at is None:
        return None
    return round((time.time() - task.started_at) * (100 - percentage) / percentage, 1)


def _final_values(report: Report) -> dict[str, Any]:
    if report.status == TaskStatus.COMPLETED:
        return {"result": report.result}
    if report.status == TaskStatus.FAILED:
        return {"error_code": "EXTERNAL", "error_message": report.error or "The reporting program gave no reason."}
    return {}
