"""Headings over columns and footers under them that happen not to cross the gutter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.ocr.layout.geometry import Boxes

Indexes = NDArray[np.intp]

_FLUSH = (0.7, 2.7)  # a line begins this much before or after its column's edge (an indent), in text heights
_CENTRED = 1.2
_LARGE = 1.25  # type of a heading
_CLEAR = 0.7  # more white than usual between rows
_DEPTH = 4  # rows of a heading or footer


def peel(boxes: Boxes, left: Indexes, right: Indexes, columns: list[Indexes]) -> tuple[Indexes, Indexes]:
    """The two sides of a gutter without the rows at their top and bottom that belong to the page, not to a column."""
    stripes = _stripes(boxes, np.concatenate([left, right]))
    if len(stripes) < 4:
        return left, right
    white = np.array([boxes.y1[b].min() - boxes.y2[a].max() for a, b in pairwise(stripes)])
    clear = white > np.median(white) + _CLEAR * boxes.unit
    first, last = 0, len(stripes)
    while first < min(_DEPTH, len(clear)) and _is_stranger(boxes, stripes[first], columns, bool(clear[first])):
        first += 1
    while last - first > 2 and len(stripes) - last < _DEPTH and (
        _is_stranger(boxes, stripes[last - 1], columns, bool(clear[last - 2]))
        or (clear[last - 2] and _is_under_both(stripes[last - 1], stripes[last - 2], left, right))
    ):  # fmt: skip
        last -= 1
    kept = np.concatenate(stripes[first:last])
    return left[np.isin(left, kept)], right[np.isin(right, kept)]


def _stripes(boxes: Boxes, members: Indexes) -> list[Indexes]:
    """Rows that white stripes through all columns set apart, from the top; boxes may touch by a quarter."""
    inset = (boxes.y2[members] - boxes.y1[members]) / 4
    order = np.argsort(boxes.y1[members] + inset, kind="stable")
    top, bottom = (boxes.y1[members] + inset)[order], np.maximum.accumulate((boxes.y2[members] - inset)[order])
    return np.split(members[order], 1 + np.flatnonzero(top[1:] > bottom[:-1]))


def _is_stranger(boxes: Boxes, row: Indexes, columns: list[Indexes], clear: bool) -> bool:
    """A row that stands in no column: a short title in the middle of the page, the two ends of a running head."""
    edges = np.array([np.quantile(boxes.x1[column], 0.1) for column in columns])
    offset = boxes.x1[row][:, None] - edges
    flush = ((offset >= -_FLUSH[0] * boxes.unit) & (offset <= _FLUSH[1] * boxes.unit)).any(axis=1)
    if len(row) == 1 and _is_centred(boxes, row, [np.concatenate(columns)]).all():
        is_large = boxes.y2[row[0]] - boxes.y1[row[0]] >= _LARGE * boxes.unit
        return not flush.any() or bool(is_large)
    return clear and not (flush | _is_centred(boxes, row, columns)).all()


def _is_centred(boxes: Boxes, row: Indexes, columns: list[Indexes]) -> NDArray[np.bool_]:
    axes = np.array([(boxes.x1[column].min() + boxes.x2[column].max()) / 2 for column in columns])
    away = np.abs((boxes.x1[row] + boxes.x2[row])[:, None] / 2 - axes)
    return np.asarray((away <= _CENTRED * boxes.unit).any(axis=1))


def _is_under_both(row: Indexes, above: Indexes, left: Indexes, right: Indexes) -> bool:
    """A single line under columns that end together."""
    return len(row) == 1 and bool(np.isin(above, left).any() and np.isin(above, right).any())
