from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from services.auth import LOCAL
from services.bootstrap import Services


def make(services: Services, name: str = "a task", kind: str = "dedup", **options: Any) -> int:
    return int(services.tasks.create(kind, name, {}, by=LOCAL, **options)["id"])


def test_a_task_is_shown_as_the_contract_has_it(client: FlaskClient, services: Services):
    task_id = make(services)
    task = client.get(f"/api/tasks/{task_id}").json["data"]
    assert task["id"] == task_id
    assert (task["kind"], task["task_name"], task["status"]) == ("dedup", "a task", "pending")
    assert (task["total_groups"], task["processed_groups"], task["progress_percentage"]) == (0, 0, 0.0)
    assert (task["attempt"], task["last_seq"], task["owner"]) == (1, 1, "local")
    assert {"current_group", "message", "eta_seconds", "rate", "params", "result", "error"} <= task.keys()


def test_tasks_are_listed_newest_first_and_page_by_page(client: FlaskClient, services: Services):
    ids = [make(services, f"task {number}") for number in range(5)]
    first = client.get("/api/tasks?limit=3").json
    second = client.get(f"/api/tasks?limit=3&cursor={first['meta']['next_cursor']}").json
    assert [task["id"] for task in first["data"] + second["data"]] == ids[::-1]
    assert (first["meta"]["total"], second["meta"]) == (5, {"next_cursor": None, "total": 5})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=100%25", ["100% done"]),
        ("q=CHEM", ["chemistry"]),
        ("status=queued", ["queued one"]),
        ("status=completed", []),
        ("kind=import", ["an import"]),
        ("kind=ocr", []),
        ("owner=nobody", []),
        ("created_after=4000000000", []),
        ("created_before=1", []),
    ],
)
def test_a_filter_narrows_the_list(client: FlaskClient, services: Services, query: str, found: list[str]):
    for name in ("100% done", "1000 done", "chemistry"):
        make(services, name)
    make(services, "queued one", start=True)
    make(services, "an import", kind="import")
    assert [task["task_name"] for task in client.get(f"/api/tasks?{query}").json["data"]] == found


def test_a_pending_task_is_started_and_started_only_once(client: FlaskClient, services: Services):
    task_id = make(services)
    started = client.post(f"/api/tasks/{task_id}/start")
    assert (started.status_code, started.json["data"]["status"]) == (202, "queued")
    again = client.post(f"/api/tasks/{task_id}/start", json={})
    assert (again.status_code, again.json["code"]) == (409, "INVALID_TRANSITION")
    assert "cancel" in again.json["detail"]


def test_the_life_cycle_is_one_call_each(client: FlaskClient, services: Services):
    task_id = make(services, start=True)
    calls = ["cancel", "retry", "cancel"]
    assert [client.post(f"/api/tasks/{task_id}/{call}").status_code for call in calls] == [202, 202, 202]
    assert client.post(f"/api/tasks/{task_id}/pause").status_code == 409
    assert client.get(f"/api/tasks/{task_id}").json["data"]["attempt"] == 2


def test_a_task_that_has_ended_can_be_deleted(client: FlaskClient, services: Services):
    task_id = make(services, start=True)
    assert client.delete(f"/api/tasks/{task_id}").status_code == 409
    client.post(f"/api/tasks/{task_id}/cancel")
    deleted = client.delete(f"/api/tasks/{task_id}")
    assert (deleted.status_code, deleted.data) == (204, b"")
    assert client.get(f"/api/tasks/{task_id}").status_code == 404
    assert client.delete(f"/api/tasks/{task_id}").status_code == 404


def test_the_event_log_is_read_in_order_from_any_seq(client: FlaskClient, services: Services):
    task_id = make(services, start=True)
    client.post(f"/api/tasks/{task_id}/cancel")
    log = client.get(f"/api/tasks/{task_id}/events").json
    seqs = [row["seq"] for row in log["data"]]
    assert seqs == list(range(1, len(seqs) + 1))
    assert log["data"][0]["event"] == "task_created"
    assert log["data"][0]["data"]["seq"] == 1
    assert log["meta"] == {"next_cursor": None, "total": len(seqs)}
    assert client.get(f"/api/tasks/{task_id}/events?after_seq={seqs[-1]}").json["data"] == []


def test_the_event_log_is_walked_with_cursors_as_any_list(client: FlaskClient, services: Services):
    task_id = make(services, start=True)
    client.post(f"/api/tasks/{task_id}/cancel")
    seqs, query = [], "?limit=1"
    while True:
        page = client.get(f"/api/tasks/{task_id}/events{query}").json
        seqs += [row["seq"] for row in page["data"]]
        if page["meta"]["next_cursor"] is None:
            break
        query = f"?limit=1&cursor={page['meta']['next_cursor']}"
    assert seqs == list(range(1, page["meta"]["total"] + 1))


def test_another_program_reports_its_own_task(client: FlaskClient):
    made = client.post("/api/external/tasks", json={"task_name": "render", "total": 4, "meta": {"formData": {"a": 1}}})
    task_id = made.json["data"]["id"]
    assert (made.status_code, made.headers["Location"]) == (201, f"/api/tasks/{task_id}")
    assert made.json["data"]["formData"] == {"a": 1}
    half = client.patch(f"/api/external/tasks/{task_id}", json={"processed": 2, "message": "half"}).json["data"]
    assert (half["progress_percentage"], half["message"]) == (50.0, "half")
    done = client.patch(f"/api/external/tasks/{task_id}", json={"status": "completed", "result": {"pages": 4}})
    assert (done.json["data"]["status"], done.json["data"]["result"]) == ("completed", {"pages": 4})
    late = client.patch(f"/api/external/tasks/{task_id}", json={"progress": 60})
    assert late.status_code == 409


def test_a_task_of_ours_takes_no_reports(client: FlaskClient, services: Services):
    assert client.patch(f"/api/external/tasks/{make(services)}", json={"progress": 5}).status_code == 404


def test_what_a_reporter_wants_kept_is_bounded(client: FlaskClient):
    # Every event of the task carries it, to everybody who watches.
    large = {"note": "x" * 40_000}
    refused = client.post("/api/external/tasks", json={"task_name": "render", "meta": large})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "meta")
    task_id = client.post("/api/external/tasks", json={"task_name": "render"}).json["data"]["id"]
    report = f"/api/external/tasks/{task_id}"
    assert client.patch(report, json={"status": "completed", "result": {"x": "y" * 300_000}}).status_code == 422
    assert client.patch(report, json={"status": "completed", "result": large}).status_code == 200


def test_the_history_has_the_changes_as_they_were_sent(client: FlaskClient, services: Services):
    task_id = make(services, start=True)
    client.post(f"/api/tasks/{task_id}/cancel")
    history = client.get(f"/api/tasks/{task_id}/history").json["data"]
    assert history == {"changes": client.get(f"/api/tasks/{task_id}/events").json["data"], "curve": []}
