from __future__ import annotations

import threading
import time

import psutil
import pytest
from sqlalchemy import select

from models import Database, Task
from services.tasks import recovery
from services.tasks.recovery import Leases
from tests.factories import TaskHouse


def begin(house: TaskHouse, leases: Leases):
    return house.recorder.begin(house.create(start=True)["id"], leases.owner, time.time() + recovery.LEASE_SECONDS)


def test_a_clock_that_is_set_makes_nobody_an_orphan(house: TaskHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    leases = Leases(house.database, house.recorder)
    begin(house, leases)
    boot, started = psutil.boot_time, psutil.Process.create_time
    monkeypatch.setattr(psutil, "boot_time", lambda: boot() + 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: started(process) + 3600)
    assert leases.recover() == []


def test_who_is_gone_leaves_an_orphan(house: TaskHouse) -> None:
    leases = Leases(house.database, house.recorder)
    host, pid, started = leases.owner.rsplit(":", 2)
    leases.owner = f"{host}:{pid}:{float(started) - 100:.2f}"  # of another process, which had our pid before us
    lease = begin(house, leases)
    assert leases.recover() == [lease.task_id]
    assert house.tasks.get(lease.task_id)["status"] == "queued"


def test_a_renewal_that_waited_for_the_database_is_worth_its_whole_time(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "LEASE_SECONDS", 1.0)
    database = Database(sqlite_url)
    house = TaskHouse(database)
    leases = Leases(database, house.recorder)
    lease = begin(house, leases)
    with database.transaction() as session:
        session.connection()  # the lock is ours
        renewal = threading.Thread(target=leases.renew, args=([lease],))
        renewal.start()
        time.sleep(0.6)
        free_at = time.time()
    renewal.join()
    with database.reader() as session:
        assert session.scalars(select(Task.lease_expires_at)).one() >= free_at + 1.0
    database.close()
