"""What the database sessions promise to others: no stall, no half-written transaction, no torn read."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from models import Database, DatabaseBusyError, QuestionBank, session
from tests.conftest import ROOT

NAMES = select(QuestionBank.name).order_by(QuestionBank.id)


def bank(name: str) -> dict[str, object]:
    return {"name": name, "description": "", "question_count": 0, "created_at": 0.0, "updated_at": 0.0}


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    def fail_half_way() -> None:
        with database.transaction() as session:
            session.execute(insert(QuestionBank), [bank("half")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with database.reader() as session:
        assert session.scalars(NAMES).all() == ["default"]


def test_writers_in_many_threads_all_get_their_turn(database: Database) -> None:
    def write(number: int) -> None:
        for step in range(10):
            with database.transaction() as session:
                session.execute(insert(QuestionBank), [bank(f"{number}-{step}")])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reader() as session:
        assert session.scalar(select(func.count()).select_from(QuestionBank)) == 81


def test_a_writer_waits_while_another_process_holds_the_lock(sqlite_url: str) -> None:
    database, path = Database(sqlite_url), sqlite_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.2, lambda: other.execute("COMMIT")).start()
        began = time.monotonic()
        with database.transaction() as session:
            session.execute(insert(QuestionBank), [bank("patient")])
        assert time.monotonic() - began > 0.1
    database.close()


def test_a_lock_that_is_never_given_back_ends_in_a_clear_error(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LOCK_PATIENCE", 0.1)
    database = Database(sqlite_url)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusyError, match="locked"), database.transaction() as writing:
            writing.execute(insert(QuestionBank), [bank("never")])
    database.close()


def test_readers_are_not_held_up_by_a_writer(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.transaction() as session:
        session.execute(insert(QuestionBank), [bank("not yet")])
        with database.reader() as reader:
            assert reader.scalars(NAMES).all() == ["default"]
    database.close()


def test_a_stream_gives_every_row_of_one_moment_a_chunk_at_a_time(database: Database) -> None:
    with database.transaction() as session:
        session.execute(insert(QuestionBank), [bank(f"{number:04}") for number in range(1234)])
    seen = []
    for row in database.stream(NAMES, chunk=100):
        seen.append(row.name)
        if len(seen) == 150:
            with database.transaction() as session:
                session.execute(insert(QuestionBank), [bank("later")])
    assert seen == ["default"] + [f"{number:04}" for number in range(1234)]
    assert [row.name for row in database.fetch_all(NAMES)][-1] == "later"


def test_a_stream_that_is_left_early_gives_its_connection_back(database: Database) -> None:
    with database.transaction() as session:
        session.execute(insert(QuestionBank), [bank(f"{number:04}") for number in range(1000)])
    for _ in range(60):  # more often than the pool has connections
        rows = database.stream(NAMES, chunk=10)
        next(rows)
        rows.close()


def test_json_keeps_what_it_is_given_and_refuses_nothing_a_client_may_send(database: Database) -> None:
    from services.auth import LOCAL
    from tests.factories import TaskHouse

    meta = {"emoji": "🧪", "zero": 0, "nested": {"list": [1, 2.5, None, True]}, "nul": "a\u0000b", "quote": "'\"\\"}
    task = TaskHouse(database).external.create("json", by=LOCAL, meta=meta)
    assert {key: task[key] for key in meta} == meta
    assert TaskHouse(database).tasks.get(task["id"])["nested"] == meta["nested"]


UNDER_EVENTLET = """
import os, sys
os.environ["PSYCOPG_WAIT_FUNC"] = "wait_select"
import eventlet; eventlet.monkey_patch()
import time
from eventlet import tpool
from sqlalchemy import text
from models import Database
database = Database(sys.argv[1], offload=tpool.execute)
gaps, running = [0.0], [True]
def tick():
    last = time.perf_counter()
    while running[0]:
        time.sleep(0.002)
        now = time.perf_counter(); gaps.append(now - last); last = now
ticker = eventlet.spawn(tick)
eventlet.sleep(0.05); gaps.clear()
"""

STALLED_BY_A_LOCK = (
    UNDER_EVENTLET
    + """
with database.transaction() as session:
    session.execute(text("UPDATE question_banks SET description = 'x'"))
running[0] = False
print(max(gaps))
"""
)

STALLED_BY_A_LONG_READ = (
    UNDER_EVENTLET
    + """
from sqlalchemy import select, func, literal_column
if database.is_sqlite:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000000)"
    slow = text(numbers + " SELECT max(i) FROM n")
else:
    slow = text("SELECT pg_sleep(1)")
began = time.perf_counter()
database.fetch_all(slow)
assert time.perf_counter() - began > 0.9
running[0] = False
print(max(gaps))
"""
)


def longest_gap(script: str, url: str) -> float:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, url],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return float(done.stdout.split()[-1])


def test_the_hub_runs_on_while_a_transaction_waits_for_the_lock(sqlite_url: str) -> None:
    holder = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE"); print("held", flush=True); time.sleep(4); connection.execute("COMMIT")
"""
    path = str(Path(sqlite_url.removeprefix("sqlite:///")))
    with subprocess.Popen([sys.executable, "-c", holder, path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert longest_gap(STALLED_BY_A_LOCK, sqlite_url) < 0.5


def test_the_hub_runs_on_while_a_long_read_is_made(database_url: str) -> None:
    assert longest_gap(STALLED_BY_A_LONG_READ, database_url) < 0.5


def test_long_reads_leave_the_connections_that_short_work_needs(database_url: str) -> None:
    database = Database(database_url, pool_size=1)
    streams = [database.stream(select(QuestionBank.id)) for _ in range(4)]
    assert [next(stream).id for stream in streams] == [1] * 4
    with database.transaction() as session:
        session.add(QuestionBank(name="written meanwhile"))
    for stream in streams:
        stream.close()
    database.close()


MANY_FIRST_READS = """
import sys
import eventlet; eventlet.monkey_patch()
from eventlet import tpool
from sqlalchemy import select
from models import Database, Task
for _ in range(60):
    database = Database(sys.argv[1], offload=tpool.execute)
    readers = [eventlet.spawn(database.fetch_all, select(Task.id)) for _ in range(8)]
    for reader in readers:
        reader.wait()
    database.close()
"""


def test_reads_that_are_the_first_together_do_not_wait_for_one_another_for_ever(sqlite_url: str) -> None:
    script = [sys.executable, "-W", "ignore", "-c", MANY_FIRST_READS, sqlite_url]
    subprocess.run(script, cwd=ROOT, timeout=60, check=True)
