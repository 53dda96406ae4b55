"""Cameras that vanish, hang or crash, and come back by themselves."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.cameras.capture import LOST, STALLED
from services.cameras.frames import Wish
from tests.integration.cameras.conftest import PATIENCE, UNHURRIED, CameraHouse, capture_processes, wait_until
from tests.integration.cameras.sources import MjpegCamera

# Seconds. The bars are 3, which `tests.benchmarks.camera_fanout` measures; here a loaded machine is no failure.
SOON = 30.0


def next_after(viewer, moment: float):
    """The first frame that was taken after this Unix time."""
    return wait_until(lambda: (frame := viewer.next(PATIENCE)) and frame.timestamp > moment and frame)


def test_a_capture_process_that_is_killed_is_replaced(house: CameraHouse) -> None:
    viewer = house.service.watch()
    before = viewer.next(PATIENCE)
    [process] = capture_processes()
    os.kill(process.pid, signal.SIGKILL)
    killed = time.time()
    after = next_after(viewer, killed)
    assert after.seq > before.seq
    assert after.timestamp - killed < SOON
    assert [fault.code for fault in house.faults()] == [LOST]
    assert house.states() == ["opening", "live", "stalled", "live"]


def test_a_capture_process_that_hangs_is_replaced(open_house: Callable[..., CameraHouse]) -> None:
    house = open_house(timing=replace(UNHURRIED, stall=1.5))
    viewer = house.service.watch()
    viewer.next(PATIENCE)
    [process] = capture_processes()
    os.kill(process.pid, signal.SIGSTOP)
    hung, at = time.time(), time.monotonic()
    frame = next_after(viewer, hung + 0.5)
    [fault] = [(when, event) for when, event in house.events if event in house.faults()]
    assert fault[1].code == STALLED
    assert fault[0] - at < SOON
    assert frame.timestamp - hung < 2 * SOON
    assert process.pid not in [other.pid for other in capture_processes()]


@pytest.mark.parametrize("how", ["vanishes", "falls silent"])
def test_a_source_that_is_away_for_some_time_is_missed_and_seen_soon_after_its_return(
    open_house: Callable[..., CameraHouse], camera: MjpegCamera, how: str
) -> None:
    house = open_house(timing=replace(UNHURRIED, stall=1.5))
    made = house.service.create(camera.url, name="street")
    viewer = house.service.watch(made["id"])
    before = [viewer.next(PATIENCE) for _ in range(3)][-1]  # its pace is known
    gone = time.monotonic()
    if how == "vanishes":
        camera.vanish()
    else:
        camera.silent = True
    wait_until(house.faults)
    assert time.monotonic() - gone < SOON
    assert house.service.status(made["id"])["state"] == "stalled"
    time.sleep(max(0.0, 3 - (time.monotonic() - gone)))
    returned = time.time()
    if how == "vanishes":
        camera.come()
    else:
        camera.silent = False
    after = next_after(viewer, returned)
    assert after.timestamp - returned < SOON
    assert after.seq > before.seq
    wait_until(lambda: house.states()[-2:] == ["stalled", "live"])


def test_a_source_that_was_never_there_is_told_of_once_and_tried_until_it_comes(
    open_house: Callable[..., CameraHouse], camera: MjpegCamera
) -> None:
    house = open_house(timing=replace(UNHURRIED, pauses=(0.2,)))
    camera.vanish()
    viewer = house.service.watch(house.service.create(camera.url)["id"])
    wait_until(house.faults)
    assert viewer.next(1.0) is None
    assert len(house.faults()) == 1
    camera.come()
    assert viewer.next(PATIENCE) is not None
    assert house.states() == ["opening", "stalled", "live"]


def test_a_slow_source_is_not_taken_for_a_dead_one(open_house: Callable[..., CameraHouse]) -> None:
    camera, house = MjpegCamera(fps=1), open_house(timing=replace(UNHURRIED, stall=0.3))
    viewer = house.service.watch(house.service.create(camera.url)["id"])
    for _ in range(4):
        assert viewer.next(PATIENCE) is not None
    assert house.faults() == []
    camera.close()


def test_a_source_that_is_seldom_wanted_is_not_taken_for_a_dead_one(house: CameraHouse) -> None:
    viewer = house.service.watch(None, Wish(fps=1))
    for _ in range(4):
        assert viewer.next(PATIENCE) is not None
    assert house.faults() == []


def test_one_cameras_fault_is_not_anothers(house: CameraHouse, camera: MjpegCamera) -> None:
    good, bad = house.service.watch(), house.service.watch(house.service.create(camera.url)["id"])
    good.next(PATIENCE)
    bad.next(PATIENCE)
    camera.vanish()
    wait_until(house.faults)
    assert good.next(PATIENCE) is not None
    assert house.service.status(1)["state"] == "live"


def test_nothing_is_tried_any_more_once_nobody_watches(
    open_house: Callable[..., CameraHouse], camera: MjpegCamera
) -> None:
    house = open_house(timing=replace(UNHURRIED, pauses=(0.2,)))
    camera.vanish()
    viewer = house.service.watch(house.service.create(camera.url)["id"])
    wait_until(house.faults)
    viewer.close()
    wait_until(lambda: not capture_processes())
    camera.come()
    time.sleep(1.0)
    assert camera.connections == 0
