"""taskbeam-client (web/client) against servers as they are run, and killed, replaced and started again as it asks."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import ROOT, absent
from tests.pages import draw_page
from tests.server import Server

CLIENT = ROOT / "web" / "client"
SETTINGS = {"TASKBEAM_TEST_OCR_STUB": "1", "TASKBEAM_CAMERAS": "test", "TASKBEAM_WORKERS": "1"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if shutil.which("node") is None or not (CLIENT / "node_modules" / "vitest").is_dir():
        absent("needs Node, and `npm ci` in web/client")
    with Server(tmp_path_factory.mktemp("open") / "var", **SETTINGS) as server:
        yield server
        assert server.stop() == 0
    assert "Traceback" not in server.log


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Without a key nobody comes in, and with one not often at a time."""
    limits = {"TASKBEAM_AUTH": "required", "TASKBEAM_MAX_CONNECTIONS_PER_CLIENT": "8"}
    with Server(tmp_path_factory.mktemp("locked") / "var", **limits, **SETTINGS) as server:
        yield server


@pytest.fixture(scope="module")
def control(server: Server) -> Iterator[str]:
    """A URL where Vitest says what is to be done with the server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            command = urlsplit(self.path)
            try:
                COMMANDS[command.path.strip("/")](
                    server, {key: int(value) for key, [value] in parse_qs(command.query).items()}
                )
                self.send_response(204)
                self.end_headers()
            except Exception as error:
                self.send_error(500, explain=repr(error))

        def log_message(self, *_arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


def restart(server: Server, _asked: dict[str, int]) -> None:
    server.kill()
    server.start()


def replace(server: Server, _asked: dict[str, int]) -> None:
    """Another database in its place, as after a backup was put back: ids and seqs begin again."""
    server.kill()
    for file in server.data_dir.glob("taskbeam.db*"):
        file.unlink()
    server.start()


def forget(server: Server, asked: dict[str, int]) -> None:
    """As the retention of events does in time."""
    with sqlite3.connect(server.data_dir / "taskbeam.db", timeout=10) as database:
        database.execute("DELETE FROM task_events WHERE task_id = ? AND seq <= ?", (asked["task"], asked["up_to"]))
    database.close()


COMMANDS = {
    "restart": restart,
    "replace": replace,
    "forget": forget,
    "kill": lambda server, _asked: server.kill(),
    "start": lambda server, _asked: server.start(),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "page.png").write_bytes(draw_page(["第一题", "2 + 2 = ____"], slow=0.4))
    (folder / "other.png").write_bytes(draw_page(["another page", "of two lines"], slow=0.4))
    (folder / "slow.png").write_bytes(draw_page(["1", "2", "3", "4", "5"], slow=10))
    return folder


@pytest.mark.timeout(240)  # two servers, started four times; seconds on a machine with nothing else to do
def test_the_client_package_keeps_its_word(server: Server, locked: Server, control: str, pictures: Path) -> None:
    key = subprocess.run(
        [sys.executable, ROOT / "app.py", "keys", "create", "--name", "client", "--scope", "admin"],
        env={"TASKBEAM_DATA_DIR": str(locked.data_dir), "PATH": ""}, capture_output=True, text=True, check=True,
    ).stdout.split()[-1]  # fmt: skip
    told = {
        "TASKBEAM_TEST_URL": server.url,
        "TASKBEAM_TEST_LOCKED_URL": locked.url,
        "TASKBEAM_TEST_KEY": key,
        "TASKBEAM_TEST_CONTROL": control,
        "TASKBEAM_TEST_PICTURES": str(pictures),
        "NO_COLOR": "1",
    }
    command = ["node", "node_modules/vitest/vitest.mjs", "run", *os.environ.get("VITEST_ARGS", "").split()]
    with (pictures / "vitest.log").open("w") as log:
        result = subprocess.run(
            command, cwd=CLIENT, env=os.environ | told, stdout=log, stderr=log, timeout=220, check=False
        )
    assert result.returncode == 0, (pictures / "vitest.log").read_text()[-8000:]
