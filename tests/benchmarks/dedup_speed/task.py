"""A dedup task from end to end: SQLite, this machine's cores as worker processes, their memory together."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import func, insert, select

from models import Database, Question, TaskUnit
from models.schema import upgrade
from services.auth import LOCAL
from services.dedup.pipeline import QuestionText
from services.runners.embedded import EmbeddedRunner, RunnerSettings
from services.runners.worker_pool import WorkerPool
from services.tasks.event_bus import EventBus
from services.tasks.event_log import EventLog
from services.tasks.recorder import Recorder
from services.tasks.service import TaskService
from tests.benchmarks.dedup_speed.bank import scanned
from tests.benchmarks.dedup_speed.watch import LOOK, most_memory

_GROUP = {"type_name": "单选题", "subject_name": "数学", "channel_code": "default"}
_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds from the start of the task to its end, megabytes of all workers together at most, what was found."""

    seconds: float
    megabytes: float
    result: dict[str, float]
    stages: str


def run_tasks(bank: Sequence[QuestionText], grown_by: int) -> list[Run]:
    """One task over the bank without its last questions, one over all of it, and one over the same again."""
    with tempfile.TemporaryDirectory() as folder, _service(Path(folder)) as (database, tasks):
        first = len(bank) - grown_by
        runs = []
        _warm_up(database, tasks, bank)
        for start, end in [(0, first), *([(first, len(bank)), (len(bank), len(bank))] if grown_by else [])]:
            _add(database, bank[start:end])
            runs.append(_run(tasks, database))
        return runs


@contextmanager
def _service(folder: Path) -> Iterator[tuple[Database, TaskService]]:
    database = Database(f"sqlite:///{folder / 'bank.db'}")
    upgrade(database)
    bus = EventBus()
    recorder = Recorder(database, EventLog(database), bus)
    pool = WorkerPool(os.cpu_count() or 1, nice=0)  # as the engines beside it
    pool.start()
    settings = RunnerSettings(folder, lanes=pool.size, unit_timeout=0)
    runner = EmbeddedRunner(database, recorder, bus, pool, settings)
    runner.start()
    yield database, TaskService(database, recorder)
    runner.close()
    pool.close()
    database.close()


def _warm_up(database: Database, tasks: TaskService, bank: Sequence[QuestionText]) -> None:
    """A small group for each worker: each reads its word lists once in its life, before the clock runs.

    With scans of the same questions, so that all lists are asked for.
    """
    noisy = [replace(question, stem=scanned(random.Random(1), question.stem)) for question in bank[:200]]
    for number in range(2 * (os.cpu_count() or 1)):
        _add(database, [*bank[:200], *noisy], type_name=f"warm-up {number}")
    _run(tasks)


def _add(database: Database, questions: Sequence[QuestionText], **group: str) -> None:
    now = time.time()
    for start in range(0, len(questions), _ROWS):
        rows = [
            {"bank_id": 1, "stem": each.stem, "options": list(each.options), "answer": each.answer, **_GROUP, **group}
            | {"created_at": now, "updated_at": now}
            for each in questions[start : start + _ROWS]
        ]
        with database.transaction() as session:
            session.execute(insert(Question), rows)


def _run(tasks: TaskService, database: Database | None = None) -> Run:
    params = {"bank_id": 1, "filters": _GROUP if database else {}, "options": {}}
    with most_memory() as megabytes:
        began = time.time()
        task_id = tasks.create("dedup", "speed", params, by=LOCAL, start=True)["id"]
        while (task := tasks.get(task_id))["status"] not in ("completed", "failed"):
            time.sleep(2 * LOOK)
    assert task["status"] == "completed", task["error"]
    seconds = task["finished_at"] - began
    return Run(seconds, max(megabytes), task["result"], _stages(database, task_id, began) if database else "")


def _stages(database: Database, task_id: int, began: float) -> str:
    ends = select(TaskUnit.stage, func.max(TaskUnit.finished_at).label("end")).where(TaskUnit.task_id == task_id)
    rows = database.fetch_all(ends.group_by(TaskUnit.stage).order_by(TaskUnit.stage))
    return ", ".join(f"stage {row.stage} until {row.end - began:.1f}" for row in rows)
