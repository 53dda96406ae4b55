"""`/ws/camera`, and the same at `/` on a port of its own, over the test pattern."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket
from PIL import Image

from tests.conftest import ROOT
from tests.server import Server, free_port

SECONDS = 20.0
CAMERAS = "front=test:320x240@30,back=test:160x120@10"


@pytest.fixture(scope="module")
def old_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, old_port: int) -> Iterator[Server]:
    settings = {"TASKBEAM_CAMERAS": CAMERAS, "TASKBEAM_CAMERA_WS_PORT": str(old_port), "TASKBEAM_WORKERS": "1"}
    with Server(tmp_path_factory.mktemp("camera") / "var", **settings) as server:
        yield server
    assert "Traceback" not in server.log


def connect(port: int, path: str = "/ws/camera", **options: Any) -> websocket.WebSocket:
    options = {"suppress_origin": True, **options}
    client = websocket.create_connection(f"ws://127.0.0.1:{port}{path}", timeout=SECONDS, **options)
    _clients.append(client)
    return client


_clients: list[websocket.WebSocket] = []


@pytest.fixture(autouse=True)
def no_client_stays() -> Iterator[None]:
    yield
    while _clients:
        _clients.pop().shutdown()


def message(client: websocket.WebSocket) -> dict[str, Any]:
    return dict(json.loads(client.recv()))


def next_of(client: websocket.WebSocket, kind: str) -> dict[str, Any]:
    while (told := message(client))["type"] != kind:
        pass
    return told


def close_code(client: websocket.WebSocket) -> int:
    while True:
        opcode, data = client.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(data[:2], "big")


def size_of(jpeg: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(jpeg)).size


def test_frames_come_without_being_asked(server: Server) -> None:
    client = connect(server.port)
    images = [message(client) for _ in range(5)]
    client.close()
    assert {image["type"] for image in images} == {"image"}
    assert size_of(base64.b64decode(images[0]["data"])) == (320, 240) == (images[0]["width"], images[0]["height"])
    assert [image["seq"] for image in images] == sorted({image["seq"] for image in images})
    assert abs(images[-1]["timestamp"] - time.time()) < 5
    assert isinstance(images[0]["camera_id"], int)


def test_ten_a_second_unless_asked_otherwise(server: Server) -> None:
    client = connect(server.port)
    message(client)
    stamps = [message(client)["timestamp"] for _ in range(15)]
    client.close()
    assert 5 < 14 / (stamps[-1] - stamps[0]) < 12


def test_old_clients_find_it_at_the_root_of_their_port(old_port: int) -> None:
    client = connect(old_port, "/")
    assert message(client)["type"] == "image"
    client.close()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect(old_port, "/ws/ocr")
    assert refused.value.status_code == 404


def test_a_page_of_the_main_port_may_use_the_old_one_and_a_foreign_one_may_not(server: Server, old_port: int) -> None:
    client = connect(old_port, "/", suppress_origin=False, origin=server.url)
    assert message(client)["type"] == "image"
    client.close()
    for port, path in ((old_port, "/"), (server.port, "/ws/camera")):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            connect(port, path, suppress_origin=False, origin="http://elsewhere.example")
        assert refused.value.status_code == 403


def test_binary_is_the_jpeg_alone(server: Server) -> None:
    client = connect(server.port, "/ws/camera?format=binary&width=64&camera=back&token=")
    assert size_of(client.recv()) == (64, 48)
    client.close()


def test_set_changes_what_it_names(server: Server) -> None:
    client = connect(server.port, "/ws/camera?width=64")
    assert message(client)["width"] == 64
    client.send(json.dumps({"type": "set", "data": {"width": 128}}))
    while message(client)["width"] != 128:
        pass
    client.send(json.dumps({"type": "set", "data": {"fps": 30}}))
    deadline = time.monotonic() + SECONDS
    stamps: list[float] = []
    while time.monotonic() < deadline and not (len(stamps) > 10 and stamps[-1] - stamps[-10] < 0.5):
        image = message(client)
        assert image["width"] == 128
        stamps.append(image["timestamp"])
    client.close()
    assert stamps[-1] - stamps[-10] < 0.5


def test_what_cannot_be_served_is_an_error_and_the_stream_goes_on(server: Server) -> None:
    client = connect(server.port)
    for wrong in ("{", '{"type": "set", "data": {"fps": 0}}', '{"type": "dance"}', "[]", '{"type": "set", "data": 7}'):
        client.send(wrong)
        error = next_of(client, "error")
        assert error["code"] == "INVALID_INPUT", wrong
        assert error["message"]
    assert next_of(client, "image")["seq"]
    client.close()


@pytest.mark.parametrize(
    ("query", "code", "close"),
    [("camera=999", "NOT_FOUND", 4404), ("fps=0", "INVALID_INPUT", 1008), ("format=png", "INVALID_INPUT", 1008)],
)
def test_a_query_that_cannot_be_served_is_told_and_closed(server: Server, query: str, code: str, close: int) -> None:
    client = connect(server.port, f"/ws/camera?{query}")
    error = message(client)
    assert (error["type"], error["code"]) == ("error", code)
    assert close_code(client) == close


def test_a_deleted_camera_ends_its_streams(server: Server) -> None:
    camera = server.call("POST", "/api/cameras", {"source": "test:160x120@10", "name": "short-lived"})["data"]
    client = connect(server.port, "/ws/camera?camera=short-lived")
    message(client)
    server.call("DELETE", f"/api/cameras/{camera['id']}")
    assert next_of(client, "error")["code"] == "SUBSCRIPTION_CLOSED"
    assert close_code(client) == 1001


def test_who_reads_slowly_gets_the_newest_frames_and_holds_up_nobody(server: Server) -> None:
    slow = connect(server.port, "/ws/camera?fps=30&quality=95&format=json", sockopt=((1, 8, 4096),))  # SO_RCVBUF
    quick = connect(server.port, "/ws/camera?fps=30&quality=95")
    message(slow)
    message(quick)
    began, count = time.monotonic(), 0
    while time.monotonic() - began < 3:
        message(quick)
        count += 1
    assert count > 20
    images = [message(slow) for _ in range(300)]
    assert time.time() - images[-1]["timestamp"] < 2
    for client in (slow, quick):
        client.close()


def test_a_fault_is_told_to_who_watches_and_to_who_comes_later(tmp_path: Path) -> None:
    with Server(tmp_path / "var", TASKBEAM_CAMERAS="gone=/nowhere/at/all.mp4", TASKBEAM_WORKERS="1") as server:
        first = connect(server.port)
        error = message(first)
        assert (error["type"], error["camera_id"]) == ("error", 1)
        late = connect(server.port)
        assert message(late)["code"] == error["code"]
        server.process.terminate()  # type: ignore[union-attr]
        assert close_code(first) == close_code(late) == 1001


def test_a_key_is_asked_for_and_its_end_ends_the_stream(tmp_path: Path) -> None:
    with Server(tmp_path / "var", TASKBEAM_CAMERAS="test:160x120@10", TASKBEAM_AUTH="required") as server:
        _, nobody = key(server, "tasks:read")
        ids, viewer = key(server, "camera:view")
        stranger = connect(server.port)
        assert message(stranger)["code"] == "UNAUTHORIZED"
        assert close_code(stranger) == 4401
        assert close_code(connect(server.port, f"/ws/camera?token={nobody}")) == 4403
        client = connect(server.port, header={"X-API-Key": viewer})
        assert message(client)["type"] == "image"
        run_keys(server, "revoke", ids)
        assert next_of(client, "error")["code"] == "UNAUTHORIZED"
        assert close_code(client) == 4401


def key(server: Server, scope: str) -> tuple[str, str]:
    """(id, key)."""
    text = run_keys(server, "create", "--name", scope, "--scope", scope).splitlines()[-1]
    listed = run_keys(server, "list")
    line = next(line for line in listed.splitlines() if scope in line)
    return line.split()[0], text


def run_keys(server: Server, *arguments: str) -> str:
    environment = os.environ | {"TASKBEAM_DATA_DIR": str(server.data_dir)}
    command = [sys.executable, str(ROOT / "app.py"), "keys", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
