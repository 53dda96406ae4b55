"""Frames from real capture processes to viewers."""

from __future__ import annotations

import threading
import time
import tracemalloc

import pytest

from services.cameras.frames import Wish
from services.errors import CameraUnavailableError, InvalidInputError, NotFoundError, SubscriptionClosedError
from tests.integration.cameras.conftest import PATIENCE, CameraHouse, capture_processes, frames_for, wait_until
from tests.integration.cameras.sources import stamped


def test_the_first_viewer_opens_the_camera_and_gets_its_frames_in_order(house: CameraHouse) -> None:
    assert house.service.status()["state"] == "closed"
    viewer = house.service.watch()
    frames = [viewer.next(PATIENCE) for _ in range(10)]
    assert [frame.seq for frame in frames] == sorted({frame.seq for frame in frames})
    assert {(frame.width, frame.height) for frame in frames} == {(320, 240)}
    assert house.states() == ["opening", "live"]


def test_a_frame_says_when_it_was_taken(house: CameraHouse) -> None:
    viewer = house.service.watch()
    for _ in range(5):
        frame = viewer.next(PATIENCE)
        assert frame.timestamp == pytest.approx(stamped(frame.data)[0], abs=0.001)


def test_viewers_have_their_own_pace_and_share_one_encode(house: CameraHouse) -> None:
    viewers = {fps: house.service.watch(None, Wish(fps=fps)) for fps in (5, 10, 30)}
    for viewer in viewers.values():
        viewer.next(PATIENCE)
    counts: dict[int, int] = {}
    threads = [
        threading.Thread(target=lambda fps=fps: counts.update({fps: len(frames_for(viewers[fps], 3))}))
        for fps in viewers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts[5] < counts[10] < counts[30]
    assert counts[5] <= 18  # of a loaded machine nobody knows how few
    assert counts[10] <= 34
    assert len(house.service.status()["encoded"]) == 1


def test_a_second_width_is_one_more_encode_and_no_second_capture(house: CameraHouse) -> None:
    full, small = house.service.watch(), house.service.watch(None, Wish(width=160))
    also_small = house.service.watch(None, Wish(width=160))
    sizes = [(viewer.next(PATIENCE).width) for viewer in (full, small, also_small)]
    assert sizes == [320, 160, 160]
    status = house.service.status()
    assert [encoded["width"] for encoded in status["encoded"]] == [None, 160]
    assert status["captures"] == 1
    assert len(capture_processes()) == 1


def test_a_viewer_that_never_asks_keeps_one_frame_and_holds_up_nobody(house: CameraHouse) -> None:
    sleeper, awake = house.service.watch(), house.service.watch()
    frames_for(awake, 1)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(80):  # not kept: what is measured is what the cameras keep
        seq = awake.next(PATIENCE).seq
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 300_000
    newest = sleeper.next(0)
    assert newest is not None
    assert newest.seq >= seq
    assert sleeper.dropped > 60


def test_the_capture_ends_some_time_after_the_last_viewer_and_begins_again(house: CameraHouse) -> None:
    viewer = house.service.watch()
    first = viewer.next(PATIENCE)
    viewer.close()
    left = time.monotonic()
    assert capture_processes() != []
    wait_until(lambda: house.service.status()["state"] == "closed")
    assert time.monotonic() - left >= house.linger
    wait_until(lambda: not capture_processes())
    again = house.service.watch().next(PATIENCE)
    assert again.seq > first.seq


def test_who_comes_back_soon_finds_the_capture_running(house: CameraHouse) -> None:
    house.service.watch().close()
    viewer = house.service.watch()
    viewer.next(PATIENCE)
    time.sleep(2 * house.linger)
    assert viewer.next(PATIENCE) is not None
    assert house.service.status()["captures"] == 1


def test_control_changes_what_everybody_gets_who_did_not_ask_otherwise(house: CameraHouse) -> None:
    plain, own = house.service.watch(), house.service.watch(None, Wish(width=100))
    plain.next(PATIENCE)
    house.service.control(None, width=200, fps=20)
    wait_until(lambda: plain.next(PATIENCE).width == 200)
    assert own.next(PATIENCE).width == 100
    assert house.service.get(1)["width"] == 200


def test_another_source_is_seen_by_who_watches(house: CameraHouse) -> None:
    viewer = house.service.watch()
    viewer.next(PATIENCE)
    house.service.control(1, source="test:640x360")
    frame = wait_until(lambda: (frame := viewer.next(PATIENCE)).width == 640 and frame)
    assert frame.seq > 1
    assert house.states() == ["opening", "live", "closed", "opening", "live"]


def test_a_viewer_can_change_what_it_gets(house: CameraHouse) -> None:
    viewer = house.service.watch()
    viewer.next(PATIENCE)
    house.service.change(viewer, Wish(width=64))
    wait_until(lambda: viewer.next(PATIENCE).width == 64)
    with pytest.raises(InvalidInputError):
        house.service.change(viewer, Wish(width=1))


def test_a_snapshot_is_the_whole_picture_and_opens_the_camera_for_it(house: CameraHouse) -> None:
    house.service.control(1, width=100)
    frame = house.service.snapshot(1)
    assert (frame.width, frame.height) == (320, 240)
    assert frame.data.startswith(b"\xff\xd8")
    assert house.service.snapshot(1, width=64).width == 64
    assert house.service.status(1)["viewers"] == 0


def test_a_snapshot_of_a_camera_that_gives_nothing_says_why(house: CameraHouse) -> None:
    absent = house.service.create("http://127.0.0.1:9/stream", name="away")
    house.service.watch(absent["id"])
    wait_until(house.faults)
    with pytest.raises(CameraUnavailableError, match="away.*127.0.0.1 does not answer"):
        house.service.snapshot(absent["id"], timeout=0.1)


def test_the_figures_tell_of_the_camera_and_each_viewer(house: CameraHouse) -> None:
    viewer = house.service.watch(None, Wish(fps=10))
    frames_for(viewer, 3)
    status = house.service.status()
    assert status["state"] == "live"
    assert (status["width"], status["height"], status["viewers"]) == (320, 240, 1)
    assert 12 < status["fps"] < 36
    assert 4 < status["encoded"][0]["fps"] < 13
    assert 4 < status["watching"][0]["fps"] < 13
    assert status["watching"][0]["sent"] == viewer.sent
    assert status["watching"][0]["bytes"] > 1000
    assert 0 <= status["age"] < 2
    assert [figures["camera_id"] for figures in house.service.figures()] == [1]


def test_a_camera_that_is_deleted_ends_its_viewers(house: CameraHouse) -> None:
    made = house.service.create("test:64x48")
    viewer = house.service.watch(made["id"])
    viewer.next(PATIENCE)
    threading.Timer(0.2, house.service.delete, [made["id"]]).start()
    with pytest.raises(SubscriptionClosedError):
        frames_for(viewer, PATIENCE)
    with pytest.raises(NotFoundError):
        house.service.watch(made["id"])


def test_closing_ends_viewers_and_processes(house: CameraHouse) -> None:
    viewer = house.service.watch()
    viewer.next(PATIENCE)
    house.service.close()
    assert capture_processes() == []
    with pytest.raises(SubscriptionClosedError):
        viewer.next(1)
    with pytest.raises(SubscriptionClosedError):
        house.service.watch()
