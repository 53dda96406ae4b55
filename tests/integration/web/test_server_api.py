"""The server's own state over REST."""

from __future__ import annotations

from flask.testing import FlaskClient

from services.version import VERSION


def test_the_state_names_workers_connections_and_tasks(quick_client: FlaskClient):
    quick_client.post("/api/external/tasks", json={"task_name": "render"})
    state = quick_client.get("/api/server").json["data"]
    assert (state["version"], state["database"], state["auth_required"]) == (VERSION, "sqlite", False)
    assert state["workers"]["workers"] == 0  # none was started
    assert state["connections"] == {"open": 0, "most": 5000, "clients": 0}
    assert sum(state["tasks"].values()) == 1


def test_what_doctor_finds_is_told_and_asked_once_for_many(quick_client: FlaskClient):
    first, again = (quick_client.post("/api/server/checks").json["data"] for _ in range(2))
    assert {"data directory", "database", "worker process"} <= {finding["check"] for finding in first["findings"]}
    assert all(finding["state"] in {"ok", "note", "warn", "fail"} for finding in first["findings"])
    assert again == first
