"""The dedup job step by step in this process: cut short wherever a transaction begins."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from models import Database, DuplicateCluster, DuplicateMember, Question, Task, TaskUnit
from services.auth import LOCAL
from services.batches import ROWS
from services.dedup import job, ledger, store
from services.dedup.job import DedupJob
from services.runners.base import Unit, UnitContext
from tests.integration.dedup.planted import GROUP, PlantedHouse


class StepHouse(PlantedHouse):
    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database)
        self.job, self.folder = DedupJob(), folder
        self.reports: list[dict[str, Any]] = []

    def begin(self, filters: dict[str, str] | None = None, **options: Any) -> tuple[list[Unit], UnitContext]:
        """A dedup task that runs, and its units in the order of their stages."""
        task = self.duplicates.create_task("step by step", by=LOCAL, bank_id=1, filters=filters, options=options)
        task_id, token = task["id"], uuid.uuid4().hex
        lease = {"status": "running", "lease_token": token, "started_at": time.time()}
        with self.database.transaction() as session:
            session.execute(update(Task).where(Task.id == task_id).values(**lease))
        params = self.tasks.get(task_id)["params"]
        context = UnitContext(task_id, params, self.database, self.folder, token, self.reports.append)
        planned = sorted(self.job.plan(context), key=lambda unit: unit.stage)
        return [self._unit(task_id, position, each) for position, each in enumerate(planned)], context

    def run(self, filters: dict[str, str] | None = None, **options: Any) -> int:
        """A task from begin to end; gives its id."""
        units, context = self.begin(filters, **options)
        for unit in units:
            self.compute(unit, context)
        self.end(context)
        return context.task_id

    def compute(self, unit: Unit, context: UnitContext) -> dict[str, Any]:
        result = self.job.run_unit(unit, context)
        with self.database.transaction() as session:
            done = {"status": "done", "result": result}
            session.execute(update(TaskUnit).where(TaskUnit.id == unit.id).values(**done))
        return result

    def end(self, context: UnitContext) -> dict[str, Any]:
        results = select(TaskUnit.result).where(TaskUnit.task_id == context.task_id)
        rows = self.database.fetch_all(results)
        finished = self.job.finish([row.result for row in rows if row.result], context)
        with self.database.transaction() as session:
            session.execute(update(Task).where(Task.id == context.task_id).values(status="completed"))
        return finished

    def edit(self, question_id: int, **values: Any) -> None:
        values |= {"updated_at": time.time()}
        with self.database.transaction() as session:
            session.execute(update(Question).where(Question.id == question_id).values(**values))

    def stem_of(self, question_id: int) -> str:
        return str(self.database.fetch_all(select(Question.stem).where(Question.id == question_id))[0].stem)

    def found(self, task_id: int) -> dict[int, tuple[tuple[Any, ...], ...]]:
        """Cluster id -> its members in their order: (question, verdict, similarity)."""
        columns = (DuplicateMember.question_id, DuplicateMember.verdict, DuplicateMember.similarity)
        statement = (
            select(DuplicateCluster.id, DuplicateCluster.size, *columns)
            .join(DuplicateMember, DuplicateMember.cluster_id == DuplicateCluster.id)
            .where(DuplicateCluster.task_id == task_id)
            .order_by(DuplicateCluster.id, DuplicateMember.position)
        )
        rows = self.database.fetch_all(statement)
        clusters: dict[int, tuple[tuple[Any, ...], ...]] = {
            key: tuple(tuple(row[2:]) for row in members)
            for key, members in itertools.groupby(rows, lambda row: row.id)
        }
        assert all(row.size == len(clusters[row.id]) for row in rows)
        return clusters

    def _unit(self, task_id: int, position: int, planned: Any) -> Unit:
        spec = dict(planned.spec) | {"group": dict(planned.group or {})}
        row = {"task_id": task_id, "position": position, "spec": spec, "stage": planned.stage, "size": planned.size}
        with self.database.transaction() as session:
            unit_id = session.scalar(insert(TaskUnit).values(**row).returning(TaskUnit.id))
        assert unit_id is not None
        return Unit(unit_id, position, spec, planned.size, planned.work)


@contextmanager
def cut_before(transactions: int, how: type[BaseException]) -> Iterator[None]:
    """As abrupt as a kill: the transaction after so many does not begin."""
    left, guard = itertools.count(transactions, -1), UnitContext.guard

    def cutting(context: UnitContext, session: Any) -> None:
        if next(left) == 0:
            raise how
        guard(context, session)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UnitContext, "guard", cutting)
        yield


@contextmanager
def cut_into(part: int) -> Iterator[None]:
    """Groups of more questions than a part and a half are large, and what is more than a few rows takes several
    transactions.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "PART", part)
        patch.setattr(job, "LARGE", part + part // 2)
        patch.setattr(ledger, "ROWS", 8 if part < 100 else ROWS)
        yield


__all__ = ["GROUP", "StepHouse", "cut_before", "cut_into"]
