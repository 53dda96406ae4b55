"""Options out of a row: `A. 0  B. -2  C. 1  D. -0.5`."""

from __future__ import annotations

import re
from functools import cache

LETTERS = "ABCDEFGH"


def split_options(text: str, first: int) -> list[str] | None:
    """The texts of the options in a row, the first of which must be the one with index `first` (0: A).

    A letter counts only where it is its turn: "A. 甲 B. 乙" has two options, "C. 维生素 A.B" one. None when the row
    does not begin with the expected letter.
    """
    starts: list[tuple[int, int]] = []
    for letter in LETTERS[first:]:
        match = _marker(letter).match(text) if not starts else _next_marker(letter, text, starts[-1][1])
        if match is None:
            break
        starts.append(match.span())
    if not starts:
        return None
    ends = [start for start, _ in starts[1:]] + [len(text)]
    return [text[begin:end].strip() for (_, begin), end in zip(starts, ends, strict=True)]


def _next_marker(letter: str, text: str, after: int) -> re.Match[str] | None:
    """Where printing ran two options into one another ("5abB. 2"), a small letter or digit may stand before it."""
    return _marker(letter).search(text, after) or _marker(letter, "A-Z.").search(text, after)


@cache
def _marker(letter: str, never_after: str = "A-Za-z0-9.") -> re.Pattern[str]:
    return re.compile(rf"(?<![{never_after}])[(（]?{letter}[)）]?\s*[.．、:：)）]\s*(?=\S)")
