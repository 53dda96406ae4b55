"""What stands between the parts of a printed row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from services.ocr.export.characters import one_line
from services.ocr.page import Region
from services.ocr.running_text import is_one_run

_TOUCH = 0.4  # heights: parts that are no further away are one run of characters


def parts_of(row: Sequence[Region]) -> list[tuple[Region, str, bool]]:
    """The regions of a row that say something: region, text, and whether a blank stands before it.

    Detectors part a row where the print is spread, between characters of one sentence too.
    """
    said = [(region, text) for region in row if (text := one_line(region.text).strip())]
    apart = [_is_apart(*before, *after) for before, after in pairwise(said)]
    return [(region, text, spaced) for (region, text), spaced in zip(said, [False, *apart], strict=False)]


def text_of(row: Sequence[Region]) -> str:
    return "".join(f" {text}" if spaced else text for _, text, spaced in parts_of(row))


def _is_apart(before: Region, text_before: str, after: Region, text_after: str) -> bool:
    (_, y1, x1, y2), x2 = before.bbox, after.bbox[0]
    return not is_one_run(text_before[-1], text_after[0]) or x2 - x1 > _TOUCH * (y2 - y1)
