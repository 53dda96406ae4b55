"""Recordings of cameras: clips in files."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from web.schemas.base import Answer, Body, PageQuery
from web.schemas.cameras import Fps, Width


class RecordingOut(Answer):
    id: int
    camera_id: int | None = Field(description="null: the camera was deleted.")
    camera_name: str
    task_id: int | None = Field(description="The external task that tells how far it is; cancelling that ends it.")
    status: Literal["recording", "completed", "failed"]
    seconds: float
    frames: int
    size: int = Field(description="Bytes.")
    error: str | None = Field(description="Why it ended early or failed.")
    created_at: float
    finished_at: float | None


class NewRecording(Body):
    """What is left out is as the camera gives it, within the server's bounds."""

    seconds: float | None = Field(None, ge=1, description="At most TASKBEAM_CAMERA_RECORDING_SECONDS.")
    fps: Fps | None = None
    width: Width | None = None


class RecordingsQuery(PageQuery):
    camera_id: int | None = Field(None, ge=1, description="Only those of this camera.")
