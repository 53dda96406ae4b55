from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from services.cameras import stamp
from services.cameras.frames import Wish
from services.cameras.source_spec import Source
from services.cameras.sources.opencv import OpenCvSource
from services.errors import SourceRefusedError
from tests.integration.cameras.conftest import PATIENCE, CameraHouse, frames_for, wait_until
from tests.integration.cameras.sources import MjpegCamera, RtspCamera, jpeg, stamped, video


@pytest.fixture
def rtsp() -> Iterator[RtspCamera]:
    camera = RtspCamera()
    yield camera
    camera.close()


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=e\r\n\r\n"


def test_a_file_loops_at_its_own_speed(house: CameraHouse) -> None:
    video(house.files / "clip.avi", frames=10, fps=20)
    viewer = house.service.watch(house.service.create("clip.avi")["id"])
    viewer.next(PATIENCE)
    frames = frames_for(viewer, 2)
    numbers = [stamped(frame.data)[1] for frame in frames]
    assert set(numbers) == set(range(1, 11))
    shown = sum((later - number) % 10 for number, later in pairwise(numbers))
    assert 10 < shown / (frames[-1].timestamp - frames[0].timestamp) < 23  # never faster; a loaded machine is slower


def test_the_jpegs_of_an_mjpeg_camera_are_passed_through(house: CameraHouse, camera: MjpegCamera) -> None:
    viewer = house.service.watch(house.service.create(camera.url, quality=85)["id"])
    for _ in range(5):
        assert viewer.next(PATIENCE).data in camera.sent


@pytest.mark.parametrize(
    "part",
    [
        b"Content-Type: application/json\r\n\r\n{}\r\n",
        b"Content-Type: image/jpeg\r\nContent-Length: 4\r\n\r\n\xff\xd8\xff\xd9\r\n",
    ],
    ids=["told beside", "damaged"],
)
def test_a_part_that_is_no_picture_is_passed_over(house: CameraHouse, camera: MjpegCamera, part: bytes) -> None:
    camera.between = b"--edge\r\n" + part
    viewer = house.service.watch(house.service.create(camera.url, quality=85)["id"])
    for _ in range(5):
        assert viewer.next(PATIENCE).data in camera.sent
    assert (camera.connections, house.faults()) == (1, [])


def test_they_are_encoded_again_for_who_wants_them_smaller(house: CameraHouse, camera: MjpegCamera) -> None:
    made = house.service.create(camera.url)["id"]
    narrow, plain = house.service.watch(made, Wish(width=160)), house.service.watch(made, Wish(quality=20))
    assert narrow.next(PATIENCE).width == 160
    frame = plain.next(PATIENCE)
    assert (frame.width, frame.data in camera.sent) == (320, False)
    assert camera.connections == 1


def test_the_password_goes_to_the_camera_and_to_nobody_else(house: CameraHouse, camera: MjpegCamera) -> None:
    made = house.service.create(camera.url)
    assert made["source"] == f"http://user:***@127.0.0.1:{camera.port}/stream"
    house.service.update(made["id"], source=made["source"], quality=50)
    assert house.service.watch(made["id"]).next(PATIENCE) is not None


@pytest.mark.parametrize(
    ("demand", "login"),
    [
        (b'Basic realm="camera"', b"Basic dXNlcjp3b3Jk"),
        (b'Digest realm="camera", nonce="abc", qop="auth", algorithm=MD5', b'Digest username="user", realm="camera"'),
    ],
)
def test_a_login_is_given_to_a_camera_that_asks_for_it(
    house: CameraHouse, camera: MjpegCamera, demand: bytes, login: bytes
) -> None:
    camera.demand = demand
    assert house.service.watch(house.service.create(camera.url)["id"]).next(PATIENCE) is not None
    assert camera.logins[0].startswith(b"Authorization: " + login)


def test_no_login_is_given_to_a_camera_that_asks_for_none(house: CameraHouse, camera: MjpegCamera) -> None:
    assert house.service.watch(house.service.create(camera.url)["id"]).next(PATIENCE) is not None
    assert camera.logins == []


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:5000/\r\n\r\n", "answers 302"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", "text/html"),
        (b"SSH-2.0-OpenSSH\r\n", "does not answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "headers"),
        (
            STREAM + b"--e\r\n\r\nno jpeg--e\r\n\r\n",
            "not JPEGs",
        ),
    ],
    ids=["redirect", "page", "ssh", "headers", "text"],
)
def test_what_answers_otherwise_than_a_camera_is_a_fault(
    house: CameraHouse, camera: MjpegCamera, answer: bytes, complaint: str
) -> None:
    camera.answer = answer
    house.service.watch(house.service.create(camera.url)["id"])
    assert complaint in wait_until(house.faults)[0].message


def test_a_picture_of_too_many_pixels_is_a_fault_and_costs_no_memory(house: CameraHouse, camera: MjpegCamera) -> None:
    data = bytearray(jpeg())
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = b"\xea\x60\xea\x60"  # 60,000 x 60,000
    camera.answer = STREAM + b"--e\r\nContent-Length: %d\r\n\r\n" % len(data) + data
    house.service.watch(house.service.create(camera.url)["id"], Wish(width=160))
    assert "megapixels" in wait_until(house.faults)[0].message


def test_pictures_that_nobody_can_decode_are_a_fault_told_once(house: CameraHouse, camera: MjpegCamera) -> None:
    """Their header is a JPEG's, and they are passed on to who wants them as they are."""
    camera.spoil = lambda data: data.replace(b"\xff\xc0", b"\xff\xc3", 1)  # lossless, which no decoder here knows
    house.service.watch(house.service.create(camera.url)["id"], Wish(width=160))
    assert "damaged" in wait_until(house.faults)[0].message


def test_a_name_that_leads_home_is_refused_when_it_is_opened(
    open_house: Callable[..., CameraHouse], camera: MjpegCamera
) -> None:
    house = open_house(private_urls=False)
    with pytest.raises(SourceRefusedError):
        house.service.create(camera.url)
    # What no check of text sees: another way to write 127.0.0.1.
    made = house.service.create(f"http://2130706433:{camera.port}/stream")
    house.service.watch(made["id"])
    assert wait_until(house.faults)[0].code == SourceRefusedError.code
    assert camera.connections == 0


def test_a_source_of_the_settings_may_be_at_home(open_house: Callable[..., CameraHouse], camera: MjpegCamera) -> None:
    house = open_house(private_urls=False, cameras=f"street={camera.url}")
    assert house.service.watch("street").next(PATIENCE) is not None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n"),
        ("list.txt", "ffconcat version 1.0\nfile {clip}\n"),
        ("session.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 26\n"),
    ],
)
def test_a_file_that_only_names_others_is_not_opened(
    house: CameraHouse, tmp_path: Path, name: str, content: str
) -> None:
    outside = video(tmp_path / "outside.avi")
    (house.files / name).write_text(content.format(clip=outside))
    viewer = house.service.watch(house.service.create(name)["id"])
    assert "cannot open" in wait_until(house.faults)[0].message
    assert viewer.take() is None


@pytest.mark.parametrize("trusted", [False, True], ids=["a client's", "of the settings"])
def test_an_rtsp_camera_is_watched(open_house: Callable[..., CameraHouse], rtsp: RtspCamera, trusted: bool) -> None:
    house = open_house(cameras=rtsp.url if trusted else "test")
    viewer = house.service.watch(1 if trusted else house.service.create(rtsp.url)["id"])
    numbers = [stamped(viewer.next(PATIENCE).data)[1] for _ in range(10)]
    assert numbers == sorted(set(numbers))
    assert rtsp.requests[-1] == b"PLAY"


def test_it_is_watched_through_the_relay_where_private_addresses_are_not_allowed(
    rtsp: RtspCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cameras.sources.opencv.addresses_of", lambda source: ["127.0.0.1"])
    with OpenCvSource(Source("rtsp", f"rtsp://camera.example.org:{rtsp.port}/stream")) as source:
        numbers = [stamp.read(source.read().pixels)[1] for _ in range(5)]
    assert numbers == sorted(set(numbers))


@pytest.fixture(autouse=True)
def _what_ffmpeg_is_told_for_one_source_holds_for_no_other() -> Iterator[None]:
    yield
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in os.environ
