from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from services.auth import LOCAL
from services.cameras import stamp
from services.cameras.recordings import RecordingService
from services.config import Settings
from services.errors import ConflictError, InvalidInputError, NotFoundError
from services.tasks.service import TaskQuery
from tests.factories import TaskHouse
from tests.integration.cameras.conftest import PATIENCE, CameraHouse, capture_processes, wait_until


@pytest.fixture
def tasks(house: CameraHouse) -> TaskHouse:
    return TaskHouse(house.database)


@pytest.fixture
def build(house: CameraHouse, tasks: TaskHouse) -> Iterator[Callable[..., RecordingService]]:
    built: list[RecordingService] = []

    def build(**options: Any) -> RecordingService:
        settings = Settings(data_dir=house.data_dir, **options)
        built.append(RecordingService(house.database, house.service, tasks.external, settings))
        return built[-1]

    yield build
    for recordings in built:
        recordings.close()


@pytest.fixture
def recordings(build: Callable[..., RecordingService]) -> RecordingService:
    return build()


def ended(recordings: RecordingService, recording_id: int) -> dict[str, Any]:
    return wait_until(lambda: (found := recordings.get(recording_id))["status"] != "recording" and found)


def numbers_in(path: Path) -> list[int]:
    """The frame numbers that the pictures of a clip bear; 0 where none can be read."""
    video, numbers = cv2.VideoCapture(str(path)), []
    while (picture := video.read())[0]:
        read = stamp.read(np.asarray(picture[1]))
        numbers.append(read[1] if read else 0)
    video.release()
    return numbers


def test_a_clip_has_the_frames_of_its_time_and_its_task_tells_how_it_goes(
    house: CameraHouse, recordings: RecordingService, tasks: TaskHouse
) -> None:
    begun = recordings.begin(None, by=LOCAL, seconds=3, fps=10)
    assert begun["status"] == "recording"
    done = ended(recordings, begun["id"])
    assert (done["status"], done["error"]) == ("completed", None)
    assert 1.5 < done["seconds"] < 3.5
    numbers = numbers_in(recordings.file(begun["id"]))
    assert len(numbers) == done["frames"]
    readable = [number for number in numbers if number]
    assert len(readable) > 10
    assert readable == sorted(readable)
    task = tasks.wait(begun["task_id"])
    assert (task["status"], task["result"]["recording_id"]) == ("completed", begun["id"])
    assert any(0 < event.data["progress_percentage"] < 100 for event in tasks.log_of(task["id"]) if event.data)
    wait_until(lambda: not capture_processes())


def test_it_ends_when_it_is_told_to(recordings: RecordingService) -> None:
    begun = recordings.begin(None, by=LOCAL)
    wait_until(lambda: recordings.get(begun["id"])["frames"] > 0)
    with pytest.raises(ConflictError):
        recordings.file(begun["id"])
    recordings.end(begun["id"])
    assert ended(recordings, begun["id"])["status"] == "completed"
    assert numbers_in(recordings.file(begun["id"])) != []
    with pytest.raises(ConflictError):
        recordings.end(begun["id"])
    recordings.delete(begun["id"])
    with pytest.raises(NotFoundError):
        recordings.get(begun["id"])


def test_it_ends_before_it_has_begun(house: CameraHouse, recordings: RecordingService) -> None:
    """Its process takes a while to start."""
    begun = recordings.begin(None, by=LOCAL)
    recordings.end(begun["id"])
    assert ended(recordings, begun["id"])["frames"] == 0
    wait_until(lambda: house.service.status()["state"] == "closed")


def test_it_ends_at_its_size(build: Callable[..., RecordingService]) -> None:
    begun = build(camera_recording_mb=0.3).begin(None, by=LOCAL, fps=60)
    done = ended(build(), begun["id"])
    assert done["status"] == "completed"
    assert done["size"] < 2 * 2**20


def test_it_ends_with_its_task(recordings: RecordingService, tasks: TaskHouse) -> None:
    begun = recordings.begin(None, by=LOCAL)
    wait_until(lambda: recordings.get(begun["id"])["frames"] > 0)
    tasks.tasks.cancel(begun["task_id"], by=LOCAL)
    ended(recordings, begun["id"])
    assert tasks.tasks.get(begun["task_id"])["status"] == "cancelled"


def test_a_camera_is_recorded_once_at_a_time(recordings: RecordingService, tasks: TaskHouse) -> None:
    first = recordings.begin(None, by=LOCAL)
    with pytest.raises(ConflictError):
        recordings.begin(None, by=LOCAL)
    assert [recording["id"] for recording in recordings.list().items] == [first["id"]]
    assert [task["id"] for task in tasks.tasks.list(TaskQuery()).items] == [first["task_id"]]


def test_viewers_have_their_frames_meanwhile(house: CameraHouse, recordings: RecordingService) -> None:
    begun = recordings.begin(None, by=LOCAL, seconds=2)
    viewer = house.service.watch()
    assert viewer.next(PATIENCE) is not None
    ended(recordings, begun["id"])
    assert viewer.next(PATIENCE) is not None
    assert house.service.status()["captures"] == 1


def test_what_was_recorded_before_a_crash_is_kept(recordings: RecordingService) -> None:
    begun = recordings.begin(None, by=LOCAL, fps=60)
    wait_until(lambda: recordings.get(begun["id"])["size"] > 300_000)
    [process] = capture_processes()
    os.kill(process.pid, signal.SIGKILL)
    done = ended(recordings, begun["id"])
    assert done["status"] == "failed"
    assert "lost" in done["error"]
    assert len(numbers_in(recordings.file(begun["id"]))) > 10


def test_what_an_earlier_server_left_open_is_closed(
    recordings: RecordingService, build: Callable[..., RecordingService], tasks: TaskHouse
) -> None:
    left = recordings._create({"id": 1, "name": "test"}, 10, LOCAL)
    build().recover()
    assert recordings.get(left.id)["status"] == "failed"
    assert tasks.tasks.get(left.task_id)["status"] == "failed"


def test_closing_ends_recordings_properly(recordings: RecordingService) -> None:
    begun = recordings.begin(None, by=LOCAL)
    wait_until(lambda: recordings.get(begun["id"])["frames"] > 0)
    recordings.close()
    assert recordings.get(begun["id"])["status"] == "completed"


def test_a_recording_outlives_its_camera(house: CameraHouse, recordings: RecordingService) -> None:
    camera = house.service.create("test:64x48", name="short-lived")
    begun = recordings.begin(camera["id"], by=LOCAL)
    wait_until(lambda: recordings.get(begun["id"])["frames"] > 0)
    house.service.delete(camera["id"])
    done = ended(recordings, begun["id"])
    assert (done["camera_id"], done["camera_name"], done["status"]) == (None, "short-lived", "completed")
    assert len(numbers_in(recordings.file(begun["id"]))) == done["frames"] > 0


def test_a_recording_ends_when_its_camera_gets_another_source(house: CameraHouse, recordings: RecordingService) -> None:
    camera = house.service.create("test:64x48")
    begun = recordings.begin(camera["id"], by=LOCAL)
    wait_until(lambda: recordings.get(begun["id"])["frames"] > 0)
    house.service.update(camera["id"], source="test:160x120")
    done = ended(recordings, begun["id"])
    assert (done["status"], len(numbers_in(recordings.file(begun["id"])))) == ("completed", done["frames"])


@pytest.mark.parametrize("values", [{"seconds": 0.5}, {"seconds": 4000}, {"fps": 0}, {"width": 1}])
def test_values_out_of_bounds_are_refused(recordings: RecordingService, values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        recordings.begin(None, by=LOCAL, **values)
    assert recordings.list().items == []
