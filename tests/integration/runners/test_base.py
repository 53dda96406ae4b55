"""The guard of a unit's transactions, under real contention."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from models import Database, Question
from services.auth import LOCAL
from services.batches import PAUSE
from services.runners.base import UnitContext
from services.tasks.recorder import LeaseLostError
from tests.factories import TaskHouse


def running_task(house: TaskHouse) -> UnitContext:
    task = house.create(start=True)
    lease = house.recorder.begin(task["id"], "host:1:1.0", time.time() + 60)
    return UnitContext(lease.task_id, {}, house.database, Path(), lease.token, lambda _: None)


def rows(count: int) -> list[dict[str, object]]:
    return [{"bank_id": 1, "stem": "x" * 200, "options": [], "created_at": 0.0, "updated_at": 0.0}] * count


def test_a_cancel_is_not_held_up_by_workers_that_write_without_end(database: Database) -> None:
    house = TaskHouse(database)
    context = running_task(house)
    written = threading.Semaphore(0)

    def write() -> None:
        while True:
            try:
                with database.transaction() as session:
                    context.guard(session)
                    session.execute(insert(Question), rows(300))
            except LeaseLostError:
                return
            written.release()
            time.sleep(PAUSE)

    workers = [threading.Thread(target=write, daemon=True) for _ in range(4)]
    for worker in workers:
        worker.start()
    for _ in range(8):
        assert written.acquire(timeout=30)
    began = time.monotonic()
    house.tasks.cancel(context.task_id, by=LOCAL)
    took = time.monotonic() - began
    for worker in workers:
        worker.join(30)
    assert not any(worker.is_alive() for worker in workers)
    assert took < 2.0


def test_what_was_begun_before_a_cancel_is_not_committed_after_it(postgres_url: str) -> None:
    database = Database(postgres_url)
    house = TaskHouse(database)
    context = running_task(house)

    def write_late() -> None:
        with database.transaction() as session:
            context.guard(session)
            session.execute(insert(Question), rows(1))
            house.tasks.cancel(context.task_id, by=LOCAL)

    with pytest.raises(LeaseLostError):
        write_late()
    with database.reader() as session:
        assert session.scalar(select(func.count()).select_from(Question)) == 0
    database.close()
