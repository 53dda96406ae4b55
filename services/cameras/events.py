"""What is said about a camera while it is watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar


class CameraState(StrEnum):
    OPENING = "opening"
    LIVE = "live"
    STALLED = "stalled"  # no frames; it is opened again and again
    CLOSED = "closed"  # nobody watches


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """`width` and `height` are the source's, 0 while they are not known; `fps` is what it gives now."""

    event: ClassVar[str] = "camera_status"

    camera_id: int
    name: str
    state: CameraState
    width: int
    height: int
    fps: float
    viewers: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CameraFault:
    event: ClassVar[str] = "camera_error"

    camera_id: int
    code: str
    message: str

    def as_json(self) -> dict[str, Any]:
        return {"camera_id": self.camera_id, "type": "error", "code": self.code, "message": self.message}


CameraEvent = CameraStatus | CameraFault
OnEvent = Callable[[CameraEvent], None]
