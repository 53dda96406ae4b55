from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from models import Database, Task
from services.auth import LOCAL
from services.banks.job import ImportJob
from services.banks.service import BankService, ImportOptions
from services.config import Settings
from services.runners.base import PlannedUnit, Unit, UnitContext
from tests.factories import TaskHouse


@dataclass
class BankHouse:
    """Banks over one database, and an import that is computed here and now, step by step."""

    database: Database
    data_dir: Path
    reports: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.house = TaskHouse(self.database)
        self.tasks = self.house.tasks
        self.banks = BankService(self.database, self.tasks, Settings(data_dir=self.data_dir))
        self.questions = self.banks.questions
        self.job = ImportJob()

    def upload(self, content: bytes, name: str = "bank.jsonl") -> Path:
        folder = self.data_dir / "uploads"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{uuid.uuid4().hex}-{name}"
        path.write_bytes(content)
        return path

    def begin(
        self, content: bytes, name: str = "bank.jsonl", bank_id: int = 1, options: ImportOptions | None = None
    ) -> UnitContext:
        """An import task that runs: the context its job has in a worker."""
        task = self.banks.start_import(bank_id, self.upload(content, name), name, options, by=LOCAL)
        return self.take(task["id"])

    def take(self, task_id: int) -> UnitContext:
        token = uuid.uuid4().hex
        with self.database.transaction() as session:
            session.execute(update(Task).where(Task.id == task_id).values(status="running", lease_token=token))
        params = self.tasks.get(task_id)["params"]
        return UnitContext(task_id, params, self.database, self.data_dir, token, self.reports.append)

    def compute(self, context: UnitContext) -> dict[str, Any]:
        units = [_unit(position, each) for position, each in enumerate(self.job.plan(context))]
        return self.job.finish([self.job.run_unit(unit, context) for unit in units], context)

    def imported(self, content: bytes, name: str = "bank.jsonl", **more: Any) -> dict[str, Any]:
        return self.compute(self.begin(content, name, **more))


def _unit(position: int, planned: PlannedUnit) -> Unit:
    return Unit(position + 1, position, dict(planned.spec), planned.size, planned.work)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> BankHouse:
    return BankHouse(database, tmp_path / "var")


@pytest.fixture
def units_of(house: BankHouse) -> Callable[[UnitContext], list[Unit]]:
    def plan(context: UnitContext) -> list[Unit]:
        return [_unit(position, each) for position, each in enumerate(house.job.plan(context))]

    return plan
