"""Transitions and events on both databases, with real contention."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.auth import LOCAL
from services.errors import InvalidTransitionError, NotFoundError
from services.tasks.lifecycle import Action
from services.tasks.progress import Progress
from services.tasks.recorder import LeaseLostError
from tests.factories import TaskHouse


def running(house: TaskHouse):
    task = house.create(start=True)
    return house.recorder.begin(task["id"], "host:1:1.0", time.time() + 60)


def test_a_new_task_is_pending_and_its_first_event_is_seq_1(house: TaskHouse) -> None:
    task = house.create(name="题库查重")
    assert (task["status"], task["last_seq"], task["progress_percentage"]) == ("pending", 1, 0.0)
    (event,) = house.log_of(task["id"])
    assert (event.seq, event.event, event.data["task_name"], event.data["seq"]) == (1, "task_created", "题库查重", 1)
    assert house.published == [event]


def test_each_change_is_logged_before_it_is_published_and_the_log_has_no_gap(house: TaskHouse) -> None:
    lease = running(house)
    house.recorder.plan(lease, total=2, work_total=20)
    house.recorder.progress(lease, Progress(10.0, 1.0, 9.0, "reading"))
    house.recorder.change(lease.task_id, Action.COMPLETE, token=lease.token, result={"clusters": 1})
    log = house.log_of(lease.task_id)
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert house.published == log
    assert house.names_of(lease.task_id) == [
        "task_created", "task_status", "task_status", "task_progress", "task_progress", "task_status", "task_completed",
    ]  # fmt: skip


def test_a_finished_task_shows_100_and_its_result(house: TaskHouse) -> None:
    lease = running(house)
    house.recorder.progress(lease, Progress(100.0, 1.0, 0.0))
    assert house.tasks.get(lease.task_id)["progress_percentage"] == 99.99
    house.recorder.change(lease.task_id, Action.COMPLETE, token=lease.token, result={"clusters": 1})
    task = house.tasks.get(lease.task_id)
    assert (task["progress_percentage"], task["result"], task["error"]) == (100.0, {"clusters": 1}, None)
    assert task["finished_at"] >= task["started_at"] >= task["created_at"]


def test_the_percentage_never_falls(house: TaskHouse) -> None:
    lease = running(house)
    house.recorder.progress(lease, Progress(50.0, None, None))
    assert house.recorder.progress(lease, Progress(20.0, None, None))["progress_percentage"] == 50.0


def test_an_action_that_the_status_forbids_changes_nothing_and_says_what_can_be_done(house: TaskHouse) -> None:
    task = house.create()
    with pytest.raises(InvalidTransitionError, match="pending; it cannot pause. It can be: start, cancel"):
        house.tasks.pause(task["id"], by=LOCAL)
    assert house.tasks.get(task["id"])["last_seq"] == 1


def test_a_task_that_is_not_there_is_not_found(house: TaskHouse) -> None:
    with pytest.raises(NotFoundError):
        house.tasks.start(99, by=LOCAL)
    with pytest.raises(NotFoundError):
        house.events.since(99, 0, 10)


def test_of_many_who_start_a_task_at_once_one_succeeds(house: TaskHouse) -> None:
    task = house.create()
    barrier = threading.Barrier(8)

    def start(_number: int) -> bool:
        barrier.wait()
        try:
            house.tasks.start(task["id"], by=LOCAL)
        except InvalidTransitionError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(start, range(8))) == 1
    assert house.names_of(task["id"]) == ["task_created", "task_status"]


def test_events_recorded_from_many_threads_get_every_seq_once_and_are_published_in_order(house: TaskHouse) -> None:
    lease = running(house)

    def report(number: int) -> None:
        house.recorder.progress(lease, Progress(number / 10, None, None, f"step {number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(report, range(80)))
    log = house.log_of(lease.task_id)
    assert [event.seq for event in log] == list(range(1, 84))
    assert [event.seq for event in house.published] == list(range(1, 84))


def test_a_cancelled_task_hears_no_late_word_of_its_worker(house: TaskHouse) -> None:
    lease = running(house)
    house.tasks.cancel(lease.task_id, by=LOCAL)
    with pytest.raises(LeaseLostError):
        house.recorder.progress(lease, Progress(50.0, None, None))
    with pytest.raises(LeaseLostError):
        house.recorder.change(lease.task_id, Action.COMPLETE, token=lease.token, result={})
    assert house.names_of(lease.task_id)[-2:] == ["task_status", "task_cancelled"]


def test_a_lease_of_an_earlier_run_is_worth_nothing_in_the_next(house: TaskHouse) -> None:
    first = running(house)
    house.tasks.cancel(first.task_id, by=LOCAL)
    house.tasks.retry(first.task_id, by=LOCAL)
    house.recorder.begin(first.task_id, "host:2:1.0", time.time() + 60)
    with pytest.raises(LeaseLostError):
        house.recorder.progress(first, Progress(50.0, None, None))


def test_retry_counts_the_attempt_and_forgets_the_error(house: TaskHouse) -> None:
    lease = running(house)
    house.recorder.change(lease.task_id, Action.FAIL, token=lease.token, error_code="WORKER_LOST", error_message="gone")
    assert house.tasks.get(lease.task_id)["error"] == {"code": "WORKER_LOST", "message": "gone"}
    assert house.names_of(lease.task_id)[-2:] == ["task_status", "task_error"]
    task = house.tasks.retry(lease.task_id, by=LOCAL)
    assert (task["status"], task["attempt"], task["error"], task["finished_at"]) == ("queued", 2, None, None)


def test_a_queued_task_knows_its_position_by_priority_then_age(house: TaskHouse) -> None:
    first, second, urgent = house.create(start=True), house.create(start=True), house.create(start=True, priority=5)
    positions = [house.tasks.get(task["id"])["queue_position"] for task in (urgent, first, second)]
    assert positions == [1, 2, 3]
    assert urgent["queue_position"] == 1


def test_what_no_database_stores_does_not_keep_a_task_from_failing(house: TaskHouse) -> None:
    lease = running(house)
    assert house.recorder.progress(lease, Progress(1.0, None, None, "page\0 1"))["message"] == "page\ufffd 1"
    values = {"error_code": "UNIT_FAILED", "error_message": "bad\0 bytes"}
    failed = house.recorder.change(lease.task_id, Action.FAIL, token=lease.token, **values)
    assert failed["error"]["message"] == "bad\ufffd bytes"


def test_the_percentage_is_a_float_even_where_it_is_whole(house: TaskHouse) -> None:
    lease = running(house)
    house.recorder.progress(lease, Progress(34, None, None))
    shown = [event.data["progress_percentage"] for event in house.log_of(lease.task_id) if "processed" in event.data]
    assert [type(percentage) for percentage in (*shown, house.tasks.get(lease.task_id)["progress_percentage"])] == [
        float
    ] * 3
