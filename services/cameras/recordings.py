"""Recordings: a clip of a camera in a file, as a task that people can follow and cancel.

<data directory>/recordings/<id>.mkv
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select, update

from models import Database, Recording
from services.auth import Principal, Scope
from services.cameras.frames import Wish
from services.cameras.scribe import Scribe
from services.cameras.service import CameraKey, CameraService
from services.config import Settings
from services.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError, TaskbeamError
from services.pagination import DEFAULT_LIMIT, Page, decode_cursor, encode_cursor
from services.tasks.external import ExternalTasks, Report

log = logging.getLogger(__name__)

FOLDER = "recordings"  # below the data directory
MEDIA_TYPE = "video/x-matroska"
FPS = 15.0  # frames a second of a clip, where nothing is said

_SUFFIX = ".mkv"
_LAST_WORDS = 2.0  # seconds for a recording to say how it ended
_CUT_SHORT = "The server ended while it recorded; what was recorded until then is kept."
# Reports in the name of whoever began a recording.
_CAMERAS = Principal("cameras", "cameras", frozenset({Scope.ADMIN}), "local")

RecordingObject = dict[str, Any]


class RecordingService:
    """Any thread may call anything."""

    def __init__(self, database: Database, cameras: CameraService, external: ExternalTasks, settings: Settings) -> None:
        self._database, self._cameras, self._external = database, cameras, external
        self._folder = settings.data_dir / FOLDER
        self._most_seconds = settings.camera_recording_seconds
        self._most_bytes = int(settings.camera_recording_mb * 2**20)
        self._scribes: dict[int, tuple[int, Scribe]] = {}  # recording: (camera, …) of those that are being written

    def begin(
        self,
        camera: CameraKey,
        *,
        by: Principal,
        seconds: float | None = None,
        fps: float | None = None,
        width: int | None = None,
    ) -> RecordingObject:
        """Records from now on, until `end`, the limits, or its task is cancelled.

        Args:
            camera: id or name; None: the first there is.
            by: owns the task.
            seconds: how long; at most and by default TASKBEAM_CAMERA_RECORDING_SECONDS.
            fps: frames a second of the clip.
            width: pixels; None, or more than the source has: as the source gives it.

        Returns:
            `{id, camera_id, camera_name, task_id, status: recording | completed | failed, seconds, frames, size,
            error, created_at, finished_at}`; the task is of kind `external`.

        Raises:
            NotFoundError: there is no such camera.
            InvalidInputError: a value is out of bounds.
            ConflictError: this camera is being recorded already.
        """
        Wish(fps=fps, width=width).checked()
        seconds = self._bounded(seconds)
        found = self._cameras.get(camera)
        self._refuse_second(found)
        self._folder.mkdir(parents=True, exist_ok=True)
        recording = self._create(found, seconds, by)
        clip = [str(self._file(recording.id)), fps or FPS, width, seconds, self._most_bytes]
        scribe = Scribe(lambda figures: self._take_down(recording, seconds, figures))
        try:
            self._cameras.record(found["id"], clip, scribe.hear)
        except TaskbeamError as problem:
            self._external.report(recording.task_id, Report(status="cancelled"), by=_CAMERAS)
            self._remove(recording.id)
            raise problem from None
        self._scribes[recording.id] = found["id"], scribe
        scribe.start()
        return _as_object(recording)

    def end(self, recording_id: int) -> RecordingObject:
        """Ends it and gives it as it is; its last figures come within a second.

        Raises:
            NotFoundError: there is no such recording.
            ConflictError: it has ended.
        """
        recording = self._find(recording_id)
        if recording.status != "recording" or recording.camera_id is None:
            raise ConflictError(f"Recording {recording_id} has ended.")
        self._cameras.end_recording(recording.camera_id)
        return _as_object(recording)

    def get(self, recording_id: int) -> RecordingObject:
        return _as_object(self._find(recording_id))

    def list(
        self, camera_id: int | None = None, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[RecordingObject]:
        """The newest first."""
        conditions = [] if camera_id is None else [Recording.camera_id == camera_id]
        page = select(Recording).where(*conditions).order_by(Recording.id.desc()).limit(limit + 1)
        if cursor is not None:
            page = page.where(Recording.id < decode_cursor(cursor))
        with self._database.reader() as session:
            rows = session.scalars(page).all()
            total = session.scalar(select(func.count()).select_from(Recording).where(*conditions)) or 0
        following = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
        return Page([_as_object(row) for row in rows[:limit]], following, total)

    def file(self, recording_id: int) -> Path:
        """The clip, to be sent as MEDIA_TYPE.

        Raises:
            NotFoundError: there is no such recording, or its file is gone.
            ConflictError: it is still being written.
        """
        recording = self._find(recording_id)
        if recording.status == "recording":
            raise ConflictError(f"Recording {recording_id} is still being written. End it first.")
        path = self._file(recording_id)
        if not path.is_file():
            raise NotFoundError("file of recording", recording_id)
        return path

    def delete(self, recording_id: int) -> None:
        """Removes it with its file; its task stays.

        Raises:
            NotFoundError: there is no such recording.
            ConflictError: it is still being written.
        """
        if self._find(recording_id).status == "recording":
            raise ConflictError(f"Recording {recording_id} is still being written. End it first.")
        self._remove(recording_id)

    def recover(self) -> None:
        """Closes what an earlier server left open. At the start, before anything is recorded."""
        with self._database.reader() as session:
            left = session.scalars(select(Recording).where(Recording.status == "recording")).all()
        for recording in left:
            path = self._file(recording.id)
            size = path.stat().st_size if path.is_file() else 0
            self._conclude(recording, {"size": size, "error": _CUT_SHORT})

    def close(self) -> None:
        """Ends all recordings properly; before the cameras are closed."""
        open_ones = tuple(self._scribes.values())
        for camera_id, _ in open_ones:
            self._cameras.end_recording(camera_id)
        for _, scribe in open_ones:
            scribe.join(_LAST_WORDS)

    def _bounded(self, seconds: float | None) -> float:
        if seconds is None:
            return self._most_seconds
        if not 1 <= seconds <= self._most_seconds:
            sentence = f"It must be from 1 to {self._most_seconds:g} (TASKBEAM_CAMERA_RECORDING_SECONDS)."
            raise InvalidInputError("It cannot be recorded so.", [FieldProblem("seconds", sentence)])
        return seconds

    def _refuse_second(self, camera: Mapping[str, Any]) -> None:
        """Before there is a task that would only be cancelled again."""
        if any(camera["id"] == recorded for recorded, _ in list(self._scribes.values())):
            raise ConflictError(f"Camera {camera['name']!r} is being recorded already. End that recording first.")

    def _create(self, camera: Mapping[str, Any], seconds: float, by: Principal) -> Recording:
        task = self._external.create(
            f"Recording of {camera['name']}", by=by, total=round(seconds), meta={"camera_id": camera["id"]}
        )
        recording = Recording(camera_id=camera["id"], camera_name=camera["name"], task_id=task["id"])
        with self._database.transaction() as session:
            session.add(recording)
        return recording

    def _take_down(self, recording: Recording, seconds: float, figures: Mapping[str, Any]) -> None:
        """About once a second."""
        try:
            if figures["ended"]:
                self._conclude(recording, figures)
            else:
                self._note(recording, seconds, figures)
        except TaskbeamError as problem:  # its task was cancelled or deleted
            log.info("Recording %d ends: %s", recording.id, problem.message)
            if not figures["ended"] and recording.camera_id is not None:
                self._cameras.end_recording(recording.camera_id)
        finally:
            if figures["ended"]:
                self._scribes.pop(recording.id, None)

    def _note(self, recording: Recording, seconds: float, figures: Mapping[str, Any]) -> None:
        self._store(recording, _columns(figures))
        progress = min(99.9, 100 * figures["seconds"] / seconds)
        message = f"{figures['seconds']:.0f} s, {figures['size'] / 2**20:.1f} MB"
        report = Report(progress=progress, processed=round(figures["seconds"]), message=message)
        self._external.report(recording.task_id, report, by=_CAMERAS)

    def _conclude(self, recording: Recording, figures: Mapping[str, Any]) -> None:
        error = figures.get("error")
        status = "failed" if error else "completed"
        columns = _columns(figures)
        self._store(recording, {**columns, "status": status, "error": error, "finished_at": time.time()})
        result = {"recording_id": recording.id, **columns}
        self._external.report(recording.task_id, Report(status=status, result=result, error=error), by=_CAMERAS)

    def _store(self, recording: Recording, values: Mapping[str, Any]) -> None:
        with self._database.transaction() as session:
            session.execute(update(Recording).where(Recording.id == recording.id).values(**values))

    def _find(self, recording_id: int) -> Recording:
        with self._database.reader() as session:
            row = session.get(Recording, recording_id)
        if row is None:
            raise NotFoundError("recording", recording_id)
        return row

    def _remove(self, recording_id: int) -> None:
        with self._database.transaction() as session:
            session.execute(delete(Recording).where(Recording.id == recording_id))
        self._file(recording_id).unlink(missing_ok=True)

    def _file(self, recording_id: int) -> Path:
        return self._folder / f"{recording_id}{_SUFFIX}"


def _columns(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in ("seconds", "frames", "size") if name in figures}


def _as_object(row: Recording) -> RecordingObject:
    return {
        "id": row.id,
        "camera_id": row.camera_id,
        "camera_name": row.camera_name,
        "task_id": row.task_id,
        "status": row.status,
        "seconds": row.seconds,
        "frames": row.frames,
        "size": row.size,
        "error": row.error,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
    }
