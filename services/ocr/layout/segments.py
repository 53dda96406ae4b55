"""Pieces of lines: words that stand close together, seen as one; and what their first and last characters tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.ocr.layout.geometry import Boxes

# "A." "(B)" "C、": the letter of an option; "12." "(3)": the number of a question, not "2.50".
_LETTER = re.compile(r"[(（]?([A-H])[)）]?(?:[.．、:：,，。]|(?![A-Za-z']))")
_NUMBER = re.compile(r"[(（]?(\d{1,3})(?:[)）]|[.．、:：](?!\d))")
_HAN = re.compile(r"[\u4e00-\u9fff]")

Marks = NDArray[np.intp]


@dataclass(frozen=True)
class Segments:
    """Pieces of lines with their `members` (indexes of boxes, left to right)."""

    boxes: Boxes
    members: list[list[int]]
    texts: list[str]

    @classmethod
    def of(cls, boxes: Boxes, texts: Sequence[str], pieces: list[list[int]]) -> Segments:
        starts = np.cumsum([0, *map(len, pieces[:-1])])
        flat = boxes.take([i for piece in pieces for i in piece])
        outlines = (
            np.minimum.reduceat(flat.x1, starts), np.minimum.reduceat(flat.y1, starts),
            np.maximum.reduceat(flat.x2, starts), np.maximum.reduceat(flat.y2, starts),
        )  # fmt: skip
        return cls(Boxes(*outlines, boxes.unit), pieces, [" ".join(texts[i] for i in piece) for piece in pieces])

    @cached_property
    def marks(self) -> Marks:
        """What a segment is numbered with: 1, 2, 3 … for numbers, -1, -2, -3 … for letters, 0 for nothing."""
        return np.array([_mark(text) for text in self.texts], np.intp)

    @cached_property
    def numeric(self) -> NDArray[np.bool_]:
        """Prices, quantities, page numbers: digits, and a currency or a unit at most."""
        return np.array([_is_numeric(text) for text in self.texts], np.bool_)

    @cached_property
    def label(self) -> NDArray[np.bool_]:
        return np.array([text.endswith((":", "：")) for text in self.texts], np.bool_)


def _mark(text: str) -> int:
    if found := _NUMBER.match(text):
        return int(found[1])
    found = _LETTER.match(text)
    return ord("@") - ord(found[1]) if found else 0


def _is_numeric(text: str) -> bool:
    digits = sum(map(str.isdigit, text))
    return digits > 0 and 2 * digits >= sum(map(str.isalnum, text)) and len(_HAN.findall(text)) < 2
