"""Whole tasks through the embedded runner: real workers, both databases."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from models import Database, ImportBadRow, Task, TaskUnit
from services.auth import LOCAL
from services.runners.embedded import EmbeddedRunner, RunnerSettings
from services.runners.worker_pool import WorkerPool
from services.tasks import recovery
from tests.factories import PATIENCE, TEST_KINDS, TaskHouse


class RunningHouse(TaskHouse):
    """Task services with a runner that computes."""

    def begin(self, pool: WorkerPool, folder: Path, **limits: Any) -> EmbeddedRunner:
        settings = RunnerSettings(folder, **limits)
        self.runner = EmbeddedRunner(self.database, self.recorder, self.bus, pool, settings, TEST_KINDS)
        self.runner.start()
        return self.runner

    def run(self, *units: dict[str, Any], priority: int = 0, kind: str = "sleep", **params: Any) -> int:
        params["units"] = list(units)
        task = self.tasks.create(kind, "scripted", params, by=LOCAL, priority=priority, start=True)
        return int(task["id"])


@pytest.fixture
def house(
    database: Database, pool: WorkerPool, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[RunningHouse]:
    house = RunningHouse(database)
    house.begin(pool, tmp_path, **getattr(request, "param", {}))
    yield house
    house.runner.close()


def test_a_task_is_planned_computed_and_finished(house: RunningHouse) -> None:
    task = house.wait(house.run({"work": 10}, {"work": 30}, {"work": 60}))
    assert (task["status"], task["total_groups"], task["processed_groups"]) == ("completed", 3, 3)
    assert task["result"] == {"positions": [0, 1, 2]}
    log = house.log_of(task["id"])
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert house.published == log


def test_progress_inside_a_unit_is_told_and_never_falls(house: RunningHouse) -> None:
    task = house.wait(house.run({"ticks": 20, "work": 50}, {"ticks": 20, "work": 50}))
    progress = [event.data for event in house.log_of(task["id"]) if event.event == "task_progress"]
    shown = [data["progress_percentage"] for data in progress]
    assert shown == sorted(shown)
    assert any(0 < percentage < 50 for percentage in shown)
    assert any(data["message"].startswith("tick") for data in progress)
    assert progress[-1]["current_group"]["subject_name"] == "数学"


def test_a_task_without_units_is_completed(house: RunningHouse) -> None:
    task = house.wait(house.run())
    assert (task["status"], task["progress_percentage"], task["result"]) == ("completed", 100.0, {"positions": []})


def test_a_later_stage_begins_when_the_one_before_is_done(house: RunningHouse, tmp_path: Path) -> None:
    house.wait(house.run({"sleep": 0.2}, {"sleep": 0.1}, {"stage": 1}, marks=str(tmp_path)))
    assert (tmp_path / "log").read_text().splitlines()[-2:] == ["begin 2", "end 2"]


def test_a_cancelled_task_stops_inside_a_unit(house: RunningHouse, pool: WorkerPool) -> None:
    task_id = house.run({"sleep": 60}, {"sleep": 60})
    house.wait(task_id, lambda task: task["message"] == "sleeping")
    began = time.monotonic()
    assert house.tasks.cancel(task_id, by=LOCAL)["status"] == "cancelled"
    while house.runner.running() or pool.stats().busy:
        assert time.monotonic() - began < 2.0
        time.sleep(0.005)
    assert house.names_of(task_id)[-1] == "task_cancelled"


def test_a_paused_task_goes_on_where_it_was(house: RunningHouse, tmp_path: Path) -> None:
    task_id = house.run({}, {}, {"sleep": 0.5}, {"sleep": 0.5}, {}, marks=str(tmp_path))
    house.wait(task_id, lambda task: task["processed"] == 2)
    house.tasks.pause(task_id, by=LOCAL)
    time.sleep(0.1)
    assert house.tasks.get(task_id)["status"] == "paused"
    house.tasks.resume(task_id, by=LOCAL)
    assert house.wait(task_id)["result"] == {"positions": [0, 1, 2, 3, 4]}
    ended = Counter(line for line in (tmp_path / "log").read_text().splitlines() if line.startswith("end"))
    assert set(ended.values()) == {1}


def test_a_unit_whose_worker_dies_is_computed_again(house: RunningHouse, tmp_path: Path) -> None:
    task = house.wait(house.run({}, {"die": "once"}, {}, marks=str(tmp_path)))
    assert (task["status"], task["result"]) == ("completed", {"positions": [0, 1, 2]})


def test_a_plan_and_a_finish_whose_worker_dies_are_made_again(house: RunningHouse, tmp_path: Path) -> None:
    task = house.wait(house.run({}, {}, marks=str(tmp_path), die_in=["plan", "finish"]))
    assert (task["status"], task["result"]) == ("completed", {"positions": [0, 1]})


def test_a_unit_that_always_kills_its_worker_fails_the_task(house: RunningHouse) -> None:
    task = house.wait(house.run({"die": "always"}))
    assert (task["status"], task["error"]["code"]) == ("failed", "WORKER_LOST")


def test_a_failed_task_says_why_and_goes_on_after_retry(house: RunningHouse) -> None:
    task = house.wait(house.run({}, {"fail": "The ink is out."}))
    assert (task["status"], task["error"]) == ("failed", {"code": "OUT_OF_INK", "message": "The ink is out."})
    assert task["processed"] == 1
    house.tasks.retry(task["id"], by=LOCAL)
    again = house.wait(task["id"])
    assert (again["attempt"], again["processed"], again["status"]) == (2, 1, "failed")


def test_a_unit_of_a_kind_that_isolates_fails_alone(house: RunningHouse) -> None:
    units = [{}, {"fail": "The ink is out."}, {"raise": "boom"}, {"die": "always"}, {}]
    task = house.wait(house.run(*units, kind="isolated"))
    assert (task["status"], task["processed"]) == ("completed", 5)
    assert task["result"] == {
        "positions": [0, -1, -2, -3, 4],
        "codes": ["OUT_OF_INK", "SERVER_ERROR", "WORKER_LOST"],
    }


def test_what_is_not_the_units_fault_fails_the_task_also_where_units_fail_alone(house: RunningHouse) -> None:
    task = house.wait(house.run({}, {"fail": "No weights.", "code": "MODEL_LOAD_ERROR"}, kind="isolated"))
    assert (task["status"], task["error"]["code"]) == ("failed", "MODEL_LOAD_ERROR")


def test_a_fault_in_a_job_fails_the_task_without_a_traceback(house: RunningHouse) -> None:
    task = house.wait(house.run({"raise": "boom"}))
    assert task["status"] == "failed"
    assert "Traceback" not in task["error"]["message"]


@pytest.mark.parametrize("house", [{"unit_timeout": 0.5}], indirect=True)
def test_a_unit_that_takes_too_long_fails_the_task(house: RunningHouse) -> None:
    task = house.wait(house.run({"sleep": 60}))
    assert (task["status"], task["error"]["code"]) == ("failed", "PROCESSING_TIMEOUT")


@pytest.mark.parametrize("house", [{"task_timeout": 0.5}], indirect=True)
def test_a_task_that_takes_too_long_fails(house: RunningHouse) -> None:
    task = house.wait(house.run({"sleep": 60}))
    assert (task["status"], task["error"]["code"]) == ("failed", "PROCESSING_TIMEOUT")
    assert "TASKBEAM_TASK_TIMEOUT" in task["error"]["message"]


@pytest.mark.parametrize("house", [{"max_running": 1}], indirect=True)
def test_tasks_wait_for_room_and_the_urgent_one_goes_first(house: RunningHouse) -> None:
    first = house.run({"sleep": 0.3})
    house.wait(first, lambda task: task["status"] == "running")
    patient, urgent = house.run({}), house.run({}, priority=9)
    assert [house.tasks.get(task)["queue_position"] for task in (urgent, patient)] == [1, 2]
    done = [house.wait(task)["started_at"] for task in (first, urgent, patient)]
    assert done == sorted(done)


def test_a_stopped_runner_gives_its_task_back_and_the_next_one_finishes_it(
    house: RunningHouse, pool: WorkerPool, tmp_path: Path
) -> None:
    task_id = house.run({}, {"sleep": 0.4}, {"sleep": 0.4}, {"sleep": 0.4}, marks=str(tmp_path))
    house.wait(task_id, lambda task: task["processed"] >= 1)
    house.runner.close()
    assert house.tasks.get(task_id)["status"] == "queued"
    house.begin(pool, tmp_path)
    assert house.wait(task_id)["result"] == {"positions": [0, 1, 2, 3]}


def test_a_task_whose_process_died_is_taken_up_at_once(house: RunningHouse) -> None:
    task_id = house.run({"sleep": 60})
    house.wait(task_id, lambda task: task["message"] == "sleeping")
    with house.database.transaction() as session:  # as if another process on this host had computed it, and died
        lease = {"lease_owner": house.runner._leases.owner.replace(":", ":9", 1), "lease_token": "of the dead"}
        session.execute(update(Task).values(**lease))
        session.execute(update(TaskUnit).values(spec={}))
    assert house.wait(task_id)["status"] == "completed"
    assert "queued" in [event.data.get("status") for event in house.log_of(task_id)][4:]


def test_no_row_is_written_after_a_task_was_cancelled(house: RunningHouse) -> None:
    task_id = house.run({"rows": 500}, {"rows": 500})
    count = select(func.count()).select_from(ImportBadRow)

    def rows() -> int:
        with house.database.reader() as session:
            return session.scalar(count) or 0

    while rows() < 5:
        time.sleep(0.01)
    house.tasks.cancel(task_id, by=LOCAL)
    written = rows()
    time.sleep(0.3)
    assert rows() == written


def test_no_second_has_more_than_twenty_progress_events(house: RunningHouse) -> None:
    task = house.wait(house.run({"ticks": 80}, {"ticks": 80}, {"ticks": 80}))
    at = [event.created_at for event in house.log_of(task["id"]) if event.event == "task_progress"]
    busiest = max(sum(start <= moment < start + 1 for moment in at) for start in at)
    assert busiest <= 20 + 4  # but for those that were admitted in the second before and waited for the database


def test_a_task_paused_and_resumed_by_another_server_is_not_computed_twice(
    house: RunningHouse, pool: WorkerPool
) -> None:
    task_id = house.run({"sleep": 60})
    house.wait(task_id, lambda task: task["message"] == "sleeping")
    elsewhere = TaskHouse(house.database)  # of its events our runner hears nothing
    elsewhere.tasks.pause(task_id, by=LOCAL)
    elsewhere.tasks.resume(task_id, by=LOCAL)
    house.runner._wake.set()
    house.wait(task_id, lambda task: task["status"] == "running" and task["message"] == "sleeping")
    deadline = time.monotonic() + PATIENCE
    while pool.stats().busy != 1:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    house.tasks.cancel(task_id, by=LOCAL)


def test_what_is_taken_while_the_runner_closes_goes_back_to_the_queue(house: RunningHouse) -> None:
    house.runner.close()
    task_id = house.run({})
    assert house.runner._take_next()  # had looked before it was told to stop
    assert house.runner.running() == []
    assert house.tasks.get(task_id)["status"] == "queued"


def test_a_runner_that_never_started_can_be_closed(database: Database, pool: WorkerPool, tmp_path: Path) -> None:
    house = TaskHouse(database)
    EmbeddedRunner(database, house.recorder, house.bus, pool, RunnerSettings(tmp_path), TEST_KINDS).close()


def test_a_task_goes_on_after_the_database_went_away_under_its_worker(
    postgres_url: str, pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "LEASE_SECONDS", 2.0)
    database = Database(postgres_url)
    house = RunningHouse(database)
    house.begin(pool, tmp_path)
    task_id = house.run({"rows": 100})
    in_transaction = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%' AND query LIKE '%import_bad_rows%'"
    )
    deadline = time.monotonic() + PATIENCE
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.execute(in_transaction).all():
            assert time.monotonic() < deadline
    assert house.wait(task_id)["status"] == "completed"
    assert "queued" in [event.data.get("status") for event in house.log_of(task_id)][4:]
    house.runner.close()
    database.close()
