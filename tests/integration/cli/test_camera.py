"""`camera`: a server's camera from the shell."""

from __future__ import annotations

import json
import signal
import time

import cv2
import pytest
from PIL import Image

from tests.server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    cameras = "door=test:320x240@20,gone=/nowhere.mp4"
    with Server(tmp_path_factory.mktemp("camera") / "data", TASKBEAM_WORKERS="1", TASKBEAM_CAMERAS=cameras) as server:
        yield server


def size_of(file):
    with Image.open(file) as image:
        return image.size


def test_rate_and_age_are_told_once_a_second(inside, server):
    status, out, err = inside("camera", server.url, "--seconds", "2.5", "--json")

    told = [json.loads(line) for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert [round(figures["at"]) for figures in told] == [1, 2]
    assert sum(figures["frames"] for figures in told) > 5
    assert 0 <= told[-1]["age"] <= told[-1]["worst_age"] < 5


def test_the_lines_for_people_say_the_same(inside, server):
    status, out, err = inside("camera", server.url, "--seconds", "1.5")

    assert status == 0
    assert "fps" in out
    assert "age" in out
    assert "Camera 1, door." in err
    assert "frames in" in err


def test_pictures_are_saved_as_they_were_asked_for(inside, server, tmp_path):
    asked = ("--save", str(tmp_path / "seen"), "--fps", "5", "--quality", "40")
    status, _, _ = inside(
        "camera", f"{server.url}/api/cameras/1/stream.mjpg?width=160&fps=20", "--seconds", "2", *asked
    )

    files = sorted((tmp_path / "seen").glob("*.jpg"))
    assert status == 0
    assert 3 <= len(files) <= 14
    assert {size_of(file) for file in files} == {(160, 120)}


def test_a_clip_where_none_can_be_is_refused_in_one_line(inside, server, tmp_path):
    status, _, err = inside("camera", server.url, "--clip", str(tmp_path / "nowhere" / "seen.mkv"))

    assert status == 1
    assert err.splitlines()[-1].startswith("camera: --clip")
    assert "OpenCV" not in err


def test_a_clip_lasts_as_long_as_was_watched(inside, server, tmp_path):
    clip = tmp_path / "seen.mkv"
    status, _, _ = inside("camera", server.url, "--camera", "door", "--seconds", "2.5", "--clip", str(clip))

    video = cv2.VideoCapture(str(clip))
    count = 0
    while video.read()[0]:
        count += 1
    assert status == 0
    assert video.get(cv2.CAP_PROP_FRAME_WIDTH) == 320
    assert 1.0 <= count / video.get(cv2.CAP_PROP_FPS) <= 3.0


def test_a_camera_that_gives_nothing_fails_and_says_why(inside, server):
    status, _, err = inside("camera", server.url, "--camera", "gone")

    assert status == 1
    assert "/nowhere.mp4" in err


def test_a_camera_that_is_not_there_is_wrong_usage_and_names_those_that_are(inside, server):
    status, _, err = inside("camera", server.url, "--camera", "attic")

    assert status == 2
    assert "1 (door), 2 (gone)" in err


def test_without_a_server_one_is_started_for_the_command(inside, environment):
    environment["TASKBEAM_CAMERAS"] = "test:320x240@20"

    status, out, err = inside("camera", "--seconds", "1.5")

    assert status == 0
    assert "starting one" in err
    assert "fps" in out


def test_ctrl_c_ends_it_with_130_and_a_clip_that_plays(start, server, tmp_path):
    clip = tmp_path / "seen.mkv"
    process = start("camera", server.url, "--clip", str(clip))
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)

    assert process.wait(30) == 130
    assert cv2.VideoCapture(str(clip)).read()[0]
