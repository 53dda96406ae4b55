"""Cameras: objects that are stored, and streams of their frames.

    service = CameraService(database, settings); service.start()
    viewer = service.watch(None, Wish(fps=10, width=640))
    while frame := viewer.next(timeout=5): send(frame.data)
    viewer.close()

Nothing is opened before somebody watches; see camera.py for the life of a capture.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from models import Camera as CameraRow
from models import Database
from services.cameras.broadcaster import OnFrame, Subscription
from services.cameras.camera import Camera, OnRecording
from services.cameras.capture import Timing
from services.cameras.checks import checked
from services.cameras.events import CameraEvent, CameraState, CameraStatus, OnEvent
from services.cameras.frames import ALL, Frame, Look, Wish
from services.cameras.source_spec import AUTO, FIRST_DEVICE, MAX_NAME_CHARACTERS, Source, masked, parse, split_name
from services.cameras.store import CameraStore
from services.config import Settings
from services.errors import (
    CameraUnavailableError,
    FieldProblem,
    InvalidInputError,
    NotFoundError,
    SubscriptionClosedError,
)
from services.pagination import DEFAULT_LIMIT, Page
from services.runners.worker_process import launch

log = logging.getLogger(__name__)

LINGER = 10.0  # seconds a capture goes on after its last viewer left
_MODULE = "services.cameras.capture_process"
_NICE = 3  # after the server, long before the workers
_UNSET: Any = object()
_ENVIRONMENT = {"OPENCV_IO_MAX_IMAGE_PIXELS": "100000000", "OPENCV_FFMPEG_LOGLEVEL": "8", "OPENCV_LOG_LEVEL": "ERROR"}

CameraKey = int | str | None  # id, name, or None for the first camera there is
CameraObject = dict[str, Any]


class CameraService:
    """Any thread may call anything. Under eventlet every call is green; `start` belongs into the hub's thread."""

    def __init__(
        self, database: Database, settings: Settings, *, linger: float = LINGER, timing: Timing | None = None
    ) -> None:
        """
        Args:
            database: has the cameras.
            settings: which cameras there are at the start, and what clients may name as a source.
            linger: seconds a capture goes on after its last viewer left.
            timing: when a capture that gives no frames is given up.
        """
        self._store = CameraStore(database)
        self._settings = settings
        self._linger, self._timing = linger, timing or Timing()
        self._lock = threading.Lock()
        self._open: dict[int, Camera] = {}  # those that were watched since the start
        self._deleted: set[int] = set()  # whoever found one just before must not open it
        self._listeners: tuple[OnEvent, ...] = ()
        self._closed = False

    def start(self) -> None:
        """Stores the cameras of TASKBEAM_CAMERAS. Opens none."""
        listed = [split_name(text) for text in self._settings.cameras]
        self._store.configure([(name, _resolved(source)) for name, source in listed], Look())

    def close(self) -> None:
        """Ends all viewers and captures; returns when their processes are gone."""
        with self._lock:
            self._closed = True
            cameras = tuple(self._open.values())
        for camera in cameras:
            camera.close()

    # --- cameras as objects

    def list(self, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[CameraObject]:
        """By id."""
        page = self._store.page(limit, cursor)
        return Page([self._as_object(row) for row in page.items], page.next_cursor, page.total)

    def get(self, key: CameraKey) -> CameraObject:
        """`{id, name, source, configured, fps, quality, width, state, viewers, created_at, updated_at}`; the source
        without its password.

        Raises:
            NotFoundError: there is no such camera.
        """
        return self._as_object(self._store.find(key))

    def create(
        self,
        source: str,
        *,
        name: str | None = None,
        fps: float | None = None,
        quality: int | None = None,
        width: int | None = None,
    ) -> CameraObject:
        """Makes a camera; it is not opened, so a source that does not answer is told of when it is watched.

        Raises:
            SourceRefusedError: see `checks.checked`.
            InvalidInputError: fps, quality or width is out of bounds, or the name is not one.
            ConflictError: the name is taken.
        """
        look = Wish(fps, quality, width).checked().over(Look())
        checked(source, self._settings)
        return self._as_object(self._store.create(_checked_name(name), source, look))

    def update(
        self,
        camera_id: int,
        *,
        name: str | None = None,
        source: str | None = None,
        fps: float | None = None,
        quality: int | None = None,
        width: int | None = _UNSET,
    ) -> CameraObject:
        """Changes what is given, for those who watch now, too: what a viewer asked for itself stays as it is.

        Args:
            camera_id: the camera's.
            name: for people; unique.
            source: where frames come from. As `get` shows it (with a masked password) it says nothing new.
            fps: most frames a second.
            quality: of the JPEGs.
            width: pixels; None: as the source gives it; when left out: unchanged.

        Raises:
            NotFoundError: there is no such camera.
            SourceRefusedError, InvalidInputError, ConflictError: as `create`.
        """
        row = self._store.find(camera_id)
        Wish(fps, quality, None if width is _UNSET else width).checked()
        given = {"name": _checked_name(name), "fps": fps, "quality": quality}
        values: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
        if width is not _UNSET:
            values["width"] = width
        if source is not None and source not in (row.source, masked(row.source)):
            if source != row.configured_source:
                checked(source, self._settings)
            values["source"] = source
        row = self._store.update(camera_id, values) if values else row
        self._apply(row)
        return self._as_object(row)

    def control(
        self,
        key: CameraKey,
        *,
        fps: float | None = None,
        quality: int | None = None,
        width: int | None = None,
        source: str | None = None,
    ) -> CameraObject:
        """What the event `control` asks for: `update` of what is given."""
        changes: dict[str, Any] = {} if width is None else {"width": width}
        return self.update(self._store.find(key).id, fps=fps, quality=quality, source=source, **changes)

    def delete(self, camera_id: int) -> None:
        """Removes a camera; its viewers get a SubscriptionClosedError.

        Raises:
            NotFoundError: there is no such camera.
            ConflictError: it is one of TASKBEAM_CAMERAS.
        """
        self._store.delete(camera_id)
        with self._lock:
            self._deleted.add(camera_id)
            camera = self._open.pop(camera_id, None)
        if camera is not None:
            camera.close()

    # --- frames

    def watch(
        self,
        key: CameraKey = None,
        wish: Wish | None = None,
        *,
        on_frame: OnFrame | None = None,
    ) -> Subscription:
        """A viewer, from now on until its `close()`. The first one opens the camera; returns without waiting for that.

        Args:
            key: id or name; None: the first camera there is.
            wish: what this viewer wants otherwise than the camera gives it. There are never more pixels or frames
                than the source has, and at most 8 variants at once: who wants a ninth gets the nearest.
            on_frame: without it, the viewer asks: `next(timeout)`. With it, it is called with each frame that is due,
                in the capture's thread: it must not block, and says whether the viewer took the frame. One that
                was not ready gets the newest by `take()` as soon as it is. All viewers of a variant are given the
                same Frame object, one after the other: what is made of it by `frame.form(...)` is made once.

        Raises:
            NotFoundError: there is no such camera.
            InvalidInputError: fps, quality or width is out of bounds.
        """
        wish = (wish or Wish()).checked()
        return self._camera(self._store.find(key)).watch(wish, on_frame)

    def change(self, viewer: Subscription, wish: Wish) -> None:
        """The viewer wants its frames otherwise from now on; what `wish` does not say is the camera's own again.

        Raises:
            InvalidInputError: fps, quality or width is out of bounds.
        """
        with self._lock:
            camera = self._open.get(viewer.camera_id)
        if camera is not None:
            camera.broadcaster.change(viewer, wish.checked())

    def snapshot(
        self, key: CameraKey = None, *, quality: int = 90, width: int | None = None, timeout: float = 10.0
    ) -> Frame:
        """The newest frame, by default in full resolution; `data` is the JPEG. Opens the camera if nobody watches it.

        Raises:
            NotFoundError, InvalidInputError: as `watch`.
            CameraUnavailableError: no frame came within `timeout` seconds; says what the camera's fault is.
        """
        row = self._store.find(key)
        camera = self._camera(row)
        wish = Wish(60.0, quality, width).checked()
        # Not the camera's own width: who does not say one wants all of the picture.
        viewer = camera.watch(replace(wish, width=ALL), exact=True) if width is None else camera.watch(wish)
        try:
            frame = viewer.next(timeout)
        except SubscriptionClosedError:
            frame = None
        finally:
            viewer.close()
        if frame is None:
            fault = camera.figures()["error"]
            raise CameraUnavailableError(
                f"Camera {row.name!r} gives no frame: {fault['message'] if fault else 'none came in time'}"
            )
        return frame

    def record(self, key: CameraKey, clip: Sequence[Any], on_recording: OnRecording) -> None:
        """See `Camera.record`; recordings.py makes an object and a task of it."""
        self._camera(self._store.find(key)).record(clip, on_recording)

    def end_recording(self, camera_id: int) -> None:
        with self._lock:
            camera = self._open.get(camera_id)
        if camera is not None:
            camera.end_recording()

    # --- how they are

    def status(self, key: CameraKey = None) -> dict[str, Any]:
        """`camera_status` with figures: `error` (null or `{code, message}`), `age` of the newest frame (s), `captures`
        (how often the source was opened for viewers), `encoded: [{width, quality, fps}]`,
        `watching: [{fps, wanted, sent, dropped, bytes}]`.

        Raises:
            NotFoundError: there is no such camera.
        """
        row = self._store.find(key)
        with self._lock:
            camera = self._open.get(row.id)
        if camera is not None:
            return camera.figures()
        idle = CameraStatus(row.id, row.name, CameraState.CLOSED, 0, 0, 0.0, 0)
        return idle.as_json() | {"error": None, "age": None, "captures": 0, "encoded": [], "watching": []}

    def figures(self) -> Sequence[dict[str, Any]]:
        """`status` of every camera that was watched since the start; reads no database."""
        with self._lock:
            cameras = tuple(self._open.values())
        return [camera.figures() for camera in cameras]

    def on_status(self, listener: OnEvent) -> Callable[[], None]:
        """`listener` is called with each CameraStatus and CameraFault from now on, in the thread that they happen in;
        it must not block. Returns what ends it.
        """
        with self._lock:
            self._listeners = (*self._listeners, listener)
        return partial(self._forget, listener)

    def _forget(self, listener: OnEvent) -> None:
        with self._lock:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

    def _tell(self, event: CameraEvent) -> None:
        for listener in self._listeners:
            listener(event)

    def _camera(self, row: CameraRow) -> Camera:
        with self._lock:
            if self._closed:
                raise SubscriptionClosedError
            if row.id in self._deleted:
                raise NotFoundError("camera", row.id)
            if row.id not in self._open:
                self._open[row.id] = Camera(
                    row.id,
                    row.name,
                    self._source(row),
                    _look(row),
                    launch=self._launch,
                    tell=self._tell,
                    linger=self._linger,
                    timing=self._timing,
                )
            return self._open[row.id]

    def _launch(self) -> Any:
        return launch(_ENVIRONMENT, _NICE, log, loopback=sys.platform == "win32", module=_MODULE)

    def _apply(self, row: CameraRow) -> None:
        with self._lock:
            camera = self._open.get(row.id)
        if camera is not None:
            camera.rename(row.name)
            camera.broadcaster.set_defaults(_look(row))
            camera.set_source(self._source(row))

    def _source(self, row: CameraRow) -> Source:
        source = parse(row.source)
        return Source(
            source.kind,
            source.text,
            trusted=row.source == row.configured_source,
            files=str(self._settings.camera_files),
            private_urls=self._settings.camera_private_urls,
        )

    def _as_object(self, row: CameraRow) -> CameraObject:
        with self._lock:
            camera = self._open.get(row.id)
        status = camera.status() if camera is not None else None
        return {
            "id": row.id,
            "name": row.name,
            "source": masked(row.source),
            "configured": row.configured_source is not None,
            "fps": row.fps,
            "quality": row.quality,
            "width": row.width,
            "state": str(status.state) if status else str(CameraState.CLOSED),
            "viewers": status.viewers if status else 0,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        }


def _look(row: CameraRow) -> Look:
    return Look(row.fps, row.quality, row.width)


def _checked_name(name: str | None) -> str | None:
    if name is None:
        return None
    name = name.strip()
    if not name or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        sentence = f"A name has 1 to {MAX_NAME_CHARACTERS} printable characters."
        raise InvalidInputError("The camera cannot be named so.", [FieldProblem("name", sentence)])
    return name


def _resolved(source: str) -> str:
    """`auto` is camera 0 where there is one, else the test pattern."""
    if source != AUTO:
        return source
    return "0" if os.access(FIRST_DEVICE, os.R_OK | os.W_OK) else "test"
