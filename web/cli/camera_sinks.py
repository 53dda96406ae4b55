"""Where the pictures of a camera go: a folder of JPEGs, a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from services.cameras.jpeg import MAX_PIXELS, read_header
from services.errors import TaskbeamError
from web.cli.camera_stream import Picture

CODECS = {".avi": "MJPG", ".mkv": "mp4v", ".mp4": "mp4v"}
_LONGEST_GAP = 10.0  # seconds that the last picture is shown again when none came


class Sink(Protocol):
    def take(self, picture: Picture) -> None: ...
    def close(self) -> None: ...


class Folder:
    """Each picture as it came, under its number and time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self, picture: Picture) -> None:
        milliseconds = int(picture.timestamp * 1000)
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            (self._path / f"{picture.seq:09d}-{milliseconds}.jpg").write_bytes(picture.data)
        except OSError as error:
            raise TaskbeamError(
                f"--save {self._path}: {error.strerror}. Choose a folder that can be written."
            ) from error

    def close(self) -> None: ...


class Clip:
    """Pictures at a constant rate, each at its own time: one that is missing is the one before once more."""

    def __init__(self, path: Path, fps: float) -> None:
        self._path, self._fps = path, fps
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._began, self._written = 0.0, 0

    def take(self, picture: Picture) -> None:
        pixels = self._pixels(picture)
        if self._writer is None:
            self._open(pixels, picture.timestamp)
        if (pixels.shape[1], pixels.shape[0]) != self._size:
            pixels = cv2.resize(pixels, self._size)
        due = round((picture.timestamp - self._began) * self._fps) + 1
        if due - self._written > _LONGEST_GAP * self._fps:
            self._began += (due - self._written - 1) / self._fps
            due = self._written + 1
        assert self._writer is not None
        for _ in range(due - self._written):
            self._writer.write(pixels)
            self._written += 1

    def close(self) -> None:
        if self._writer is not None:
            self._writer.release()

    def _open(self, pixels: cv2.typing.MatLike, timestamp: float) -> None:
        codec = cv2.VideoWriter.fourcc(*CODECS[self._path.suffix.lower()])
        self._size = (pixels.shape[1], pixels.shape[0])
        self._writer = cv2.VideoWriter(str(self._path), cv2.CAP_FFMPEG, codec, self._fps, self._size)
        self._began = timestamp
        if not self._writer.isOpened():
            raise TaskbeamError(
                f"--clip {self._path} cannot be written. Choose a folder that exists, and .mkv or .avi."
            )

    @staticmethod
    def _pixels(picture: Picture) -> cv2.typing.MatLike:
        header = read_header(picture.data)
        if header.width * header.height > MAX_PIXELS:
            raise TaskbeamError(f"A picture of {header.width} x {header.height} pixels is too large for a clip.")
        pixels = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            raise TaskbeamError("The camera gave a damaged picture.")
        return pixels
