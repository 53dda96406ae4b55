"""What a source is: a base, its backends beside it. They run in the capture process, where they may block."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from services.cameras.jpeg import MAX_PIXELS, read_header
from services.errors import CameraUnavailableError

DAMAGED_IN_A_ROW = 30  # pictures; then a source is given up
Pixels = npt.NDArray[np.uint8]  # H x W x 3, BGR as OpenCV has it


class Picture:
    """One picture of a source: pixels, or the JPEG that the source gave; each is made from the other when asked for.

    Attributes:
        timestamp: Unix seconds at which the source gave it.
        jpeg: as it came, or None; its header has been read.
    """

    def __init__(self, timestamp: float, *, pixels: Pixels | None = None, jpeg: bytes | None = None) -> None:
        """Raises CameraUnavailableError for a JPEG that is none, or has more than 100 megapixels."""
        self.timestamp = timestamp
        self.jpeg = jpeg
        self._given = pixels
        if jpeg is not None:
            self.header = read_header(jpeg)
            self.width, self.height = self.header.width, self.header.height
        else:
            assert pixels is not None
            self.height, self.width = pixels.shape[:2]
        if self.width * self.height > MAX_PIXELS:
            size = f"{self.width} x {self.height} pixels"
            raise CameraUnavailableError(f"Its pictures of {size} are over 100 megapixels.")

    @cached_property
    def pixels(self) -> Pixels:
        if self._given is not None:
            return self._given
        data = np.frombuffer(self.jpeg or b"", np.uint8)
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if decoded is None:
            raise CameraUnavailableError("Its pictures are damaged JPEGs.")
        return np.asarray(decoded, np.uint8)


def first_picture(read: Callable[[], bytes]) -> Picture:
    """The next of a source's JPEGs. One that is damaged, as comes over USB now and then, and what a stream has between
    its pictures are passed over.

    Raises:
        CameraUnavailableError: there are only such, or no more at all.
    """
    problem: CameraUnavailableError | None = None
    for _ in range(DAMAGED_IN_A_ROW):
        try:
            jpeg = read()
        except CameraUnavailableError as end:
            raise problem or end from None
        try:
            return Picture(time.time(), jpeg=jpeg)
        except CameraUnavailableError as damage:
            problem = damage
    assert problem is not None
    raise problem


class CameraSource(ABC):
    """Gives pictures at its own pace, from `open` to `close`; every call may block."""

    fps = 0.0  # frames a second that it is sure to give; 0: to be seen

    @abstractmethod
    def open(self) -> None:
        """Raises CameraUnavailableError, or SourceRefusedError when it may not be opened."""

    @abstractmethod
    def read(self) -> Picture:
        """The next picture. Raises CameraUnavailableError when there are no more."""

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class Metronome:
    """Beats `fps` times a second; after a hold-up it goes on from now instead of catching up."""

    def __init__(self, fps: float) -> None:
        self._interval = 1.0 / fps
        self._next = time.monotonic()

    def wait(self) -> None:
        now = time.monotonic()
        if self._next > now:
            time.sleep(self._next - now)
        elif now - self._next > self._interval:
            self._next = now
        self._next += self._interval
