"""The steps of a job as a worker process takes them: the targets that the embedded runner names."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select

from models import Database, TaskUnit
from models.session import is_away
from services.batches import batches
from services.errors import DatabaseAwayError
from services.runners.base import Job, PlannedUnit, Unit, UnitContext
from services.runners.worker import WorkerContext

Step = Callable[[Mapping[str, Any], WorkerContext, bytes], dict[str, Any]]


def _telling_of_the_database(step: Step) -> Step:
    """Where the database went away, says so in a word that the runner knows: it is no fault of the task."""

    @wraps(step)
    def told(argument: Mapping[str, Any], worker: WorkerContext, blob: bytes) -> dict[str, Any]:
        try:
            return step(argument, worker, blob)
        except Exception as error:
            if is_away(error):
                raise DatabaseAwayError("The database went away while a worker used it.") from error
            raise

    return told


@_telling_of_the_database
def plan(argument: Mapping[str, Any], worker: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """Writes the task's units; gives their count and weight."""
    job, context = _job(argument["job"]), _context(argument, worker)
    with context.database.transaction() as session:
        context.guard(session)
        session.execute(delete(TaskUnit).where(TaskUnit.task_id == context.task_id))  # of a plan that was cut short
    return _write_units(job.plan(context), context)


@_telling_of_the_database
def run_unit(argument: Mapping[str, Any], worker: WorkerContext, _blob: bytes) -> dict[str, Any]:
    return _job(argument["job"]).run_unit(Unit(**argument["unit"]), _context(argument, worker))


@_telling_of_the_database
def fail_unit(argument: Mapping[str, Any], worker: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """What becomes of a unit that failed for good, where the rest of its task goes on."""
    context = _context(argument, worker)
    return _job(argument["job"]).fail_unit(Unit(**argument["unit"]), argument["error"], context)


@_telling_of_the_database
def finish(argument: Mapping[str, Any], worker: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """The task's result."""
    context = _context(argument, worker)
    in_order = select(TaskUnit.result).where(TaskUnit.task_id == context.task_id).order_by(TaskUnit.position)
    with context.database.reader() as session:
        results = [result for result in session.scalars(in_order) if result is not None]
    return _job(argument["job"]).finish(results, context)


def _write_units(units: Iterable[PlannedUnit], context: UnitContext) -> dict[str, Any]:
    total, work, position = 0, 0.0, 0
    for batch in batches(units):
        rows = [_row(context.task_id, position + offset, unit) for offset, unit in enumerate(batch)]
        with context.database.transaction() as session:
            context.guard(session)
            session.execute(insert(TaskUnit), rows)
        total += sum(unit.size for unit in batch)
        work += sum(unit.work for unit in batch)
        position += len(batch)
    return {"total": total, "work_total": work}


def _row(task_id: int, position: int, unit: PlannedUnit) -> dict[str, Any]:
    spec = dict(unit.spec) | ({"group": dict(unit.group)} if unit.group else {})
    return {
        "task_id": task_id,
        "stage": unit.stage,
        "position": position,
        "spec": spec,
        "size": unit.size,
        "work": unit.work,
        "status": "pending",
    }


def _context(argument: Mapping[str, Any], worker: WorkerContext) -> UnitContext:
    return UnitContext(
        task_id=argument["task_id"],
        params=argument["params"],
        database=database_at(argument["database_url"]),
        data_dir=Path(argument["data_dir"]),
        lease_token=argument["lease_token"],
        send=worker.report,
        threads=worker.threads,
    )


@cache
def _job(path: str) -> Job:
    module, _, name = path.partition(":")
    job: Job = getattr(importlib.import_module(module), name)()
    return job


@cache
def database_at(url: str) -> Database:
    """One per process: a worker serves many units, and each would pay for the connection again."""
    return Database(url, pool_size=2)
