"""Node's own clients against a camera of the server as it is run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.node import NODE, SECONDS, require_node
from tests.server import Server, free_port


@pytest.fixture(scope="module")
def old_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, old_port: int) -> Iterator[Server]:
    require_node()
    settings = {"TASKBEAM_CAMERAS": "test", "TASKBEAM_CAMERA_WS_PORT": str(old_port), "TASKBEAM_WORKERS": "1"}
    with Server(tmp_path_factory.mktemp("camera") / "var", **settings) as server:
        yield server
        assert server.stop() == 0
    assert "Traceback" not in server.log


def run(script: str, *arguments: str) -> Any:
    command = ["node", f"camera/{script}", *arguments]
    result = subprocess.run(command, cwd=NODE, capture_output=True, text=True, timeout=2 * SECONDS, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_an_app_gets_buffers_and_paces_them_by_its_acks(server: Server, transport: str) -> None:
    seen = run("client.mjs", server.url, transport)
    assert (seen["watched"]["ok"], seen["watched"]["width"]) == (True, 64)
    assert seen["buffers"] == len(seen["frames"])
    assert all(frame["isJpeg"] and frame["type"] == "image" and frame["width"] == 64 for frame in seen["frames"])
    assert seen["unacked"] == 2
    assert seen["newest"] > 8  # of a source with 30 a second, after 1.5 seconds
    assert (seen["refused"]["code"], seen["error"]["code"]) == ("NOT_FOUND", "NOT_FOUND")
    assert seen["unwatched"]["ok"]
    assert "live" in seen["statuses"] or "opening" in seen["statuses"]


def test_an_old_app_gets_images_on_the_port_it_dials(server: Server, old_port: int) -> None:
    for url in (f"ws://127.0.0.1:{old_port}/", f"ws://127.0.0.1:{server.port}/ws/camera"):
        seen = run("raw.mjs", url)
        assert all(image["isJpeg"] and image["type"] == "image" for image in seen["images"])
        seqs = [image["seq"] for image in seen["images"]]
        assert seqs == sorted(set(seqs))
        newest = seen["images"][-1]
        assert newest["at"] - newest["timestamp"] < 1.5
        assert (seen["extensions"], seen["code"]) == ("", 1000)


def test_binary_on_the_raw_socket_is_the_jpeg(server: Server) -> None:
    seen = run("raw.mjs", f"ws://127.0.0.1:{server.port}/ws/camera?format=binary&fps=30")
    assert all(image["isJpeg"] and image["type"] == "binary" for image in seen["images"])
