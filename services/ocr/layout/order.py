"""Cuts a page along its gutters and reads the pieces one after the other."""

from __future__ import annotations

import numpy as np

from services.ocr.layout.columns import Indexes, cut
from services.ocr.layout.evidence import LINES
from services.ocr.layout.rows import chains
from services.ocr.layout.segments import Segments

Block = list[list[int]]  # rows of indexes of boxes

_LOOKS = 60  # a page in more pieces is a drawing


def blocks_of(segments: Segments) -> list[Block]:
    """Blocks of rows in reading order: headings, then each column with what is in it, then what stands below."""
    blocks: list[Block] = []
    waiting: list[Indexes] = [np.arange(len(segments.members))]
    looks = 0
    while waiting:
        members = waiting.pop()
        is_worth_a_look = len(members) >= 2 * LINES and looks < _LOOKS
        looks += is_worth_a_look
        pieces = cut(segments, members) if is_worth_a_look else None
        if pieces is None:
            blocks.append(_rows(segments, members))
        else:
            waiting += reversed(pieces)
    return blocks


def _rows(segments: Segments, members: Indexes) -> Block:
    boxes = segments.boxes.take(members)
    wide, middle = np.maximum(boxes.x2 - boxes.x1, 1e-9), boxes.middle
    found = chains(boxes)
    heights = [float(np.average(middle[row], weights=wide[row])) for row in found]
    return [[box for i in found[k] for box in segments.members[members[i]]] for k in np.argsort(heights, kind="stable")]
