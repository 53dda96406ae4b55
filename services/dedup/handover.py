"""What a unit of a large group hands to the units of the next stage: rows that last until the task is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.orm import Session

from models import Database, Task, TaskUnit, UnitOutput
from services.batches import batches
from services.dedup.groups import Group
from services.runners.base import Unit, UnitContext
from services.tasks.lifecycle import TERMINAL

_KEPT_SECONDS = 86_400.0
_AT_ONCE = 2  # in one transaction: of a million questions twelve megabytes, some forty milliseconds


_LEFT = select(UnitOutput.unit_id).join(TaskUnit, TaskUnit.id == UnitOutput.unit_id)


class Stage(IntEnum):
    """The stages of a large group's task, see `job`."""

    PRINTS = 0
    COMPARE = 1
    MERGE = 2


def hand_over(unit: Unit, data: bytes, context: UnitContext) -> None:
    """In the place of what an earlier run of the unit left."""
    with context.database.transaction() as session:
        context.guard(session)
        session.execute(delete(UnitOutput).where(UnitOutput.unit_id == unit.id))
        session.execute(insert(UnitOutput), [{"unit_id": unit.id, "data": data}])


def handed_over(group: Group, stage: Stage, context: UnitContext) -> Iterator[bytes | None]:
    """What each unit of a group's stage left, one in memory at a time; None of one that left nothing."""
    units = (
        select(TaskUnit.id, TaskUnit.spec)
        .where(TaskUnit.task_id == context.task_id, TaskUnit.stage == stage)
        .order_by(TaskUnit.id)
    )
    ours = [row.id for row in context.database.fetch_all(units) if row.spec["group"] == group.names]
    for unit_id in ours:
        output = select(UnitOutput.data).where(UnitOutput.unit_id == unit_id)
        yield next((row.data for row in context.database.fetch_all(output)), None)


def forget_old(database: Database) -> int:
    """Removes what is left of tasks that ended a day ago without being done; gives how many units' that was.

    A retry within the day goes on with it; a later one makes it anew.
    """
    ended = Task.status.in_(TERMINAL), Task.finished_at < time.time() - _KEPT_SECONDS
    return _remove_all(_LEFT.join(Task, Task.id == TaskUnit.task_id).where(*ended), database)


def discard(context: UnitContext) -> None:
    """The task is done: nobody needs what its units handed over."""
    _remove_all(_LEFT.where(TaskUnit.task_id == context.task_id), context.database, context.guard)


def _remove_all(left: Select[int], database: Database, guard: Callable[[Session], None] = lambda _session: None) -> int:
    """Removes outputs, a few in a transaction; gives how many."""
    units = [row.unit_id for row in database.fetch_all(left.order_by(UnitOutput.unit_id))]
    for some in batches(units, _AT_ONCE):
        with database.transaction() as session:
            guard(session)
            _remove(some, session)
    return len(units)


def _remove(unit_ids: Sequence[int], session: Session) -> None:
    session.execute(delete(UnitOutput).where(UnitOutput.unit_id.in_(unit_ids)))
