"""Clients that report on tasks of their own."""

from __future__ import annotations

from collections.abc import Callable

from tests.integration.sockets.conftest import Subject


def test_a_plain_client_reports_without_ever_asking_for_an_answer(subject: Subject) -> None:
    viewer, reporter = subject.connect(), subject.connect()
    viewer.wait_event("active_tasks")
    form = {"名称": "期中", "pages": [1, 2]}
    reporter.emit("task_created", {"id": "job-7", "formData": form, "mode": "fast", "startTime": 1.5})
    reporter.emit("task_progress", {"id": "job-7", "progress": 40, "message": "halfway", "stage": "scan"})
    reporter.emit("task_completed", {"id": "job-7", "result": ["anything", 1]})
    completed = viewer.wait_event("task_completed")
    created = viewer.named("task_created")[-1]
    assert (created["formData"], created["mode"], created["startTime"]) == (form, "fast", 1.5)
    assert (created["kind"], created["status"], created["seq"]) == ("external", "running", 1)
    progress = viewer.named("task_progress")[-1]
    assert (progress["progress"], progress["message"], progress["stage"]) == (40.0, "halfway", "scan")
    assert progress["formData"] == form
    assert completed["result"] == ["anything", 1]
    assert completed["data"]["stage"] == "scan"
    task_id = created["id"]
    assert [name for _, name in subject.log_of(task_id)] == [
        "task_created",
        "task_progress",
        "task_status",
        "task_completed",
    ]


def test_the_ack_gives_the_servers_id_which_a_reporter_that_comes_back_goes_on_with(subject: Subject) -> None:
    with subject.connect() as first:
        created = first.call("task_created", {"id": "mine", "task_name": "Scan", "total": 4})
        task_id = created["id"]
        assert created == {"ok": True, "id": task_id}
        assert first.call("task_progress", {"id": "mine", "progress": 25, "processed": 1}) == created
    second = subject.connect()
    assert second.call("task_progress", {"id": "mine", "progress": 50})["code"] == "NOT_FOUND"
    assert second.call("task_progress", {"id": task_id, "progress": 50}) == created
    assert second.call("task_failed", {"id": str(task_id), "error": "out of paper"}) == created
    task = subject.call("GET", f"/api/tasks/{task_id}")["data"]
    assert (task["task_name"], task["total"], task["processed"]) == ("Scan", 4, 1)
    assert (task["status"], task["error"]["message"]) == ("failed", "out of paper")


def test_a_repeated_announcement_of_a_running_task_changes_nothing(subject: Subject) -> None:
    client = subject.connect()
    first = client.call("task_created", {"id": "again"})
    assert client.call("task_created", {"id": "again"}) == first
    client.call("task_completed", {"id": "again"})
    assert client.call("task_created", {"id": "again"})["id"] > first["id"]


def test_a_reporters_own_id_never_reaches_a_task_of_the_server_with_that_number(subject: Subject) -> None:
    theirs = subject.external()
    client = subject.connect()
    mine = client.call("task_created", {"id": theirs})["id"]
    assert mine != theirs
    assert client.call("task_progress", {"id": theirs, "progress": 5})["id"] == mine


def test_fast_progress_is_sampled_and_its_last_word_comes_before_the_end(subject: Subject) -> None:
    client = subject.connect()
    task_id = client.call("task_created", {"id": "fast"})["id"]
    for step in range(400):
        client.emit("task_progress", {"id": "fast", "progress": step / 4})
    client.emit("task_completed", {"id": "fast"})
    client.wait_event("task_completed")
    rows = subject.call("GET", f"/api/tasks/{task_id}/events?limit=500")["data"]
    progress = [row for row in rows if row["event"] == "task_progress"]
    assert progress[-1]["data"]["progress"] == 99.75
    seconds = rows[-1]["created_at"] - rows[0]["created_at"]
    assert len(progress) <= 20 * seconds + 3


def test_progress_that_waits_for_its_sample_is_recorded_though_its_reporter_has_gone(subject: Subject) -> None:
    with subject.connect() as reporter:
        task_id = reporter.call("task_created", {"id": "gone"})["id"]
        for progress in (10, 20, 30):
            assert reporter.call("task_progress", {"id": "gone", "progress": progress})["ok"]
    viewer = subject.connect()
    viewer.call("join_task", {"task_id": task_id, "last_seq": 0})
    viewer.wait(lambda: 30.0 in [progress["progress"] for progress in viewer.named("task_progress")])


def test_a_report_on_a_task_that_has_ended_is_refused(subject: Subject) -> None:
    client = subject.connect()
    task_id = client.call("task_created", {"id": "over"})["id"]
    client.call("cancel_task", {"task_id": task_id})
    for event, fields in (("task_progress", {"progress": 5}), ("task_completed", {}), ("task_failed", {})):
        assert client.call(event, {"id": "over", **fields})["code"] == "INVALID_TRANSITION"


def test_only_who_created_a_task_may_report_on_it(start_subject: Callable[..., Subject]) -> None:
    subject = start_subject("auth=required")
    keys = [
        subject.call("POST", "/test/keys", {"name": name, "scopes": ["tasks:read", "tasks:write"]})["key"]
        for name in ("ann", "bob")
    ]
    ann, bob = (subject.connect(auth={"token": key}) for key in keys)
    task_id = ann.call("task_created", {"id": "hers"})["id"]
    assert bob.call("task_progress", {"id": task_id, "progress": 5})["code"] == "FORBIDDEN"
    assert bob.call("task_completed", {"id": task_id})["code"] == "FORBIDDEN"
    assert ann.call("task_completed", {"id": task_id})["ok"]


def test_the_fields_of_a_reporters_own_are_bounded_however_many_reports_bring_them(subject: Subject) -> None:
    client = subject.connect()
    client.call("task_created", {"id": "fat", "form": "x" * 20_000})
    answers = [client.call("task_progress", {"id": "fat", "progress": 1, f"f{n}": "x" * 30_000}) for n in range(2)]
    client.wait(lambda: client.named("error") or not answers[-1]["ok"])
    assert client.named("error")[-1]["code"] == "TOO_LARGE"
