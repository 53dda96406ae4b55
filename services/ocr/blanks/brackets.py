"""Empty brackets whose right half was lost: `（` ends a line, and some way behind it stands `）`, alone.

Detectors end a line where the room to write in begins, and recognisers drop a last bracket that stands far off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from services.ocr.blanks.lines import Line
from services.ocr.blanks.respell import positions_of
from services.ocr.crops import cut
from services.ocr.page import Image, Quad, Reading

_CLOSING = {"(": "  )", "（": "　）"}
_FURTHEST = 6.0  # heights of a line from one bracket to the other
_ROOM = 0.2  # heights of a line: less is not room to write in
_TALL, _WIDE = 0.5, 0.4  # a bracket is taller and narrower than this, in heights of a line
_INKED = 0.2  # of the contrast


def closed(
    image: Image, quads: Sequence[Quad], readings: Sequence[Reading], contrast: float
) -> tuple[list[Quad], list[Reading]]:
    """The same lines, brackets that stand open at their end closed where the pixels show it."""
    lines = [Line.of(quad) for quad in quads]
    found, said = list(quads), list(readings)
    for index, reading in enumerate(readings):
        bare = reading.text.rstrip()
        if bare[-1:] not in _CLOSING or not lines[index].is_level:
            continue
        end = _end_of_bracket(image, lines[index], lines, positions_of(reading)[len(bare) - 1], contrast)
        if end is not None:
            found[index], said[index] = _with_bracket(lines[index], replace(reading, text=bare), end)
    return found, said


def _with_bracket(line: Line, reading: Reading, end: float) -> tuple[Quad, Reading]:
    right = max(line.width, end)
    mark = _CLOSING[reading.text[-1]]
    placed = [position * line.width / right for position in reading.positions[: len(reading.text)]]
    positions = (*placed, *[end / right] * len(mark)) if placed else ()
    return line.quad(0, right), replace(reading, text=reading.text + mark, positions=positions)


def _end_of_bracket(image: Image, line: Line, lines: Sequence[Line], opening: float, contrast: float) -> float | None:
    """Where (u) the lone bracket behind the one at `opening` (0 … 1) ends."""
    start = opening * line.width + 0.3 * line.height
    others = [left for left, _ in line.neighbours(lines) if left > start]
    stop = min([start + _FURTHEST * line.height, image.shape[1] - 1 - line.origin[0], *others])
    if stop - start < 0.7 * line.height:
        return None
    crop = cut(image, line.quad(start, stop))
    size = max(3, int(0.07 * crop.shape[0]) | 1)
    soft = cv2.blur(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), (size, size))
    ink = soft < float(np.median(soft)) - _INKED * contrast
    columns = np.flatnonzero(ink.any(axis=0))
    if not len(columns) or columns[0] < _ROOM * line.height:
        return None
    gaps = np.flatnonzero(np.diff(columns) > 0.15 * line.height)
    last = columns[gaps[0]] if len(gaps) else columns[-1]
    rows = np.flatnonzero(ink[:, columns[0] : last + 1].any(axis=1))
    is_bracket = np.ptp(rows) > _TALL * line.height and last - columns[0] < _WIDE * line.height
    return start + float(last) + 1 if is_bracket else None
