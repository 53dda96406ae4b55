"""What is forgotten with time: the events of tasks that ended long ago, all but the last."""

from __future__ import annotations

import time

from sqlalchemy import delete, select

from models import Database, Task, TaskEventRow
from services.batches import PAUSE, ROWS
from services.tasks.lifecycle import TERMINAL

_DAY = 86400.0


class EventRetention:
    """Compacts event logs; a client that asks further back than one reaches is told to take the snapshot.

    Args:
        days: after a task's end; 0 keeps everything.
    """

    def __init__(self, database: Database, days: float) -> None:
        self._database, self._days = database, days

    def sweep(self) -> int:
        """Removes what is old enough; gives how many events that were."""
        removed = 0
        while self._days and (batch := self._remove_some(time.time() - self._days * _DAY)):
            removed += batch
            time.sleep(PAUSE)
        return removed

    def _remove_some(self, ended_before: float) -> int:
        old = (
            select(TaskEventRow.task_id, TaskEventRow.seq)
            .join(Task, Task.id == TaskEventRow.task_id)
            .where(Task.status.in_(TERMINAL), Task.finished_at < ended_before, TaskEventRow.seq < Task.last_seq)
            .order_by(TaskEventRow.task_id, TaskEventRow.seq)  # from the front: the log never has a hole
            .limit(ROWS)
        )
        rows = self._database.fetch_all(old)
        last_of = {row.task_id: row.seq for row in rows}  # of each task the last of these, being in order
        with self._database.transaction() as session:
            for task_id, seq in last_of.items():
                session.execute(delete(TaskEventRow).where(TaskEventRow.task_id == task_id, TaskEventRow.seq <= seq))
        return len(rows)
