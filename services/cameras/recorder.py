"""A clip of what a source gives, written in the capture process.

Matroska with MPEG-4 video: of what OpenCV writes here, MP4 is lost whole when it is not ended properly, WebM costs six
times the time (23 ms a 720p frame against 3.7) and MJPEG in AVI three times the space.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from services.cameras.sources.base import Metronome, Picture

_REPORTS = 1.0  # seconds between two
_CODEC = "mp4v"


class Clip(NamedTuple):
    """What is to be written."""

    path: str
    fps: float
    width: int | None  # pixels; None: the source's
    seconds: float  # at most
    size: int  # bytes at most


class Recorder:
    """Writes the newest picture `fps` times a second in a thread of its own, so that a clip lasts as long as what it
    shows took, however unsteady its source is.
    """

    def __init__(self, clip: Clip, newest: Callable[[], Picture | None], report: Callable[[dict[str, Any]], None]):
        """
        Args:
            clip: what is to be written.
            newest: the source's newest picture, None before the first.
            report: takes `{seconds, frames, size, ended, error}` now and then and at the end.
        """
        self._clip, self._newest, self._report = clip, newest, report
        self._stopping = threading.Event()
        self._writer: cv2.VideoWriter | None = None
        self._shape = (0, 0)  # width, height
        self._frames = 0
        self._began = self._last_report = time.monotonic()
        threading.Thread(target=self._run, name="recorder", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        error = None
        try:
            self._record()
        except Exception as problem:  # noqa: BLE001  # cv2.error, OSError: whatever it is, the clip ends here
            error = f"The clip cannot be written: {problem}"
        if self._writer is not None:
            self._writer.release()
        elif error is None:
            error = "The camera gave no picture."
        self._report(self._figures() | {"ended": True, "error": error})

    def _record(self) -> None:
        metronome = Metronome(self._clip.fps)
        while not self._stopping.is_set() and self._has_room():
            metronome.wait()
            picture = self._newest()
            if picture is not None:
                self._write(picture)
            if time.monotonic() - self._last_report >= _REPORTS:
                self._last_report = time.monotonic()
                self._report(self._figures() | {"ended": False, "error": None})

    def _has_room(self) -> bool:
        if time.monotonic() - self._began >= self._clip.seconds:
            return False
        return self._frames % 16 != 0 or self._size() < self._clip.size

    def _write(self, picture: Picture) -> None:
        if self._writer is None:
            self._open(picture)
        assert self._writer is not None
        pixels = picture.pixels
        if (pixels.shape[1], pixels.shape[0]) != self._shape:
            pixels = cv2.resize(pixels, self._shape, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        self._writer.write(pixels)
        self._frames += 1

    def _open(self, picture: Picture) -> None:
        width = min(self._clip.width or picture.width, picture.width)
        # Both even: the codec's colours are kept for squares of two by two pixels.
        self._shape = max(2, width // 2 * 2), max(2, round(picture.height * width / picture.width) // 2 * 2)
        codec = cv2.VideoWriter.fourcc(*_CODEC)
        self._writer = cv2.VideoWriter(self._clip.path, cv2.CAP_FFMPEG, codec, self._clip.fps, self._shape)
        if not self._writer.isOpened():
            raise OSError("the file or the encoder cannot be opened")

    def _figures(self) -> dict[str, Any]:
        return {"seconds": self._frames / self._clip.fps, "frames": self._frames, "size": self._size()}

    def _size(self) -> int:
        path = Path(self._clip.path)
        return path.stat().st_size if path.exists() else 0
