"""Node's `ws` against `/ws/ocr` of the server as it is run: `python app.py serve`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.e2e.node import NODE, SECONDS, require_node
from tests.pages import draw_page
from tests.server import Server, free_port

STUB = {"TASKBEAM_TEST_OCR_STUB": "1"}
LINES = ["第一题", "2 + 2 = ____"]


def run_client(url: str, folder: Path, *token: str) -> Any:
    page = folder / "page.png"
    page.write_bytes(draw_page([*LINES, url], slow=0.6))  # another one for each server, or the cache would know it
    command = ["node", "ocr/client.mjs", url, str(page), *token]
    result = subprocess.run(command, cwd=NODE, capture_output=True, text=True, timeout=2 * SECONDS, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def check(seen: Any) -> None:
    assert [text.splitlines()[:-1] for text in seen["texts"]] == [LINES, LINES]
    assert seen["progress"] == sorted(seen["progress"])
    assert seen["progress"]
    assert seen["batch"] == [True, "INVALID_IMAGE"]
    assert (seen["cancelled"], seen["refused"], seen["uptime"]) == ("CANCELLED", "INVALID_MESSAGE", True)
    assert (seen["extensions"], seen["code"]) == ("permessage-deflate", 1000)


def test_an_app_has_pages_read_on_the_main_port_and_on_the_one_old_clients_dial(tmp_path: Path) -> None:
    require_node()
    old = free_port()
    with Server(tmp_path / "var", TASKBEAM_OCR_WS_PORT=str(old), **STUB) as server:
        for port in (server.port, old):
            seen = run_client(f"ws://127.0.0.1:{port}/ws/ocr", tmp_path)
            check(seen)
            assert seen["statuses"] == ["connected"]
        assert server.stop() == 0
        assert "Traceback" not in server.log


def test_an_app_shows_its_key_first(tmp_path: Path) -> None:
    require_node()
    with Server(tmp_path / "var", TASKBEAM_AUTH="required", **STUB) as server:
        key = subprocess.run(
            [sys.executable, ROOT / "app.py", "keys", "create", "--name", "app", "--scope", "ocr"],
            env={"TASKBEAM_DATA_DIR": str(server.data_dir), "PATH": ""}, capture_output=True, text=True, check=True,
        ).stdout.split()[-1]  # fmt: skip
        seen = run_client(f"ws://127.0.0.1:{server.port}/ws/ocr", tmp_path, key)
        check(seen)
        assert seen["statuses"] == ["auth_required", "connected"]


def test_a_port_that_is_taken_stops_the_start_with_the_setting_s_name(tmp_path: Path) -> None:
    port = str(free_port())
    result = subprocess.run(
        [sys.executable, ROOT / "app.py", "serve"],
        env={"TASKBEAM_DATA_DIR": str(tmp_path), "TASKBEAM_PORT": port, "TASKBEAM_OCR_WS_PORT": port, "PATH": ""},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert f"TASKBEAM_OCR_WS_PORT: 127.0.0.1:{port} is in use" in result.stderr
