"""Finds paragraphs, and writes a page down as people would copy it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.ocr.layout.geometry import Boxes, Floats
from services.ocr.layout.order import Block
from services.ocr.running_text import is_one_run

_CLEAR = 0.7  # text heights of white more than usual between two rows
_TOUCH = 0.4  # text heights at most between pieces of one run of characters
_INDENT = (1.0, 4.5)
_SHORT = 2.0  # a row that ends so much before its column does may end a paragraph

Row = tuple[int, ...]
Flags = NDArray[np.bool_]


def compose(blocks: Sequence[Block], boxes: Boxes, texts: Sequence[str]) -> tuple[list[list[Row]], str]:
    """Paragraphs of rows of indexes of boxes, and their text.

    A paragraph begins with a block, after a clear gap and at an indent; only the gap leaves a blank line in the text.
    """
    outlines = [_outlines(block, boxes) for block in blocks]
    usual = _usual_white(outlines, boxes.unit)
    paragraphs: list[list[Row]] = []
    lines: list[str] = []
    bottom = np.inf
    for block, outline in zip(blocks, outlines, strict=True):
        clear = _clear_gaps(outline, bottom, usual, boxes.unit)
        begins = clear | _indents(outline, boxes.unit)
        begins[0] = True
        for row, is_clear, is_first in zip(block, clear, begins, strict=True):
            _append(paragraphs, tuple(row), is_first)
            lines += _lines(_join(row, boxes, texts), is_clear)
        bottom = max(float(outline[:, 3].max()), -np.inf if np.isinf(bottom) else bottom)
    return paragraphs, "\n".join(lines).strip("\n")


def _append(paragraphs: list[list[Row]], row: Row, is_first: bool) -> None:
    if is_first:
        paragraphs.append([])
    paragraphs[-1].append(row)


def _lines(text: str, is_clear: bool) -> list[str]:
    if not text:
        return []
    return ["", text] if is_clear else [text]


def _outlines(block: Block, boxes: Boxes) -> Floats:
    """x1, y1, x2, y2 of each row."""
    starts = np.cumsum([0, *map(len, block[:-1])])
    flat = boxes.take([i for row in block for i in row])
    sides = [np.minimum.reduceat(flat.x1, starts), flat.y1, np.maximum.reduceat(flat.x2, starts), flat.y2]
    counts = np.diff(np.append(starts, len(flat)))
    sides[1], sides[3] = (np.add.reduceat(side, starts) / counts for side in (flat.y1, flat.y2))
    return np.stack(sides, axis=1)


def _white(outline: Floats) -> Floats:
    return np.asarray(outline[1:, 1] - outline[:-1, 3])


def _usual_white(outlines: Sequence[Floats], unit: float) -> float:
    white = np.concatenate([_white(outline) for outline in outlines])
    return float(np.quantile(white, 0.4)) if len(white) else 0.5 * unit


def _clear_gaps(outline: Floats, bottom: float, usual: float, unit: float) -> Flags:
    """Whether much white is over each row; over the first: between it and the lowest row of the blocks before."""
    white = _white(outline)
    own = float(np.quantile(white, 0.4)) if len(white) > 2 else usual
    return np.append(outline[0, 1] - bottom > usual + _CLEAR * unit, white > own + _CLEAR * unit)


def _indents(outline: Floats, unit: float) -> Flags:
    """Rows that begin further in than the next one, after a row that ends early."""
    x1, x2 = outline[:, 0] / unit, outline[:, 2] / unit
    indent = x1 - np.quantile(x1, 0.2)
    is_in = (indent >= _INDENT[0]) & (indent <= _INDENT[1])
    next_is_out = np.append(indent[:-1] - indent[1:] >= _INDENT[0], True)
    previous_is_short = np.append(True, x2.max() - x2[:-1] >= _SHORT)
    return np.asarray(is_in & next_is_out & previous_is_short)


def _join(row: Sequence[int], boxes: Boxes, texts: Sequence[str]) -> str:
    line, end = "", 0.0
    for i in row:
        if line and texts[i]:
            touches = boxes.x1[i] - end <= _TOUCH * boxes.unit
            line += "" if touches and is_one_run(line[-1], texts[i][0]) else " "
        line += texts[i]
        end = float(boxes.x2[i])
    return line
