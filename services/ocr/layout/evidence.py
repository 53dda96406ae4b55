"""What tells columns from tables, receipts, forms and options: how lines fill, what they say, how they are numbered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.ocr.layout.geometry import Boxes, weighted_median
from services.ocr.layout.rows import chains
from services.ocr.layout.segments import Segments

Indexes = NDArray[np.intp]

LINES = 3  # fewer on a side are no column
_COLUMN = 7.0  # width of the narrowest column of text, in text heights
_FILL = 0.5  # most of a column's text stands in lines at least half as long as its longest
_WHOLE = 0.4  # of the rows in a column stand in one part
_CELL_GAP = 0.6  # of a column's width
_SAME_ROW = 0.35  # of a text height


def reads_down(segments: Segments, left: Indexes, right: Indexes) -> bool:
    """Whether two strips of segments beside each other are columns, not parts of the same rows."""
    if min(len(left), len(right)) < LINES:
        return False
    down, across = _steps(segments, left, right)
    if down or across:
        strong = down >= 2 * LINES - 2 and down > 2 * across
        if strong or across > down:
            return strong
    is_text = all(_is_text(segments, side) for side in (left, right))
    return is_text and not _is_form(segments, left) and not _is_grid(segments.boxes, left, right)


def _is_text(segments: Segments, side: Indexes) -> bool:
    boxes = segments.boxes.take(side)
    column = float(boxes.x2.max() - boxes.x1.min())
    if column < _COLUMN * boxes.unit or segments.numeric[side].mean() >= 0.5:
        return False
    wide = boxes.x2 - boxes.x1
    return weighted_median(wide, wide) >= _FILL * column or _rows_fill(boxes, column)


def _rows_fill(boxes: Boxes, column: float) -> bool:
    """A column may hold rows in several parts, prices or options, between lines that are whole."""
    rows = chains(boxes)
    wide = np.array([boxes.x2[row].max() - boxes.x1[row].min() for row in rows])
    whole = sum(len(row) == 1 for row in rows)
    return whole >= _WHOLE * len(rows) and weighted_median(wide, wide) >= _FILL * column


def _is_form(segments: Segments, left: Indexes) -> bool:
    """Labels on the left: what they ask for stands beside them."""
    return bool(segments.label[left].mean() >= 0.5)


def _is_grid(boxes: Boxes, left: Indexes, right: Indexes) -> bool:
    """Cells: row by row in pairs, and far apart for their width."""
    if len(left) != len(right) or len(_neighbours(boxes, left, right)) < len(right):
        return False
    narrower = min(float(boxes.x2[side].max() - boxes.x1[side].min()) for side in (left, right))
    return float(boxes.x1[right].min() - boxes.x2[left].max()) > _CELL_GAP * narrower


def _steps(segments: Segments, left: Indexes, right: Indexes) -> tuple[int, int]:
    """How often numbers or letters go on from 1 to 2, from A to B: down each strip, and across from left to right."""
    left, right = (side[segments.marks[side] != 0] for side in (left, right))
    down = sum(
        _steps_down(segments, side[segments.marks[side] * sign > 0]) for side in (left, right) for sign in (1, -1)
    )
    pairs = np.array(_neighbours(segments.boxes, left, right), np.intp).reshape(-1, 2)
    step = segments.marks[pairs[:, 1]] - segments.marks[pairs[:, 0]]
    return down, int((np.abs(step) == 1).sum())


def _steps_down(segments: Segments, side: Indexes) -> int:
    """In one kind of marks; two of them in one row are not below each other."""
    ordered = side[np.argsort(segments.boxes.middle[side], kind="stable")]
    below = np.diff(segments.boxes.middle[ordered]) > _SAME_ROW * segments.boxes.unit
    return int((below & (np.diff(np.abs(segments.marks[ordered])) == 1)).sum())


def _neighbours(boxes: Boxes, left: Indexes, right: Indexes) -> list[tuple[int, int]]:
    """For segments on the right the last one on the left in the same row."""
    ordered = left[np.argsort(boxes.middle[left], kind="stable")]
    reach = _SAME_ROW * boxes.unit
    first = np.searchsorted(boxes.middle[ordered], boxes.middle[right] - reach)
    last = np.searchsorted(boxes.middle[ordered], boxes.middle[right] + reach)
    rows = [(ordered[a:b], i) for a, b, i in zip(first, last, right, strict=True) if a < b]
    return [(int(row[boxes.x1[row].argmax()]), int(i)) for row, i in rows]
