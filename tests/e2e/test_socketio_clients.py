"""socket.io-client against the server as it is run: `python app.py serve`."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.e2e.node import NODE, SECONDS, NodeClient, require_node
from tests.integration.sockets.client import Client
from tests.load.banks import write_bank
from tests.server import Server

TRANSPORTS = ["websocket", "polling", "upgrade"]
OWN_IDS = ("storm-1", "storm-2")
QUESTIONS = 1500


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    require_node()
    with Server(tmp_path_factory.mktemp("e2e") / "var", TASKBEAM_RATE_LIMIT="1000000/minute") as server:
        yield server


@pytest.fixture(scope="module")
def bank(server: Server, tmp_path_factory: pytest.TempPathFactory) -> int:
    file = write_bank(tmp_path_factory.mktemp("bank") / "bank.jsonl", questions=QUESTIONS, groups=40, seed=11)
    bank_id: int = server.call("POST", "/api/banks", {"name": "storm"})["data"]["id"]
    task = server.upload(f"/api/banks/{bank_id}/import", file)["data"]
    assert server.await_status(task["id"])["status"] == "completed"
    return bank_id


def dedup_task(server: Server, bank: int) -> int:
    return int(server.call("POST", "/api/dedup/tasks", {"task_name": "watched", "bank_id": bank})["data"]["id"])


def log_of(server: Server, task_id: int) -> list[list[Any]]:
    events: list[list[Any]] = []
    while True:
        after = events[-1][0] if events else 0
        page = server.call("GET", f"/api/tasks/{task_id}/events?after_seq={after}&limit=500")["data"]
        if not page:
            return events
        events += [[row["seq"], row["event"]] for row in page]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_dashboard_that_knows_only_the_fixed_events_sees_a_task_from_start_to_end(
    server: Server, bank: int, transport: str
) -> None:
    with NodeClient(server.url, transport) as dashboard:
        greeting = dashboard.wait_event("connected")
        assert (
            greeting["sid"]
            == dashboard.wait(lambda: [each for each in dashboard.lines if "connected" in each])[0]["connected"]
        )
        dashboard.wait_event("active_tasks")
        task_id = dedup_task(server, bank)
        assert dashboard.wait_event("task_created", lambda task: task["id"] == task_id)["status"] == "pending"
        dashboard.emit("join_task", {"task_id": task_id})
        joined = dashboard.wait_event("task_status", lambda each: each["task_id"] == task_id)
        assert (joined["seq"], joined["status"], joined["data"]["total_groups"]) == (None, "pending", 0)
        server.call("POST", f"/api/dedup/tasks/{task_id}/start")
        completed = dashboard.wait_event("task_completed", lambda each: each["task_id"] == task_id)
        progress = [each for each in dashboard.named("task_progress") if each["task_id"] == task_id]
        shown = [each["progress_percentage"] for each in progress]
        assert shown == sorted(shown)
        assert {"processed_groups", "total_groups", "current_group", "message"} <= progress[-1].keys()
        assert completed["data"]["progress_percentage"] == 100.0
        assert completed["result"]["questions"] == QUESTIONS
        dashboard.emit("leave_task", {"task_id": task_id})
        assert dashboard.wait_event("left")["task_id"] == task_id
        dashboard.emit("join_task", {"task_id": 987654321})
        assert dashboard.wait_event("error")["code"] == "NOT_FOUND"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_app_reports_a_task_of_its_own_and_goes_on_after_it_was_cut_off(server: Server, transport: str) -> None:
    with NodeClient(server.url, transport) as app, NodeClient(server.url, "websocket") as viewer:
        viewer.wait_event("active_tasks")
        app.emit("task_created", {"id": "scan-1", "formData": {"班级": "三年二班"}, "mode": "camera", "startTime": 1.5})
        created = viewer.wait_event("task_created", lambda task: task.get("mode") == "camera")
        assert created["formData"] == {"班级": "三年二班"}
        assert app.call("task_progress", {"id": "scan-1", "progress": 30})["id"] == created["id"]
        app.tell(cut=True)
        app.wait(lambda: len(app.said("connected")) == 2)
        assert app.call("task_failed", {"id": created["id"], "error": "the camera fell down"})["ok"]
        failed = viewer.wait_event("task_failed", lambda each: each["id"] == created["id"])
        assert failed["error"] == "the camera fell down"


def test_a_client_without_a_key_gets_a_connect_error_with_code_and_message(tmp_path: Path) -> None:
    require_node()
    with Server(tmp_path / "var", TASKBEAM_AUTH="required") as server:
        with NodeClient(server.url, "websocket", {"token": "tb_wrong"}) as stranger:
            refusal = stranger.wait(lambda: stranger.said("refused"))[0]
        assert refusal["data"] == {"code": "UNAUTHORIZED", "message": refusal["message"]}
        key = subprocess.run(
            [sys.executable, ROOT / "app.py", "keys", "create", "--name", "app", "--scope", "tasks:read"],
            env={"TASKBEAM_DATA_DIR": str(server.data_dir), "PATH": ""}, capture_output=True, text=True, check=True,
        ).stdout.split()[-1]  # fmt: skip
        with NodeClient(server.url, "polling", {"token": key}) as friend:
            assert friend.wait_event("connected")["sid"]
            assert friend.call("start_task", {"task_id": 1})["code"] == "FORBIDDEN"


def test_a_client_for_whom_there_was_no_place_comes_in_by_itself_when_another_leaves(tmp_path: Path) -> None:
    require_node()
    with Server(tmp_path / "var", TASKBEAM_MAX_CONNECTIONS_PER_CLIENT="1") as server:
        # Polling last: who polls and goes without a word keeps its place until it misses a ping.
        for transport in ["websocket", "polling"]:
            with NodeClient(server.url, "websocket") as inside:
                inside.wait_event("connected")
                waiting = NodeClient(server.url, transport)
                waiting.wait(lambda client=waiting: len(client.said("disconnected") + client.said("refused")) > 1)
                assert not waiting.said("connected")
                # A poll may find its session gone; only an answer with data would be final.
                assert not [line for line in waiting.said("refused") if "data" in line]
            with waiting:
                waiting.wait_event("connected")


@pytest.mark.timeout(300)
def test_forty_clients_cut_off_three_hundred_times_have_each_seen_exactly_the_log(server: Server, bank: int) -> None:
    computed = [dedup_task(server, bank) for _ in range(2)]
    with Client(server.port) as reporter:
        reported = [reporter.call("task_created", {"id": own_id})["id"] for own_id in OWN_IDS]
        command = ["node", "tasks/storm.mjs", server.url, "40", "300", *map(str, [*computed, *reported])]
        with killed_at_the_end(subprocess.Popen(command, cwd=NODE, stdout=subprocess.PIPE, text=True)) as storm:
            assert storm.stdout is not None
            assert json.loads(storm.stdout.readline()) == {"ready": True}
            for task_id in computed:
                server.call("POST", f"/api/dedup/tasks/{task_id}/start")
            with reporting(reporter):
                assert json.loads(storm.stdout.readline()) == {"cuts": 300}
            seen = json.loads(storm.stdout.readline())["seen"]
            assert storm.wait(SECONDS) == 0
    logs = {task_id: log_of(server, task_id) for task_id in [*computed, *reported]}
    assert all(len(logs[task_id]) > 50 for task_id in reported)
    assert len(seen) == 40
    for client in seen:
        assert client["events"] == logs[client["task_id"]]


@contextmanager
def killed_at_the_end(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def reporting(reporter: Client) -> Iterator[None]:
    """Both tasks report progress all the while, as fast as it is recorded, and complete at the end."""
    stop = threading.Event()

    def report() -> None:
        progress = 0.0
        while not stop.wait(0.05):
            progress = min(99.0, progress + 0.01)
            for own_id in OWN_IDS:
                reporter.emit("task_progress", {"id": own_id, "progress": progress})

    thread = threading.Thread(target=report)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    for own_id in OWN_IDS:
        reporter.call("task_completed", {"id": own_id})
