"""Start, pause, resume, cancel, retry over the socket, on tasks that really run."""

from __future__ import annotations

import pytest

from tests.integration.sockets.conftest import Subject


def test_a_task_is_started_paused_resumed_cancelled_and_tried_again(subject: Subject) -> None:
    task_id = subject.scripted({"sleep": 0.3}, {"sleep": 60})
    client = subject.connect()
    client.call("join_task", {"task_id": task_id, "last_seq": 0})
    asked = {"task_id": task_id}
    assert client.call("start_task", asked) == {"ok": True, "task_id": task_id, "status": "queued"}
    client.wait(lambda: "running" in [status["status"] for status in client.named("task_status")])
    assert client.call("pause_task", asked)["status"] == "paused"
    assert client.call("resume_task", asked)["status"] == "queued"
    assert client.call("cancel_task", asked)["status"] == "cancelled"
    client.wait_event("task_cancelled")
    assert client.call("retry_task", asked)["status"] == "queued"
    assert client.call("cancel_task", asked)["ok"]
    client.wait_event("task_cancelled", 2)
    assert client.of_task(task_id) == subject.log_of(task_id)


def test_a_task_runs_to_its_end_before_the_eyes_of_who_started_it(subject: Subject) -> None:
    task_id = subject.scripted({"ticks": 5}, {"ticks": 5})
    client = subject.connect()
    client.call("join_task", {"task_id": task_id, "last_seq": 0})
    client.call("start_task", {"task_id": str(task_id)})
    completed = client.wait_event("task_completed")
    assert completed["result"] == {"positions": [0, 1]}
    assert completed["data"]["progress_percentage"] == 100.0
    shown = [progress["progress_percentage"] for progress in client.named("task_progress")]
    assert shown == sorted(shown)
    assert client.of_task(task_id) == subject.log_of(task_id)


@pytest.mark.parametrize("event", ["start_task", "pause_task", "resume_task", "retry_task"])
def test_what_the_status_does_not_allow_is_refused(subject: Subject, event: str) -> None:
    task_id = subject.scripted({"sleep": 0})
    client = subject.connect()
    if event == "start_task":
        client.call("start_task", {"task_id": task_id})
    answer = client.call(event, {"task_id": task_id})
    assert (answer["ok"], answer["code"]) == (False, "INVALID_TRANSITION")
    assert client.named("error")[-1]["code"] == "INVALID_TRANSITION"


def test_what_another_program_computes_can_only_be_cancelled_here(subject: Subject) -> None:
    task_id = subject.external()
    client = subject.connect()
    assert client.call("pause_task", {"task_id": task_id})["code"] == "CONFLICT"
    assert client.call("cancel_task", {"task_id": task_id})["status"] == "cancelled"
