"""Printed rows in one form: recognisers take full-width for half-width signs, and the letter O for zero."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from services.ocr.page import Region

_MAX_ROWS, _MAX_PARTS, _MAX_CHARACTERS = 300, 20, 120

_LOOKALIKE = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1", "|": "1"})
# A run of digits with a letter among them that looks like one; not "550ml", not "x3".
_NUMBER_LIKE = re.compile(r"(?<![A-Za-z0-9])[\dOoIl|.,:/\-]*\d[\dOoIl|.,:/\-]*(?![A-Za-z0-9])")
_POINT = re.compile(r"(?<=\d)\s*[。·]\s*(?=\d)|(?<=\d)\s?\.\s(?=\d\d(?!\d))")


@dataclass(frozen=True, slots=True)
class Row:
    """One printed row: its parts from left to right, and how tall its type is in pixels."""

    parts: tuple[str, ...]
    height: float

    @property
    def text(self) -> str:
        return " ".join(self.parts)


def printed_rows(regions: Sequence[Region], paragraphs: Sequence[Sequence[Sequence[int]]]) -> list[Row]:
    """The first rows of a page: what is looked for here stands on small pages, in short lines.

    The bounds keep patterns that look back from taking minutes over a page made for that.
    """
    rows = islice((row for rows in paragraphs for row in rows if row), _MAX_ROWS)
    return [_row([regions[index] for index in row[:_MAX_PARTS]]) for row in rows]


def _row(regions: Sequence[Region]) -> Row:
    heights = [region.bbox[3] - region.bbox[1] for region in regions]
    return Row(tuple(one_form(region.text[:_MAX_CHARACTERS]) for region in regions), max(heights))


def one_form(text: str) -> str:
    """NFKC: full-width digits, colons and brackets become plain ones."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def digits_mended(text: str) -> str:
    """What stands among digits as a digit: `2O24-O3-l5` is a date, `18。30` an amount."""
    return _NUMBER_LIKE.sub(_mended, _POINT.sub(".", text))


def _mended(found: re.Match[str]) -> str:
    token = found[0]
    return token.translate(_LOOKALIKE) if 2 * sum(map(str.isdigit, token)) >= sum(map(str.isalnum, token)) else token
