"""Cameras over REST: objects without a server, streams from a real one."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import requests
from flask.testing import FlaskClient
from PIL import Image

from services.bootstrap import Services
from services.cameras import stamp
from services.cameras.multipart import PartReader, boundary_of
from tests.integration.web.conftest import ServicesOf, client_of
from tests.server import Server

PATIENCE = 20.0  # seconds; only to notice a hang


@pytest.fixture
def opened(services: Services) -> Iterator[Services]:
    yield services
    services.cameras.close()


@pytest.fixture
def camera(opened: Services) -> dict[str, Any]:
    return opened.cameras.create("test:320x240@20", name="door")


def test_a_camera_is_made_read_changed_and_deleted(client: FlaskClient):
    made = client.post("/api/cameras", json={"source": "test:320x240@20", "name": "door", "width": 160})
    assert made.status_code == 201
    place = made.headers["Location"]
    assert made.json["data"] | {"id": 0, "created_at": 0, "updated_at": 0} == {
        "id": 0, "name": "door", "source": "test:320x240@20", "configured": False, "fps": 30.0, "quality": 80,
        "width": 160, "state": "closed", "viewers": 0, "created_at": 0, "updated_at": 0,
    }  # fmt: skip
    changed = client.patch(place, json={"name": "gate", "width": None}).json["data"]
    assert (changed["name"], changed["width"]) == ("gate", None)
    assert client.patch(place, json={}).json["data"]["name"] == "gate"
    assert client.get("/api/cameras").json["meta"]["total"] == 1
    assert client.delete(place).status_code == 204
    assert client.get(place).status_code == 404


def test_a_password_in_a_source_is_never_shown(client: FlaskClient):
    made = client.post("/api/cameras", json={"source": "rtsp://me:hunter2@camera.example/1"})
    assert made.json["data"]["source"] == "rtsp://me:***@camera.example/1"
    assert "hunter2" not in client.get("/api/cameras").text


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"source": "http://127.0.0.1/x.mjpg"}, "source", "SOURCE_REFUSED"),
        ({"source": "/etc/passwd"}, "source", "SOURCE_REFUSED"),
        ({"source": "ftp://camera.example/"}, "source", "SOURCE_REFUSED"),
        ({"source": "test", "fps": 0}, "fps", "INVALID_INPUT"),
        ({"source": "test", "width": 100_000}, "width", "INVALID_INPUT"),
        ({"name": "door"}, "source", "INVALID_INPUT"),
    ],
)
def test_what_cannot_be_a_camera_is_refused_with_its_field(quick_client: FlaskClient, body: Any, field: str, code: str):
    answer = quick_client.post("/api/cameras", json=body)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_a_name_that_is_taken_is_a_conflict(client: FlaskClient, camera: dict[str, Any]):
    assert client.post("/api/cameras", json={"source": "test", "name": camera["name"]}).status_code == 409


def test_a_snapshot_is_the_newest_picture_in_full_resolution(client: FlaskClient, camera: dict[str, Any]):
    asked_at = time.time()
    answer = client.get(f"/api/cameras/{camera['id']}/snapshot.jpg")
    assert (answer.status_code, answer.content_type, answer.headers["Cache-Control"]) == (200, "image/jpeg", "no-store")
    picture = pixels(answer.data)
    assert picture.shape == (240, 320, 3)
    taken_at, _ = stamp.read(picture) or (0.0, 0)
    assert abs(taken_at - float(answer.headers["X-Timestamp"])) < 0.01
    assert taken_at > asked_at - 1.0


def test_a_snapshot_may_be_smaller_and_is_never_larger(client: FlaskClient, camera: dict[str, Any]):
    path = f"/api/cameras/{camera['id']}/snapshot.jpg"
    assert pixels(client.get(f"{path}?width=160").data).shape == (120, 160, 3)
    assert pixels(client.get(f"{path}?width=640").data).shape == (240, 320, 3)
    assert client.get(f"{path}?quality=96").status_code == 422


def test_figures_are_read_without_opening_the_camera(client: FlaskClient, camera: dict[str, Any]):
    figures = client.get(f"/api/cameras/{camera['id']}/status").json["data"]
    assert (figures["state"], figures["viewers"], figures["captures"]) == ("closed", 0, 0)


@pytest.mark.parametrize("call", ["snapshot.jpg", "stream.mjpg", "status"])
def test_a_camera_that_is_not_there_has_no_picture(quick_client: FlaskClient, call: str):
    assert quick_client.get(f"/api/cameras/7/{call}").status_code == 404


def test_what_the_camera_sees_becomes_an_ocr_task(client: FlaskClient, camera: dict[str, Any], tmp_path: Path):
    made = client.post(f"/api/cameras/{camera['id']}/ocr")
    task = made.json["data"]
    assert (made.status_code, task["kind"], task["status"]) == (201, "ocr", "queued")
    assert task["task_name"].startswith("door ")
    (file,) = (tmp_path / "uploads").glob("*.upload")
    assert pixels(file.read_bytes()).shape == (240, 320, 3)
    assert made.headers["Location"] == f"/api/ocr/tasks/{task['id']}"


def test_how_it_is_to_be_read_can_be_said(client: FlaskClient, camera: dict[str, Any]):
    body = {"requirements": {"language": "english"}, "task_name": "plate", "auto_start": False}
    task = client.post(f"/api/cameras/{camera['id']}/ocr", json=body).json["data"]
    assert (task["task_name"], task["status"]) == ("plate", "pending")
    assert task["params"]["requirements"]["language"] == "english"
    assert client.post(f"/api/cameras/{camera['id']}/ocr", json={"nonsense": 1}).status_code == 422


def test_viewing_and_changing_need_scopes_of_their_own(services_of: ServicesOf):
    services = services_of(auth="required")
    key = {scope: services.auth.keys.create(scope, [scope])[1] for scope in ("camera:view", "camera:control", "ocr")}
    clients = {scope: client_of(services, Authorization=f"Bearer {secret}") for scope, secret in key.items()}
    assert clients["camera:view"].get("/api/cameras").status_code == 200
    assert clients["camera:view"].post("/api/cameras", json={"source": "test"}).status_code == 403
    assert clients["camera:control"].post("/api/cameras", json={"source": "test"}).status_code == 201
    assert clients["camera:control"].get("/api/cameras/1/stream.mjpg").status_code == 403
    assert clients["camera:view"].post("/api/cameras/1/ocr").status_code == 403
    assert clients["ocr"].post("/api/cameras/1/ocr").status_code == 403  # what is read can be seen, too
    assert client_of(services).get("/api/cameras/1/snapshot.jpg").status_code == 401


# --- streams


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    cameras = "door=test:320x240@20,gone=/nowhere.mp4"
    settings = {"TASKBEAM_WORKERS": "1", "TASKBEAM_MAX_CONNECTIONS_PER_CLIENT": "3", "TASKBEAM_CAMERAS": cameras}
    with Server(tmp_path_factory.mktemp("server") / "data", **settings) as server:
        yield server


class Stream:
    """An MJPEG client that reads when it is asked to."""

    def __init__(self, server: Server, query: str = "", camera: int = 1) -> None:
        path = f"/api/cameras/{camera}/stream.mjpg?{query}"
        self.answer = requests.get(server.url + path, stream=True, timeout=PATIENCE)

    def __enter__(self) -> Self:
        self._parts = PartReader(boundary_of(self.answer.headers["Content-Type"]))
        return self

    def __exit__(self, *_error: object) -> None:
        self.answer.close()

    def read(self) -> bytes:
        """The next picture."""
        while (picture := self._parts.next()) is None:
            data = self.answer.raw.read1(1 << 16)
            assert data, "the stream has ended"
            self._parts.feed(data)
        return picture

    def read_to_its_end(self) -> bool:
        """Whether it has one, within some seconds."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if not self.answer.raw.read1(1 << 16):
                return True
        return False


def pixels(jpeg: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.asarray(Image.open(BytesIO(jpeg)).convert("RGB"))


def seq_of(jpeg: bytes) -> int:
    found = stamp.read(pixels(jpeg))
    assert found is not None
    return found[1]


def await_viewers(server: Server, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while server.call("GET", "/api/cameras/1/status")["data"]["viewers"] != count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_stream_gives_picture_after_picture_as_it_was_asked_for(server: Server):
    with Stream(server, "width=160&quality=50") as stream:
        assert stream.answer.headers["Cache-Control"] == "no-store"
        pictures = [stream.read() for _ in range(5)]
    assert all(pixels(picture).shape == (120, 160, 3) for picture in pictures)
    numbers = [seq_of(picture) for picture in pictures]
    assert numbers == sorted(set(numbers))


def test_a_small_picture_does_not_wait_for_the_next_one(server: Server):
    with Stream(server, "width=160&quality=10&fps=1") as stream:
        stream.read()
        taken_at, _ = stamp.read(pixels(stream.read())) or (0.0, 0)
        assert time.time() - taken_at < 0.9  # it would be 1.0 if it came with the third


def test_a_reader_that_was_away_gets_the_newest_and_not_what_it_missed(server: Server):
    made = server.call("POST", "/api/cameras", {"source": "test:1280x720@60", "quality": 95, "fps": 60})["data"]
    with Stream(server, camera=made["id"]) as stream:
        first = seq_of(stream.read())
        time.sleep(4.0)  # 40 MB, and the kernels keep some 5 of them
        seen = [seq_of(stream.read()) for _ in range(60)]
    figures = requests.get(f"{server.url}/api/cameras/{made['id']}/status", timeout=PATIENCE).json()["data"]
    server.call("DELETE", f"/api/cameras/{made['id']}")
    gaps = [later - earlier for earlier, later in zip([first, *seen], seen, strict=False)]
    assert max(gaps) > 20, (gaps, figures)
    assert min(gaps) > 0


def test_a_client_that_leaves_is_forgotten_while_nothing_is_sent(server: Server):
    await_viewers(server, 0)
    with Stream(server, "fps=1") as stream:
        stream.read()
        await_viewers(server, 1)
    await_viewers(server, 0)


def test_streams_are_live_connections_and_there_are_only_so_many(server: Server):
    await_viewers(server, 0)
    with contextlib.ExitStack() as open_streams:
        for _ in range(3):
            open_streams.enter_context(Stream(server)).read()
        refused = Stream(server).answer
        assert (refused.status_code, refused.json()["code"]) == (503, "TOO_MANY_CONNECTIONS")
    await_viewers(server, 0)
    with Stream(server) as stream:
        stream.read()


def test_asking_for_the_head_only_leaves_no_viewer_behind(server: Server):
    await_viewers(server, 0)
    answer = requests.head(f"{server.url}/api/cameras/1/stream.mjpg", timeout=PATIENCE)
    assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace")
    await_viewers(server, 0)


def test_a_client_of_http_1_0_gets_the_stream_unchunked(server: Server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as sock:
        sock.sendall(b"GET /api/cameras/1/stream.mjpg HTTP/1.0\r\n\r\n")
        received = b""
        while received.count(b"X-Seq") < 3:
            received += sock.recv(1 << 16)
    assert b"Transfer-Encoding" not in received.partition(b"\r\n\r\n")[0]


def test_a_camera_that_gives_nothing_says_why(server: Server):
    answer = Stream(server, camera=2).answer
    assert (answer.status_code, answer.json()["code"]) == (503, "CAMERA_UNAVAILABLE")
    assert "/nowhere.mp4" in answer.json()["detail"]


def test_the_stream_of_a_deleted_camera_ends(server: Server):
    made = server.call("POST", "/api/cameras", {"source": "test:320x240@20"})["data"]
    with Stream(server, camera=made["id"]) as stream:
        stream.read()
        server.call("DELETE", f"/api/cameras/{made['id']}")
        assert stream.read_to_its_end()


def test_a_server_that_stops_ends_its_streams_and_does_not_wait_for_them(tmp_path: Path):
    server = Server(tmp_path / "data", TASKBEAM_WORKERS="1", TASKBEAM_CAMERAS="test:320x240@20")
    server.start()
    with Stream(server) as stream:
        stream.read()
        assert server.stop() == 0
        assert stream.read_to_its_end()


def test_the_stream_of_a_revoked_key_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, services_of: ServicesOf):
    monkeypatch.setattr("web.streams._KEY_SECONDS", 0.0)
    services = services_of(auth="required")
    row, secret = services.auth.keys.create("me", ["camera:view"])
    services.cameras.create("test:320x240@20")
    try:
        client = client_of(services, Authorization=f"Bearer {secret}")
        answer = client.get("/api/cameras/1/stream.mjpg", buffered=False)
        parts = iter(answer.response)
        assert b"X-Seq" in next(parts)
        services.auth.keys.revoke(row.id)
        assert list(parts) == []
        answer.close()
    finally:
        services.cameras.close()


def test_a_camera_is_recorded_into_a_file_that_can_be_downloaded(server: Server):
    camera = server.call("POST", "/api/cameras", {"source": "test:160x120@20"})["data"]
    begun = server.call("POST", f"/api/cameras/{camera['id']}/recordings", {"seconds": 30, "fps": 10})["data"]
    place = f"/api/recordings/{begun['id']}"
    twice = requests.post(f"{server.url}/api/cameras/{camera['id']}/recordings", json={}, timeout=9)
    assert (begun["status"], twice.status_code) == ("recording", 409)
    assert requests.get(f"{server.url}{place}/file", timeout=9).status_code == 409
    await_recording(server, place, lambda recording: recording["frames"] >= 5)
    assert requests.post(f"{server.url}{place}/stop", timeout=9).status_code == 202
    ended = await_recording(server, place, lambda recording: recording["status"] == "completed")
    clip = requests.get(f"{server.url}{place}/file", timeout=9)
    assert (clip.headers["Content-Type"], len(clip.content)) == ("video/x-matroska", ended["size"])
    part = requests.get(f"{server.url}{place}/file", headers={"Range": "bytes=0-3"}, timeout=9)
    assert (part.status_code, part.content) == (206, clip.content[:4])
    assert server.call("GET", f"/api/recordings?camera_id={camera['id']}")["meta"]["total"] == 1
    assert server.call("GET", f"/api/tasks/{begun['task_id']}")["data"]["status"] == "completed"
    server.call("DELETE", place)
    assert requests.get(f"{server.url}{place}", timeout=9).status_code == 404


def await_recording(server: Server, place: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while not condition(recording := server.call("GET", place)["data"]):
        assert time.monotonic() < deadline, recording
        time.sleep(0.1)
    return recording
