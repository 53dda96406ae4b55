"""Blanks written into what a recogniser read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from services.ocr.page import Reading

Spaced = tuple[bool, bool]

BLANK = "____"
_RULE_LIKE = frozenset("_ˍ＿￣‾-—–―─一~～")  # what a recogniser makes of a rule
_DOTS = {".": 1, "．": 1, "·": 1, "・": 1, "•": 1, "…": 3}
_LIKE_FULL_STOPS = frozenset("oO0°〇○º")
_PUNCTUATION = frozenset("。，、；：？！,;:?!.)）")


def is_rule_like(text: str) -> bool:
    return all(char in _RULE_LIKE or char.isspace() for char in text)


def with_marks(reading: Reading, seams: Sequence[float], spaced: Sequence[Spaced] | None = None) -> Reading:
    """`____` at each seam (0 … 1, in order); two with nothing between them are one.

    `spaced`: whether there was room for a space before and after each; unless told, it is as the reading has it.
    """
    positions = positions_of(reading)
    cuts = [0, *(sum(position < seam for position in positions) for seam in seams), len(reading.text)]
    text = ""
    placed: list[float] = []
    for number, (start, end) in enumerate(pairwise(cuts)):
        piece = reading.text[start:end]
        if number and not text.rstrip().endswith(BLANK):
            spaces = text.endswith(" ") or piece.startswith(" ")
            before, after = spaced[number - 1] if spaced else (spaces, spaces)
            text = text.rstrip()
            mark = (" " if before and text else "") + BLANK + (" " if after else "")
            text += mark
            placed = placed[: len(text) - len(mark)] + [seams[number - 1]] * len(mark)
        bare = piece.lstrip() if number else piece
        text += bare
        placed += positions[end - len(bare) : end]
    return Reading(text.rstrip(), reading.confidence, tuple(placed[: len(text.rstrip())]))


def without_rules(reading: Reading, spans: Sequence[tuple[float, float]]) -> Reading:
    """Leaves out what was read in place of the rules at `spans` (0 … 1)."""
    kept = [
        (char, position)
        for char, position in zip(reading.text, positions_of(reading), strict=True)
        if not (char in _RULE_LIKE and any(start <= position <= end for start, end in spans))
    ]
    return Reading("".join(char for char, _ in kept), reading.confidence, tuple(position for _, position in kept))


def dots_in(reading: Reading, start: float, end: float) -> int:
    """How many dots were read from `start` to `end` (0 … 1): a dotted line, or an ellipsis."""
    placed = zip(reading.text, positions_of(reading), strict=True)
    return sum(_DOTS.get(char, 0) for char, position in placed if start <= position <= end)


def letters_in(reading: Reading, start: float, end: float) -> int:
    placed = zip(reading.text, positions_of(reading), strict=True)
    return sum(char.isalnum() and char not in _RULE_LIKE for char, position in placed if start <= position <= end)


def punctuation_in(reading: Reading) -> Reading:
    """Of a crop with a mark at most: a full stop that stands alone is taken for a letter."""
    text = reading.text.strip()
    text = "。" if text in _LIKE_FULL_STOPS else text
    text = text if text in _PUNCTUATION else ""
    return Reading(text, reading.confidence, (1.0,) * len(text))


def positions_of(reading: Reading) -> list[float]:
    """Where the characters are; spread by their usual widths when the recogniser did not tell."""
    if len(reading.positions) == len(reading.text):
        return list(reading.positions)
    widths = [1.0 if ord(char) > 0x2E7F else 0.5 for char in reading.text]
    total, ends = sum(widths), 0.0
    middles = []
    for width in widths:
        middles.append((ends + width / 2) / total)
        ends += width
    return middles
