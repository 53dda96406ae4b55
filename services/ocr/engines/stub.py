"""An engine for tests: quick, exact, without models. Its "print" is a bar code that `tests/pages.py` draws.

One line is a strip of square cells, `ROWS` high: a solid column, then a column per byte (the highest bit on top,
every second column inverted, so that no row is one long stroke like a blank to be filled in), then a solid column.

    MAGIC length delay_high delay_low fault confidence | text in UTF-8 | checksum | filling

`length` counts the bytes of the text, `delay` is in hundredths of a second and slept before the line is read,
`confidence` is in percent. The magic byte tells a strip that stands on its head.

Where JOURNAL_VARIABLE names a file, each line that is read leaves its text there: how often a page was read shows
from outside, whatever was killed meanwhile.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from services.ocr.engines.base import Engine, OnRead
from services.ocr.page import Image, Quad, Reading

ROWS = 8  # cells of a strip's height, a bit each
CELL = 4  # pixels of a cell as it is drawn
HEADER = 6  # bytes before the text
FEWEST = 24  # columns: even the shortest text makes a strip that lies, not stands
MAGIC = 0b1011_0010
INVERSION = (0x55, 0xAA)
JOURNAL_VARIABLE = "TASKBEAM_TEST_OCR_JOURNAL"

_DARK = 128


class Fault(IntEnum):
    """What a line does to who reads it."""

    NONE = 0
    RAISE = 1
    CRASH = 2  # as native code crashes: the process is gone


class Strip(NamedTuple):
    text: str
    delay: float = 0.0  # seconds
    fault: Fault = Fault.NONE
    confidence: float = 0.99


def encode(strip: Strip) -> list[int]:
    """The bytes of a strip's columns, before every second one is inverted.

    Raises:
        ValueError: over 255 bytes of text.
    """
    text = strip.text.encode()
    delay = round(100 * strip.delay)
    body = [MAGIC, len(text), *divmod(delay, 256), strip.fault, round(100 * strip.confidence), *text]
    return [*bytes(body), sum(body) % 256, *[0] * (_width(len(text)) - len(body) - 1)]


def decode(columns: Sequence[int]) -> Strip | None:
    """None when these are not the bytes of a strip."""
    if len(columns) <= HEADER or columns[0] != MAGIC:
        return None
    _, length, high, low, fault, confidence = columns[:HEADER]
    end = HEADER + length
    if len(columns) != _width(length) or sum(columns[:end]) % 256 != columns[end]:
        return None
    text = bytes(columns[HEADER:end]).decode("utf-8", "replace")
    return Strip(text, (256 * high + low) / 100, Fault(fault), confidence / 100)


def _width(length: int) -> int:
    """Columns of a strip with a text of so many bytes."""
    return max(FEWEST, HEADER + length + 1)


class StubEngine(Engine):
    name = "stub"
    version = "1"

    def detect(self, image: Image, side: int, threads: int = 1) -> list[Quad]:  # noqa: ARG002
        """Also strips that stand on end; they come back as tall boxes."""
        dark = _dark(image)
        # Strips lie further apart than their cells do: closing the gaps of a strip makes it one component.
        grown = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((3 * CELL + 1, 3 * CELL + 1), np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats(grown)
        return [_quad(*box[:4]) for box in stats[1:].tolist() if min(box[2:4]) > CELL * ROWS // 2]

    def recognize(self, crops: Sequence[Image], on_read: OnRead | None = None, threads: int = 1) -> list[Reading]:  # noqa: ARG002
        readings = []
        for number, crop in enumerate(crops):
            readings.append(_read(crop))
            if on_read is not None:
                on_read(number, readings[-1])
        return readings

    def votes_upside_down(self, crops: Sequence[Image]) -> list[float]:
        return [float(_strip(crop) is None and _strip(crop[::-1, ::-1]) is not None) for crop in crops]


def _read(crop: Image) -> Reading:
    strip = _strip(crop)
    if strip is None:
        return Reading("", 0.0)
    _note(strip.text)
    time.sleep(strip.delay)
    if strip.fault is Fault.RAISE:
        raise RuntimeError(f"The stub was told to fail at {strip.text!r}")
    if strip.fault is Fault.CRASH:
        os.kill(os.getpid(), signal.SIGKILL)
    return Reading(strip.text, strip.confidence, _positions(strip.text))


def _note(text: str) -> None:
    """In one write, so that processes do not cut each other's lines."""
    if path := os.environ.get(JOURNAL_VARIABLE):
        with open(path, "ab", buffering=0) as journal:  # noqa: PTH123  # unbuffered: the next line may be our last
            journal.write(f"{text}\n".encode())


def _strip(crop: Image) -> Strip | None:
    dark = _dark(crop) > 0
    down, across = np.flatnonzero(dark.any(1)), np.flatnonzero(dark.any(0))
    if len(down) < ROWS or len(across) < ROWS:
        return None
    strip = dark[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
    readings = (decode(_bytes_of(strip, count)) for count in _likely_counts(strip))
    return next((reading for reading in readings if reading), None)


def _likely_counts(strip: NDArray[np.bool_]) -> list[int]:
    """Columns it may have, the likeliest first: a pixel that its height lost makes a long strip some columns longer."""
    height, width = strip.shape
    likely = width * ROWS / height
    spread = int(0.08 * likely) + 1
    return sorted(range(max(3, int(likely) - spread), int(likely) + spread + 2), key=lambda count: abs(count - likely))


def _bytes_of(strip: NDArray[np.bool_], count: int) -> list[int]:
    """The middle of each cell of so many columns, without the first and the last, which are solid."""
    height, width = strip.shape
    down = ((np.arange(ROWS) + 0.5) * height / ROWS).astype(int)
    across = ((np.arange(count) + 0.5) * width / count).astype(int)
    columns = np.packbits(strip[np.ix_(down, across)], axis=0)[0].tolist()
    return [value ^ INVERSION[number % 2] for number, value in enumerate(columns[1:-1])]


def _positions(text: str) -> tuple[float, ...]:
    """The middles of the characters' columns, of which there is one a byte."""
    if not text:
        return ()
    ends = np.cumsum([len(character.encode()) for character in text])
    starts = np.concatenate([[0], ends[:-1]])
    columns = _width(int(ends[-1])) + 2
    return tuple((((starts + ends) / 2 + 1 + HEADER) / columns).tolist())


def _dark(image: Image) -> NDArray[np.uint8]:
    dark: NDArray[np.uint8] = (image.min(axis=2) < _DARK).astype(np.uint8)
    return dark


def _quad(left: int, top: int, width: int, height: int) -> Quad:
    right, bottom = left + width, top + height
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
