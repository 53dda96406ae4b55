from __future__ import annotations

from pathlib import Path

import pytest

from models import Database
from services.bootstrap import build_services
from services.config import Settings
from services.errors import UnavailableError
from services.runners.base import Runner
from services.runners.worker_pool import WorkerPool


class FaultyRunner(Runner):
    def start(self) -> None: ...

    def close(self) -> None:
        raise RuntimeError("the database is away")

    def running(self) -> list[int]:
        return []


def test_services_that_were_never_started_can_be_closed(sqlite_url: str, tmp_path: Path) -> None:
    build_services(Settings(data_dir=tmp_path), database=Database(sqlite_url)).close()


def test_the_workers_end_even_if_the_runner_cannot_be_closed_well(sqlite_url: str, tmp_path: Path) -> None:
    pool = WorkerPool(1)
    services = build_services(
        Settings(data_dir=tmp_path), database=Database(sqlite_url), pool=pool, runner=FaultyRunner()
    )
    services.start()
    with pytest.raises(RuntimeError, match="away"):
        services.close()
    with pytest.raises(UnavailableError):
        pool.run("tests.integration.runners.targets:echo", {})
