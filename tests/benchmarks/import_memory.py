"""How much memory a worker needs for a big import, and how fast it goes.

    python -m tests.benchmarks.import_memory [--rows 1000000] [--format csv] [--database-url URL]

Writes a file of synthetic questions (about 500 bytes each), imports it through the embedded runner and real worker
processes, and samples their resident memory. The bar: a CSV of 1,000,000 rows stays under 300 MB a process.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import psutil

from models import Database
from models.schema import upgrade
from services.auth import LOCAL
from services.banks.formats import READERS, write
from services.banks.service import BankService, ImportOptions
from services.config import Settings
from services.runners.embedded import EmbeddedRunner, RunnerSettings
from services.runners.worker_pool import WorkerPool
from services.tasks.lifecycle import TERMINAL
from tests.factories import TaskHouse

BAR_MB = 300


def questions(rows: int) -> Iterator[dict[str, object]]:
    for number in range(rows):
        yield {
            "type_name": "单选题",
            "subject_name": f"科目{number % 20}",
            "channel_code": f"ch{number % 5}",
            "stem": f"第 {number} 题：已知 x = {number * 7919 % 10007}，\n下列说法“正确”的是（  ）" + "题干文字" * 8,
            "options": [
                f"选项 {letter} {number * prime % 1009}"
                for letter, prime in zip("甲乙丙丁", (3, 5, 7, 11), strict=True)
            ],
            "answer": "ABCD"[number % 4],
            "analysis": "解析文字，" * 12,
            "source": f"{2000 + number % 25} 年卷",
            "external_id": f"bench-{number:07}",
        }


class MemoryWatch:
    """The highest resident memory of any child process, in bytes, while it runs."""

    def __init__(self) -> None:
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            for child in psutil.Process().children():
                try:
                    self.peak = max(self.peak, child.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue


def run(rows: int, file_format: str, url: str | None, folder: Path) -> None:
    database = Database(url or f"sqlite:///{folder / 'bench.db'}")
    upgrade(database)
    house = TaskHouse(database)
    banks = BankService(database, house.tasks, Settings(data_dir=folder))
    path = folder / "upload"
    with path.open("wb") as file:
        for chunk in write(file_format, questions(rows)):
            file.write(chunk)
    size = path.stat().st_size
    pool = WorkerPool(2)
    pool.start()
    runner = EmbeddedRunner(database, house.recorder, house.bus, pool, RunnerSettings(folder, unit_timeout=0))
    runner.start()
    try:
        with MemoryWatch() as memory:
            began = time.monotonic()
            bank = banks.create(f"bench {time.time()}")
            options = ImportOptions(format=file_format)
            task_id = banks.start_import(bank["id"], path, f"bench.{file_format}", options, by=LOCAL)["id"]
            planned, task = _wait(house, task_id)
            seconds = time.monotonic() - began
    finally:
        runner.close()
        pool.close()
        database.close()
    peak = memory.peak / 2**20
    server = database.url.get_backend_name()
    print(f"{file_format}, {rows:,} rows, {size / 2**20:,.0f} MB, {server}: {task['status']} in {seconds:.1f} s")
    print(f"  read and checked {rows / (planned - began):,.0f} rows/s; all in all {rows / seconds:,.0f} rows/s")
    print(f"  peak of a worker process {peak:.0f} MB (bar for CSV: {BAR_MB} MB)")
    print(f"  result: imported {task['result']['imported']:,}, bad {task['result']['bad']:,}")


def _wait(house: TaskHouse, task_id: int) -> tuple[float, dict[str, Any]]:
    """When the plan was made, and the task at its end."""
    planned = 0.0
    while (task := house.tasks.get(task_id))["status"] not in TERMINAL:
        if not planned and task["total"]:
            planned = time.monotonic()
        time.sleep(0.05)
    assert task["status"] == "completed", task["error"]
    return planned or time.monotonic(), task


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--format", choices=sorted(READERS), default="csv")
    parser.add_argument("--database-url", help="default: SQLite in a temporary folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(arguments.rows, arguments.format, arguments.database_url, Path(folder))


if __name__ == "__main__":
    main()
