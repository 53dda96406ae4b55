from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from models import Database
from services.cameras.broadcaster import Subscription
from services.cameras.capture import Timing
from services.cameras.events import CameraEvent, CameraFault, CameraStatus
from services.cameras.frames import Frame
from services.cameras.service import CameraService
from services.config import Settings
from tests.integration.cameras.sources import MjpegCamera
from tests.processes import CAPTURE, children_running

PATIENCE = 60.0  # seconds
# A loaded machine takes its time to start a process and to give it a turn; that is no fault of the camera.
UNHURRIED = Timing(start=PATIENCE, opening=PATIENCE, stall=5.0)


@dataclass
class CameraHouse:
    """Cameras over one database, with every event that was told and when."""

    database: Database
    data_dir: Path
    cameras: str = "test:320x240@30"
    linger: float = 0.5
    private_urls: bool = True
    timing: Timing = UNHURRIED
    events: list[tuple[float, CameraEvent]] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = Settings(
            data_dir=self.data_dir,
            cameras=self.cameras,
            camera_private_urls=self.private_urls,  # type: ignore[arg-type]
        )
        settings.camera_files.mkdir(parents=True, exist_ok=True)
        self.files = settings.camera_files
        self.service = CameraService(self.database, settings, linger=self.linger, timing=self.timing)
        self.service.on_status(lambda event: self.events.append((time.monotonic(), event)))
        self.service.start()

    def states(self) -> list[str]:
        told = [event.state for _, event in self.events if isinstance(event, CameraStatus)]
        return [state for state, before in zip(told, [None, *told], strict=False) if state != before]

    def faults(self) -> list[CameraFault]:
        return [event for _, event in self.events if isinstance(event, CameraFault)]


def frames_for(viewer: Subscription, seconds: float) -> list[Frame]:
    """What the viewer gets in this time when it takes all it can."""
    deadline, frames = time.monotonic() + seconds, []
    while (left := deadline - time.monotonic()) > 0:
        if (frame := viewer.next(left)) is not None:
            frames.append(frame)
    return frames


def wait_until(condition: Callable[[], Any], patience: float = PATIENCE) -> Any:
    deadline = time.monotonic() + patience
    while not (holds := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return holds


def capture_processes() -> list[psutil.Process]:
    return children_running(CAPTURE)


@pytest.fixture
def local(sqlite_url: str) -> Iterator[Database]:
    """Streams know nothing of databases: one is enough to try them on."""
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def open_house(local: Database, tmp_path: Path) -> Iterator[Callable[..., CameraHouse]]:
    houses: list[CameraHouse] = []

    def build(**options: Any) -> CameraHouse:
        houses.append(CameraHouse(local, tmp_path / "var", **options))
        return houses[-1]

    yield build
    for house in houses:
        house.service.close()
    wait_until(lambda: not capture_processes())


@pytest.fixture
def house(open_house: Callable[..., CameraHouse]) -> CameraHouse:
    return open_house()


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    camera = MjpegCamera()
    yield camera
    camera.close()
