from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from models import Database, Question
from services.auth import LOCAL
from services.banks.questions import QuestionInput
from services.dedup.review import DuplicateService
from services.runners.embedded import EmbeddedRunner, RunnerSettings
from services.runners.worker_pool import WorkerPool
from tests.factories import TaskHouse


class DedupHouse(TaskHouse):
    """Task and dedup services over one database, with a runner that computes."""

    def __init__(self, database: Database, pool: WorkerPool, data_dir: Path) -> None:
        super().__init__(database)
        self.duplicates = DuplicateService(self.database, self.tasks, self.recorder, pool, data_dir)

    def add(self, *questions: dict[str, Any]) -> list[int]:
        rows = [QuestionInput(**question).model_dump() | {"bank_id": 1} for question in questions]
        with self.database.transaction() as session:
            return list(session.scalars(insert(Question).returning(Question.id, sort_by_parameter_order=True), rows))

    def run(self, **request: Any) -> int:
        task = self.duplicates.create_task("查重", by=LOCAL, start=True, **({"bank_id": 1} | request))
        task = self.wait(task["id"])
        assert task["status"] == "completed", task
        return int(task["id"])

    def status_of(self, *ids: int) -> list[tuple[str, int | None]]:
        with self.database.reader() as session:
            rows = session.execute(select(Question.id, Question.status, Question.merged_into)).all()
        by_id = {row.id: (row.status, row.merged_into) for row in rows}
        return [by_id[key] for key in ids]


@pytest.fixture
def house(database: Database, pool: WorkerPool, tmp_path: Path) -> Iterator[DedupHouse]:
    house = DedupHouse(database, pool, tmp_path)
    runner = EmbeddedRunner(database, house.recorder, house.bus, pool, RunnerSettings(tmp_path))
    runner.start()
    yield house
    runner.close()
