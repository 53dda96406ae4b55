"""A second opinion on weak lines: another engine reads them once more, and one of the two readings stands.

Whole readings are weighed, never mixed: voting on characters needs three. What an engine says of itself is first
turned into the share of characters that were right when it said so; those curves were measured line by line, clean
and damaged, for rapidocr and tesseract. Where the engines agree, the line is no longer weak for want of evidence.
"""

from __future__ import annotations

import logging
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from services.errors import TaskbeamError
from services.ocr.engines.base import Engine
from services.ocr.page import Image, Reading, Region

_log = logging.getLogger(__name__)

_BLANK = "__"  # a line in which blanks were found by their pixels; no engine reads them better
_MARGIN = 0.05  # by which the second opinion must be the better one
_STRONG_LETTERS = 20  # fewer say nothing about what a page is written in
_LEAST_COMMON_LENGTH = 0.5  # the shorter of two readings of one line, as a share of the longer

# (what the engine says, share of characters that are right), between which lines are drawn.
_MEASURED = {
    "rapidocr": ((0.0, 0.0), (1.0, 1.0)),
    "tesseract": ((0.0, 0.1), (0.3, 0.2), (0.5, 0.6), (0.65, 0.75), (0.75, 0.9), (0.88, 0.955), (0.93, 0.986), (1, 1)),
    # Not measured: taken at its word, less the margin once more.
    "easyocr": ((0.0, 0.0), (0.05, 0.0), (1.0, 0.95)),
}
_AS_IT_SAYS = ((0.0, 0.0), (1.0, 1.0))


def fuse(
    regions: Sequence[Region],
    crops: Sequence[Image],
    second: Callable[[], Engine],
    weak_below: float,
    threads: int = 1,
) -> tuple[list[Region], bool]:
    """Reads weak lines again.

    Args:
        regions: lines as the first engine read them, blanks restored.
        crops: of the same lines, in the same order.
        second: gives the engine to ask; not called when no line is weak, since loading one takes seconds.
        weak_below: confidence under which a line is weak.
        threads: cores that may be used.

    Returns:
        The regions, each as the engine named in it read it, and whether the second engine read anything at all. Its
        failure costs nothing but its opinion.
    """
    weak = [number for number, region in enumerate(regions) if _is_weak(region, weak_below)]
    if not weak:
        return list(regions), False
    try:
        engine = second()
        readings = engine.recognize([crops[number] for number in weak], threads=threads)
    except TaskbeamError as error:
        _log.warning("No second opinion: %s", error.message)
        return list(regions), False
    page = _is_written_in_han([region for region in regions if region.confidence >= weak_below])
    fused = list(regions)
    for number, reading in zip(weak, readings, strict=True):
        fused[number] = _weighed(regions[number], reading, engine.name, page)
    return fused, any(reading.text.strip() for reading in readings)


def expected_accuracy(engine: str, confidence: float) -> float:
    """The share of characters that are right when this engine is so sure (0 … 1)."""
    points = _MEASURED.get(engine, _AS_IT_SAYS)
    upper = min(max(1, bisect_right(points, (confidence, 2.0))), len(points) - 1)
    (x1, y1), (x2, y2) = points[upper - 1], points[upper]
    return y1 + (y2 - y1) * (confidence - x1) / (x2 - x1)


def _is_weak(region: Region, weak_below: float) -> bool:
    return region.confidence < weak_below and _BLANK not in region.text


def _weighed(region: Region, reading: Reading, engine: str, page_has_han: bool | None) -> Region:
    first = expected_accuracy(region.engine, region.confidence)
    other = expected_accuracy(engine, reading.confidence)
    if _bare(region.text) == _bare(reading.text):
        return replace(region, confidence=max(region.confidence, first, other))
    rubbish = _is_foreign(region.text, page_has_han)
    if _is_foreign(reading.text, page_has_han) or _lost_much(region.text, reading.text, but_han=rubbish):
        return region
    if other > first + (-_MARGIN if rubbish else _MARGIN):
        return replace(region, text=reading.text.strip(), confidence=other, engine=engine)
    return region


def _lost_much(text: str, other: str, *, but_han: bool) -> bool:
    """Whether half of a line, or all its Chinese, is in one reading only; the second may be as sure as it likes."""
    lengths = sorted((len(_bare(text)), len(_bare(other))))
    if lengths[0] < _LEAST_COMMON_LENGTH * lengths[1] or not lengths[0]:
        return True
    return not but_han and _han(text) >= 2 and not _han(other)


def _is_foreign(text: str, page_has_han: bool | None) -> bool:
    """Chinese characters on a page that has none: what recognisers of Chinese make of specks and of bad Latin."""
    return page_has_han is False and _han(text) > 0


def _is_written_in_han(strong: Sequence[Region]) -> bool | None:
    """None when too little of the page is sure."""
    text = "".join(region.text for region in strong)
    if _han(text):
        return True
    return False if sum(character.isalpha() for character in text) >= _STRONG_LETTERS else None


def _han(text: str) -> int:
    return sum("\u3400" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" for character in text)


def _bare(text: str) -> str:
    """What both engines must agree on: not on white space, nor on the width of punctuation."""
    return "".join(unicodedata.normalize("NFKC", text).split())
