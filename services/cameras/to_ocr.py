"""A camera's newest picture becomes an OCR task."""

from __future__ import annotations

import hashlib
import time
import uuid
from pathlib import Path

from services.auth import Principal
from services.cameras.frames import QUALITY, Frame
from services.cameras.service import CameraService
from services.ocr.requirements import Requirements
from services.ocr.service import IncomingFile, OcrService
from services.ocr.uploads import FOLDER
from services.tasks.view import TaskObject

_PATIENCE = 8.0  # seconds for a picture


def read_snapshot(
    cameras: CameraService,
    ocr: OcrService,
    data_dir: Path,
    camera_id: int,
    requirements: Requirements,
    *,
    task_name: str | None = None,
    auto_start: bool = True,
    by: Principal,
) -> TaskObject:
    """A task over one page: what the camera sees now, in its full resolution.

    Raises:
        NotFoundError: there is no such camera.
        CameraUnavailableError: it gives no frame.
        InvalidInputError, ModelLoadError: the requirements cannot be met.
    """
    name = cameras.get(camera_id)["name"]
    frame = cameras.snapshot(camera_id, quality=QUALITY[1], timeout=_PATIENCE)
    file = _kept(frame, name, data_dir / FOLDER)
    return ocr.start([file], requirements, task_name=task_name, auto_start=auto_start, by=by)


def _kept(frame: Frame, name: str, folder: Path) -> IncomingFile:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid.uuid4().hex}.upload"
    path.write_bytes(frame.data)
    taken_at = time.strftime("%Y-%m-%d %H-%M-%S", time.gmtime(frame.timestamp))
    file_name = f"{name.replace('/', '-')} {taken_at}.jpg"
    return IncomingFile(path, file_name, len(frame.data), hashlib.sha256(frame.data).hexdigest())
