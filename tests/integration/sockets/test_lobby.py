"""The lobby: every task, little of its progress, nothing twice."""

from __future__ import annotations

import time

from tests.integration.sockets.conftest import Subject


def test_a_new_client_is_greeted_and_shown_what_is_active(subject: Subject) -> None:
    task_id = subject.external(task_name="shown")
    client = subject.connect()
    client.wait_event("active_tasks")
    assert [name for name, _ in client.events][:2] == ["connected", "active_tasks"]
    greeting = client.named("connected")[0]
    assert greeting["sid"] == client.sid
    assert {"message", "version"} < greeting.keys()
    assert "shown" in [task["task_name"] for task in client.named("active_tasks")[0]["tasks"] if task["id"] == task_id]


def test_the_lobby_hears_of_progress_at_most_twice_a_second_and_of_the_last_before_the_end(subject: Subject) -> None:
    client = subject.connect()
    client.wait_event("active_tasks")
    task_id = subject.external()
    began = time.monotonic()
    for step in range(60):
        subject.report(task_id, progress=step)
        time.sleep(0.03)
    subject.report(task_id, status="completed")
    seconds = time.monotonic() - began
    client.wait_event("task_completed")
    time.sleep(0.7)  # a late progress would come within the throttle's half second
    client.settle()
    seen = client.of_task(task_id)
    progress = [seq for seq, name in seen if name == "task_progress"]
    assert 2 <= len(progress) <= 2 * seconds + 2
    last_of_log = [seq for seq, name in subject.log_of(task_id) if name == "task_progress"][-1]
    assert progress[-1] == last_of_log
    assert seen == sorted(seen)
    assert [name for _, name in seen][-2:] == ["task_status", "task_completed"]


def test_progress_that_nothing_follows_reaches_the_lobby_too(subject: Subject) -> None:
    client = subject.connect()
    client.wait_event("active_tasks")
    task_id = subject.external()
    for progress in (10, 20, 30):
        subject.report(task_id, progress=progress)
    client.wait_seq(task_id, 4)
    assert [seq for seq, _ in client.of_task(task_id)] == [1, 2, 4]


def test_a_client_in_room_and_lobby_gets_each_event_once(subject: Subject) -> None:
    task_id = subject.external()
    client = subject.connect()
    client.call("join_task", {"task_id": task_id})
    subject.burst(task_id, 40)
    subject.report(task_id, status="failed", error="out of paper")
    client.wait_event("task_error")
    time.sleep(0.7)
    client.settle()
    assert client.of_task(task_id) == subject.log_of(task_id)[1:]


def test_leaving_a_room_does_not_bring_its_last_progress_again_through_the_lobby(subject: Subject) -> None:
    task_id = subject.external()
    client = subject.connect()
    client.call("join_task", {"task_id": task_id})
    for progress in (10, 20):
        subject.report(task_id, progress=progress)
    client.call("leave_task", {"task_id": task_id})
    time.sleep(0.7)
    subject.report(task_id, progress=30)
    client.wait_seq(task_id, 4)
    assert [seq for seq, _ in client.of_task(task_id)] == [2, 3, 4]


def test_a_failure_is_task_error_in_the_room_and_task_failed_in_the_lobby(subject: Subject) -> None:
    task_id = subject.external()
    lobby, room = subject.connect(), subject.connect()
    lobby.wait_event("active_tasks")
    room.call("join_task", {"task_id": task_id})
    subject.report(task_id, status="failed", error="out of paper")
    error, failed = room.wait_event("task_error"), lobby.wait_event("task_failed")
    assert error == failed
    assert (error["error"], error["task_id"], error["data"]["status"]) == ("out of paper", task_id, "failed")
    assert room.named("task_failed") == lobby.named("task_error") == []


def test_who_stays_out_of_the_lobby_hears_nothing_until_it_joins(subject: Subject) -> None:
    client = subject.connect(auth={"lobby": False})
    client.wait_event("active_tasks")
    first = subject.external()
    client.settle()
    assert client.of_task(first) == []
    assert client.call("join_lobby") == {"ok": True}
    assert first in [task["id"] for task in client.named("active_tasks")[1]["tasks"]]
    assert client.call("join_lobby", {}) == {"ok": True}
    second = subject.external()
    client.wait_seq(second, 1)
    assert client.call("leave_lobby") == {"ok": True}
    third = subject.external()
    client.settle()
    assert client.of_task(third) == []
    assert len(client.named("active_tasks")) == 2
