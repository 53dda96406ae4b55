"""Tesseract: the program, where it is installed. Good on clean English, weak on Chinese and on photographs."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from services.errors import ModelLoadError
from services.ocr.engines import availability, tesseract_program
from services.ocr.engines.base import Engine, OnRead
from services.ocr.engines.tesseract_program import Word
from services.ocr.engines.voting import votes_by_reading
from services.ocr.page import Image, Quad, Reading
from services.ocr.running_text import is_square

Grey = NDArray[np.uint8]  # height x width

_ONE_LINE, _SPARSE = 7, 11  # page segmentation modes
_LOOKS_TWICE_AS_CLOSELY = (
    2  # it finds lines by the outlines of letters, for which a detector network's size is too small
)
_HEIGHT = 40  # pixels of a line as its network likes it
_WIDEST = 4000  # pixels of a line after scaling
_BORDER = 12  # white pixels around a line: text that touches the edge is taken for noise
_SMALLEST = 4  # pixels of a side; what is less is a speck
_BATCH = 12  # lines for one run: starting it costs as much as some lines
_STEEPEST = 0.2  # slope of a line that is still believed
_TIMEOUT = 120.0  # seconds for one run


class TesseractEngine(Engine):
    name = "tesseract"

    def __init__(self) -> None:
        if lack := availability.tesseract_lacks():
            raise ModelLoadError(str(lack))
        self.version = f"{tesseract_program.version()} {'+'.join(tesseract_program.languages())}"

    def detect(self, image: Image, side: int, threads: int = 1) -> list[Quad]:  # noqa: ARG002  # see tesseract_program
        if not image.size:
            return []
        scale = min(1.0, _LOOKS_TWICE_AS_CLOSELY * side / max(image.shape))
        grey = _scaled(_grey(image), scale)
        words = tesseract_program.read(_file([grey]), mode=_SPARSE, timeout=_TIMEOUT)
        return [np.float32(1 / scale) * _quad_of(list(line)) for _, line in groupby(words, lambda word: word.line)]

    def recognize(self, crops: Sequence[Image], on_read: OnRead | None = None, threads: int = 1) -> list[Reading]:
        readings = [Reading("", 0.0)] * len(crops)
        legible = [number for number, crop in enumerate(crops) if min(crop.shape[:2]) >= _SMALLEST]
        batches = [legible[start : start + _BATCH] for start in range(0, len(legible), _BATCH)]
        with ThreadPoolExecutor(max(1, threads)) as pool:
            asked = {pool.submit(_read, [crops[number] for number in batch]): batch for batch in batches}
            for number, reading in _as_read(asked):
                readings[number] = reading
                if on_read is not None:
                    on_read(number, reading)
        return readings

    def votes_upside_down(self, crops: Sequence[Image]) -> list[float]:
        return votes_by_reading(self, crops)


def _as_read(asked: dict[Future[list[Reading]], list[int]]) -> Iterator[tuple[int, Reading]]:
    try:
        for future in as_completed(asked):
            yield from zip(asked[future], future.result(), strict=True)
    finally:
        for future in asked:  # one failed, or the caller did: what has not begun need not begin
            future.cancel()


def _read(crops: Sequence[Image]) -> list[Reading]:
    """Each crop is a page of one file."""
    lines = [_prepared(crop) for crop in crops]
    words = tesseract_program.read(_file(lines), mode=_ONE_LINE, timeout=_TIMEOUT)
    of_page: dict[int, list[Word]] = {page: list(found) for page, found in groupby(words, lambda word: word.line[0])}
    return [_reading(of_page.get(page, []), line.shape[1]) for page, line in enumerate(lines, 1)]


def _prepared(crop: Image) -> Grey:
    """Grey, of the height its network likes, with a white border."""
    grey = _grey(crop)
    height, width = grey.shape
    size = (max(1, min(_WIDEST, round(width * _HEIGHT / height))), _HEIGHT)
    scaled = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if height > _HEIGHT else cv2.INTER_CUBIC)
    return np.pad(scaled, _BORDER, constant_values=int(np.percentile(scaled, 90))).astype(np.uint8)


def _grey(image: Image) -> Grey:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY), np.uint8)


def _scaled(grey: Grey, scale: float) -> Grey:
    if scale == 1:
        return grey
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _file(pages: Sequence[Grey]) -> bytes:
    file = io.BytesIO()
    first, *others = [Pillow.fromarray(page) for page in pages]
    first.save(file, "TIFF", save_all=True, append_images=others, dpi=(300, 300))
    return file.getvalue()


def _reading(words: Sequence[Word], width: int) -> Reading:
    """`width`: of the line with its border, in whose pixels the words lie."""
    text, positions = "", list[float]()
    for word in words:
        if text and not (is_square(text[-1]) or is_square(word.text[0])):
            text, positions = text + " ", [*positions, word.left]
        text += word.text
        count = len(word.text)
        positions += [word.left + word.width * (number + 0.5) / count for number in range(count)]
    inner = max(1, width - 2 * _BORDER)
    along = tuple(min(1.0, max(0.0, (position - _BORDER) / inner)) for position in positions)
    return Reading(text, _confidence(words), along)


def _confidence(words: Sequence[Word]) -> float:
    """The mean over characters."""
    count = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / count if count else 0.0


def _quad_of(words: Sequence[Word]) -> Quad:
    """The smallest box around the words that is tilted as they are: on a skewed page their middles rise or fall."""
    boxes = np.array([(word.left, word.top, word.left + word.width, word.top + word.height) for word in words], float)
    middles = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2])
    slope = float(np.polyfit(middles[:, 0], middles[:, 1], 1)[0]) if len(words) >= 3 and np.ptp(middles[:, 0]) else 0.0
    angle = np.arctan(slope) if abs(slope) <= _STEEPEST else 0.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # of row vectors, back to level
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2) @ turn
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    level = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    return np.asarray(level @ turn.T, np.float32)
