"""The first page's own socket client, run by Node against a real server."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, absent
from tests.server import Server

CLIENT = ROOT / "web" / "static" / "js" / "socket.js"
PATIENCE = 30.0  # seconds; only to notice a hang


class Page:
    """What the client told so far."""

    def __init__(self, server: Server, token: str = "") -> None:
        node = shutil.which("node") or absent("Node is not installed")
        script = Path(__file__).with_name("page_socket.mjs")
        self._process = subprocess.Popen(
            [str(node), "--experimental-websocket", str(script), str(CLIENT), f"127.0.0.1:{server.port}", token],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._heard: list[list[Any]] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._heard.append(json.loads(line))

    def await_event(self, event: str, matches: Callable[[Any], bool] = lambda _: True, after: int = 0) -> int:
        """The position after the first such event at or after `after`."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for position, (name, detail) in enumerate(list(self._heard)[after:], after):
                if name == event and matches(detail):
                    return position + 1
            assert time.monotonic() < deadline, self._heard
            time.sleep(0.02)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def page_of() -> Iterator[Callable[..., Page]]:
    pages: list[Page] = []

    def open_page(server: Server, token: str = "") -> Page:
        pages.append(Page(server, token))
        return pages[-1]

    yield open_page
    for page in pages:
        page.close()


def test_the_page_hears_of_tasks_and_comes_back_by_itself(tmp_path: Path, page_of: Callable[..., Page]):
    with Server(tmp_path / "data", TASKBEAM_WORKERS="1") as server:
        page = page_of(server)
        page.await_event("active_tasks")  # the page is in the lobby: from here on it hears of what is created
        task = server.call("POST", "/api/external/tasks", {"task_name": "渲染", "total": 4})["data"]
        page.await_event("task_created", lambda told: told["task_name"] == "渲染")
        server.kill()
        lost = page.await_event("state", lambda state: state == "offline")
        server.start()
        page.await_event("state", lambda state: state == "live", after=lost)
        page.await_event("active_tasks", lambda told: [one["id"] for one in told["tasks"]] == [task["id"]], after=lost)
        server.call("PATCH", f"/api/external/tasks/{task['id']}", {"processed": 1})
        page.await_event("task_progress", lambda told: told["progress_percentage"] == 25, after=lost)


def test_a_page_without_a_key_is_told_so_and_does_not_knock_again(tmp_path: Path, page_of: Callable[..., Page]):
    with Server(tmp_path / "data", TASKBEAM_WORKERS="1", TASKBEAM_AUTH="required") as server:
        page = page_of(server, "tb_wrong")
        page.await_event("refused", lambda told: told["code"] == "UNAUTHORIZED")
        page.await_event("state", lambda state: state == "refused")
