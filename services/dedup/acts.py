"""The log of what people did about duplicates: who, what, when; told live, and read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from models import ClusterDecision, Database, ReviewAct, Task
from services.dedup.decisions import TakenBack
from services.pagination import Page, decode_cursor, encode_cursor
from services.tasks.events import TaskEvent

UNDO = "undo"
RUNNING, DONE, STOPPED = "running", "done", "stopped"  # states of an act


@dataclass(frozen=True, slots=True)
class DecisionMade(TaskEvent):
    """Somebody decided something about a task's clusters, or took it back.

    An event of the task's log like any other: it has the next `seq`, so that a reviewer who was away gets what the
    others did in between. It says what became of a cluster, not of each question: those are read over REST.
    """

    name = "decision"

    act: ReviewAct
    revision: int | None = None  # of the one cluster
    keep_id: int | None = None
    replaced: TakenBack | None = None

    def payload(self, task: Task, queue_position: int | None) -> dict[str, Any]:  # noqa: ARG002 (one signature for all)
        return {
            "task_id": task.id,
            "id": task.id,
            "decision_id": self.act.id,
            **_told(self.act),
            "revision": self.revision,
            "keep_id": self.keep_id,
            "replaced": as_replaced(self.replaced),
        }


def as_replaced(taken: TakenBack | None) -> dict[str, Any] | None:
    """A decision that another took the place of, or that was undone."""
    if taken is None:
        return None
    return {"decision_id": taken.act_id, "action": taken.action, "by": taken.by, "at": taken.at}


class Acts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, task_id: int, *, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
        """The newest first; `in_force` says on how many clusters each still stands."""
        in_force = select(func.count()).where(ClusterDecision.act_id == ReviewAct.id).correlate(ReviewAct)
        statement = select(*_COLUMNS, in_force.scalar_subquery().label("in_force")).where(ReviewAct.task_id == task_id)
        if cursor is not None:
            statement = statement.where(ReviewAct.id < decode_cursor(cursor))
        rows = self._database.fetch_all(statement.order_by(ReviewAct.id.desc()).limit(limit + 1))
        count = select(func.count()).select_from(ReviewAct).where(ReviewAct.task_id == task_id)
        total = self._database.fetch_all(count)[0][0]
        acts = [{"id": row.id, **_told(row), "filters": row.filters, "in_force": row.in_force} for row in rows[:limit]]
        return Page(acts, encode_cursor(acts[-1]["id"]) if len(rows) > limit else None, total)


_COLUMNS = tuple(ReviewAct.__table__.columns)


def _told(act: ReviewAct | Row[Any]) -> dict[str, Any]:
    return {
        "action": act.action,
        "state": act.state,
        "cluster_id": act.cluster_id,
        "clusters": act.clusters,
        "questions": act.questions,
        "undoes": act.undoes,
        "by": act.done_by,
        "at": act.done_at,
    }
