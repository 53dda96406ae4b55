"""A task's life in short: every change, and its progress thinned to a curve. The whole log may have 100,000 events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from models import Database, Task, TaskEventRow
from services.errors import NotFoundError
from services.tasks.event_log import LoggedEvent
from services.tasks.events import ProgressMade

POINTS = 300  # a curve is seldom wider on a screen
MOST_CHANGES = 500  # the newest; a task that is paused and resumed by a program may have many


@dataclass(frozen=True, slots=True)
class Point:
    """Progress at a time (Unix seconds); `rate` in questions, pages or rows per second, if it was known."""

    at: float
    seq: int
    processed: int
    progress_percentage: float
    rate: float | None


@dataclass(frozen=True, slots=True)
class History:
    """Both in order."""

    changes: Sequence[LoggedEvent]
    curve: Sequence[Point]


class TaskHistory:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, task_id: int) -> History:
        """Reads off the hub, for the log may be long.

        Raises:
            NotFoundError: there is no such task.
        """
        with self._database.reader() as session:
            task = session.get(Task, task_id)
            if task is None:
                raise NotFoundError("task", task_id)
            last_seq = task.last_seq
        return History(self._changes(task_id), self._curve(task_id, last_seq))

    def _changes(self, task_id: int) -> list[LoggedEvent]:
        columns = (TaskEventRow.seq, TaskEventRow.event, TaskEventRow.data, TaskEventRow.created_at)
        statement = (
            select(*columns)
            .where(TaskEventRow.task_id == task_id, TaskEventRow.event != ProgressMade.name)
            .order_by(TaskEventRow.seq.desc())
            .limit(MOST_CHANGES)
        )
        rows = self._database.fetch_all(statement)
        return [LoggedEvent(task_id, row.seq, row.event, row.data, row.created_at) for row in reversed(rows)]

    def _curve(self, task_id: int, last_seq: int) -> list[Point]:
        step = -(-last_seq // POINTS)
        statement = (
            select(TaskEventRow.seq, TaskEventRow.data, TaskEventRow.created_at)
            .where(TaskEventRow.task_id == task_id, TaskEventRow.event == ProgressMade.name)
            .where(TaskEventRow.seq % max(1, step) == 0)
            .order_by(TaskEventRow.seq)
        )
        return [_point(row.seq, row.data, row.created_at) for row in self._database.fetch_all(statement)]


def _point(seq: int, data: dict[str, Any], at: float) -> Point:
    return Point(at, seq, data["processed"], data["progress_percentage"], data["rate"])
