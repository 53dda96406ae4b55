from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from models import Database
from services.auth import LOCAL
from services.banks.service import BankService
from services.config import Settings
from services.ocr.engines.registry import STUB_VARIABLE
from services.ocr.requirements import Requirements
from services.ocr.service import IncomingFile, OcrService
from services.runners.embedded import EmbeddedRunner, RunnerSettings
from services.runners.worker_pool import WorkerPool
from tests.factories import TaskHouse, ended

STUB = Requirements(engines=["stub"])


@pytest.fixture(scope="module", autouse=True)
def _the_stub_is_allowed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STUB_VARIABLE, "1")
        yield


@pytest.fixture(scope="module")
def pool(_the_stub_is_allowed: None) -> Iterator[WorkerPool]:
    """Two real workers that know the stub engine."""
    pool = WorkerPool(2)
    pool.start()
    yield pool
    pool.close()


@dataclass
class OcrHouse:
    """OCR over one database and real workers."""

    database: Database
    pool: WorkerPool
    data_dir: Path
    runner: EmbeddedRunner | None = None

    def __post_init__(self) -> None:
        self.settings = Settings(data_dir=self.data_dir)
        self.house = TaskHouse(self.database)
        self.tasks = self.house.tasks
        self.banks = BankService(self.database, self.tasks, self.settings)
        self.ocr = OcrService(self.database, self.tasks, self.banks, self.pool, self.settings)

    @property
    def uploads(self) -> Path:
        return self.data_dir / "uploads"

    def file(self, content: bytes, name: str = "page.png") -> IncomingFile:
        self.uploads.mkdir(parents=True, exist_ok=True)
        path = self.uploads / f"{uuid.uuid4().hex}.upload"
        path.write_bytes(content)
        return IncomingFile(path, name, len(content), hashlib.sha256(content).hexdigest())

    def start(self, *contents: bytes, requirements: Requirements = STUB, **more: Any) -> int:
        files = [self.file(content, f"file {number}") for number, content in enumerate(contents, start=1)]
        return int(self.ocr.start(files, requirements, by=LOCAL, **more)["id"])

    def run(self, unit_timeout: float = 600.0) -> EmbeddedRunner:
        settings = RunnerSettings(self.data_dir, lanes=2, unit_timeout=unit_timeout)
        self.runner = EmbeddedRunner(self.database, self.house.recorder, self.house.bus, self.pool, settings)
        self.runner.start()
        return self.runner

    def wait(self, task_id: int, until: Callable[[dict[str, Any]], bool] = ended) -> dict[str, Any]:
        return self.house.wait(task_id, until)

    def read(self, *contents: bytes, requirements: Requirements = STUB) -> dict[str, Any]:
        """The task once it has ended."""
        return self.wait(self.start(*contents, requirements=requirements))

    def texts(self, task_id: int) -> list[str | None]:
        pages = self.ocr.pages(task_id, limit=500).items
        return [page["result"] and page["result"]["text"] for page in pages]


@pytest.fixture
def idle(database: Database, pool: WorkerPool, tmp_path: Path) -> Iterator[OcrHouse]:
    """Nobody takes tasks from the queue until a test says `run`."""
    house = OcrHouse(database, pool, tmp_path / "var")
    yield house
    if house.runner is not None:
        house.runner.close()


@pytest.fixture
def house(idle: OcrHouse) -> OcrHouse:
    idle.run()
    return idle
