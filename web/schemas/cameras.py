"""Cameras: what they are, how they are changed, and how their frames are asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.cameras.frames import FPS, QUALITY, WIDTH, Wish
from services.cameras.source_spec import MAX_SOURCE_CHARACTERS
from services.ocr.requirements import Requirements
from web.schemas.base import NOT_BLANK, Answer, Body, Label, Name, Query, Whole

CameraStateName = Literal["opening", "live", "stalled", "closed"]

Fps = Annotated[float, Field(ge=FPS[0], le=FPS[1], description="Frames a second, at most.")]
Quality = Annotated[Whole, Field(ge=QUALITY[0], le=QUALITY[1], description="Of the JPEGs.")]
Width = Annotated[Whole, Field(ge=WIDTH[0], le=WIDTH[1], description="Pixels; never enlarged.")]
QualityAsked = Annotated[int, Field(ge=QUALITY[0], le=QUALITY[1], description="Of the JPEGs.")]
WidthAsked = Annotated[int, Field(ge=WIDTH[0], le=WIDTH[1], description="Pixels; never enlarged.")]
SourceText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_SOURCE_CHARACTERS,
        pattern=NOT_BLANK,
        description="An index, `/dev/video0`, a file in TASKBEAM_CAMERA_FILES_DIR, an `rtsp://` or `http://` (MJPEG) "
        "URL, or `test`, a pattern with a clock (`test:1280x720@30`).",
    ),
]


class CameraOut(Answer):
    id: int
    name: str
    source: str = Field(description="Without its password.")
    configured: bool = Field(description="One of TASKBEAM_CAMERAS; it cannot be deleted here.")
    fps: float = Field(description="Frames a second that a viewer gets who asks for nothing else.")
    quality: int
    width: int | None = Field(description="Pixels; null: as the source gives it.")
    state: CameraStateName = Field(description="`closed`: nobody watches.")
    viewers: int
    created_at: float
    updated_at: float


class CameraFaultOut(Answer):
    code: str
    message: str


class EncodedOut(Answer):
    """What is encoded once for all who want it so."""

    width: int | None
    quality: int
    fps: float


class ViewerOut(Answer):
    fps: float = Field(description="Frames a second it truly gets.")
    wanted: dict[str, float | None] = Field(description="`fps`, `quality`, `width`.")
    sent: int = Field(description="Frames.")
    dropped: int = Field(description="Frames that were due and gone before it was ready.")
    bytes: int


class CameraStatusOut(Answer):
    """How a camera is, and what flows."""

    camera_id: int
    name: str
    state: CameraStateName
    width: int = Field(description="Of the source, in pixels; 0 while it is not known.")
    height: int
    fps: float = Field(description="What the source gives now.")
    viewers: int
    error: CameraFaultOut | None
    age: float | None = Field(description="Of the newest frame, in seconds.")
    captures: int = Field(description="How often the source was opened for viewers.")
    encoded: list[EncodedOut]
    watching: list[ViewerOut]


class NewCamera(Body):
    """It is not opened before somebody watches."""

    source: SourceText
    name: Label | None = Field(None, description="Unique; made from the source when left out.")
    fps: Fps | None = None
    quality: Quality | None = None
    width: Width | None = None


class CameraChange(Body):
    """What is left out stays as it is; those who watch see the change at once."""

    name: Label | None = None
    source: SourceText | None = None
    fps: Fps | None = None
    quality: Quality | None = None
    width: Width | None = Field(None, description="Pixels; null: as the source gives it.")


class StreamQuery(Query):
    """What is left out is as the camera has it."""

    fps: Fps | None = None
    quality: QualityAsked | None = None
    width: WidthAsked | None = None

    def wish(self) -> Wish:
        return Wish(self.fps, self.quality, self.width)


class SnapshotQuery(Query):
    quality: QualityAsked = 90
    width: WidthAsked | None = Field(None, description="Pixels; left out: as the source gives it.")


class SnapshotToRead(Body):
    """How the snapshot is to be read; all of it may be left out."""

    requirements: Requirements = Requirements()
    task_name: Name | None = None
    auto_start: bool = True
