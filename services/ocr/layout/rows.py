"""Chains boxes that stand beside each other on one printed line."""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np

from services.ocr.layout.geometry import Boxes

_SHARED_HEIGHT = 0.5  # two boxes of one row share at least half of the lower one's height
_SHARED_WIDTH = 0.5  # and lie over each other by no more than half of the narrower one

# Middle, row, x1, y1, x2, y2 of the last box of an open row. Plain tuples: thousands are compared for each page.
_End = tuple[float, int, float, float, float, float]


def chains(boxes: Boxes, reach: float = float("inf")) -> list[list[int]]:
    """Boxes of one row, from left to right; a row ends at a gap wider than `reach` pixels.

    A sweep from left to right: each box goes on with the open row whose last box shares most of its height, so a row
    may drift up or down over the page. Open rows are kept sorted by height: O(n log n) comparisons.
    """
    rows: list[list[int]] = []
    ends: list[_End] = []
    order = np.lexsort((boxes.y1, boxes.x1))
    sides = (side[order].tolist() for side in (boxes.middle, boxes.x1, boxes.y1, boxes.x2, boxes.y2))
    for i, middle, x1, y1, x2, y2 in zip(order.tolist(), *sides, strict=True):
        box = (middle, len(rows), x1, y1, x2, y2)
        at = _nearest(ends, box, reach)
        if at is None:
            rows.append([i])
        else:
            box = (middle, ends.pop(at)[1], x1, y1, x2, y2)
            rows[box[1]].append(i)
        insort(ends, box)
    return rows


def _nearest(ends: list[_End], box: _End, reach: float) -> int | None:
    """Where the open row stands that the box belongs to; closes those out of reach that it meets."""
    middle, _, x1, *_ = box
    at = bisect_left(ends, (middle,))
    best, nearest = None, float("inf")
    for k in range(min(at + 2, len(ends)) - 1, max(at - 2, 0) - 1, -1):
        end = ends[k]
        if x1 - end[4] > reach:
            del ends[k]
            return _nearest(ends, box, reach)
        if abs(end[0] - middle) < nearest and _goes_on(end, box):
            best, nearest = k, abs(end[0] - middle)
    return best


def _goes_on(end: _End, box: _End) -> bool:
    _, _, x1, y1, x2, y2 = end
    _, _, left, top, right, bottom = box
    shared = (y2 if y2 < bottom else bottom) - (y1 if y1 > top else top)
    return (
        shared >= _SHARED_HEIGHT * min(y2 - y1, bottom - top)
        and x2 - left <= _SHARED_WIDTH * min(x2 - x1, right - left)
    )  # fmt: skip
