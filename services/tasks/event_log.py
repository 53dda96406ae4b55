"""The event log: appended inside the transaction that changes the task, read by whoever missed something."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models import Database, Task, TaskEventRow
from services.errors import NotFoundError
from services.tasks.events import TaskEvent


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event with its place in the task's log; `data` is what was sent, with its `seq` and `timestamp`."""

    task_id: int
    seq: int
    event: str
    data: dict[str, Any]
    created_at: float


class EventLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, session: Session, task: Task, event: TaskEvent, queue_position: int | None = None) -> LoggedEvent:
        """Gives the event the next seq; the caller's transaction holds the task's row, so none is given twice."""
        timestamp = time.time()
        task.last_seq += 1
        stamp = {"seq": task.last_seq, "timestamp": timestamp}
        logged = LoggedEvent(task.id, task.last_seq, event.name, event.payload(task, queue_position) | stamp, timestamp)
        session.execute(
            insert(TaskEventRow).values(
                task_id=logged.task_id, seq=logged.seq, event=logged.event, data=logged.data, created_at=timestamp
            )
        )
        return logged

    def since(self, task_id: int, after_seq: int, limit: int) -> list[LoggedEvent]:
        """At most `limit` events with a seq above `after_seq`, in order.

        Raises:
            NotFoundError: there is no such task.
        """
        statement = (
            select(TaskEventRow)
            .where(TaskEventRow.task_id == task_id, TaskEventRow.seq > after_seq)
            .order_by(TaskEventRow.seq)
            .limit(limit)
        )
        with self._database.reader() as session:
            rows = session.scalars(statement).all()
            if not rows and session.get(Task, task_id) is None:
                raise NotFoundError("task", task_id)
        return [LoggedEvent(row.task_id, row.seq, row.event, row.data, row.created_at) for row in rows]
