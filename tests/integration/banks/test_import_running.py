"""Imports through the embedded runner and real worker processes, disturbed while they run."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from models import Database, Question
from services.auth import LOCAL
from services.banks.service import BankService, ImportOptions
from services.config import Settings
from services.runners import execution
from services.runners.embedded import EmbeddedRunner, RunnerSettings
from services.runners.worker_pool import WorkerPool
from tests.factories import TaskHouse, ended
from tests.processes import WORKER, children_running

ROWS = 8_000
BAD = 40


class RunningBanks:
    def __init__(self, database: Database, pool: WorkerPool, data_dir: Path) -> None:
        self.house = TaskHouse(database)
        self.database, self.data_dir = database, data_dir
        self.banks = BankService(database, self.house.tasks, Settings(data_dir=data_dir))
        settings = RunnerSettings(data_dir, lanes=2)
        self.runner = EmbeddedRunner(database, self.house.recorder, self.house.bus, pool, settings)
        self.runner.start()

    def start(self, rows: int = ROWS) -> int:
        path = self.data_dir / "upload"
        with path.open("wb") as file:
            for number in range(1, rows + 1):
                file.write(orjson.dumps({"stem": f"question {number} " + "x" * 300}) + b"\n")
                if number % (rows // BAD) == 0:
                    file.write(b'{"stem": null}\n')
        return int(self.banks.start_import(1, path, "bank.jsonl", by=LOCAL)["id"])

    def wait(self, task_id: int, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        return self.house.wait(task_id, until)

    def assert_whole(self, task: dict[str, Any], rows: int = ROWS) -> None:
        assert (task["status"], task["error"]) == ("completed", None)
        assert (task["total_rows"], task["processed_rows"]) == (rows, rows)
        assert (task["result"]["imported"], task["result"]["bad"]) == (rows, BAD)
        found = self.database.fetch_all(select(Question.import_row, Question.stem).order_by(Question.import_row))
        assert [row.import_row for row in found] == list(range(1, rows + 1))
        assert all(row.stem.startswith(f"question {row.import_row} ") for row in found)
        assert self.banks.get(1)["question_count"] == rows
        log = self.house.log_of(task["id"])
        assert [event.seq for event in log] == list(range(1, len(log) + 1))


@pytest.fixture
def banks(database: Database, pool: WorkerPool, tmp_path: Path) -> Iterator[RunningBanks]:
    banks = RunningBanks(database, pool, tmp_path)
    yield banks
    banks.runner.close()


def test_an_import_runs_to_its_end(banks: RunningBanks) -> None:
    banks.assert_whole(banks.wait(banks.start(), ended))


def test_nothing_is_lost_or_doubled_when_workers_are_killed(
    banks: RunningBanks, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All eight may meet one unit, which is more than a unit is forgiven; that bound has a test of its own.
    monkeypatch.setattr(execution, "_LOSSES", 9)
    task_id = banks.start()
    banks.wait(task_id, lambda task: task["total"] > 0 or ended(task))
    chance = random.Random(7)
    for _ in range(8):
        time.sleep(chance.uniform(0.0, 0.15))
        if workers := children_running(WORKER):
            chance.choice(workers).kill()
    banks.assert_whole(banks.wait(task_id, ended))


def test_an_import_paused_and_resumed_goes_on_where_it_was(banks: RunningBanks) -> None:
    task_id = banks.start()
    for share in (0.1, 0.4):
        least = share * ROWS
        banks.wait(task_id, lambda task, least=least: task["processed"] > least and task["status"] == "running")
        banks.house.tasks.pause(task_id, by=LOCAL)
        banks.house.tasks.resume(task_id, by=LOCAL)
    banks.assert_whole(banks.wait(task_id, ended))


def test_a_cancelled_import_writes_no_more_and_a_retry_completes_it(banks: RunningBanks) -> None:
    task_id = banks.start()
    banks.wait(task_id, lambda task: task["processed"] > 0)
    banks.house.tasks.cancel(task_id, by=LOCAL)
    time.sleep(0.2)
    counts = []
    for _ in range(2):
        counts.append(banks.banks.get(1)["question_count"])
        time.sleep(0.3)
    assert counts[0] == counts[1] < ROWS
    banks.house.tasks.retry(task_id, by=LOCAL)
    banks.assert_whole(banks.wait(task_id, ended))


def test_a_file_that_cannot_be_read_fails_with_its_reason(banks: RunningBanks) -> None:
    path = banks.data_dir / "upload"
    path.write_bytes(b'[{"stem": "x"}')
    task = banks.banks.start_import(1, path, "x.json", by=LOCAL)
    assert banks.wait(task["id"], ended)["result"]["bad_rows"][0]["code"] == "cut_off"
    path.write_bytes(b"question;answer\nx;y\n")
    task = banks.banks.start_import(1, path, "x.csv", ImportOptions(format="csv"), by=LOCAL)
    failed = banks.wait(task["id"], ended)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "UNREADABLE_FILE")
    assert "题干" in failed["error"]["message"]
