"""Where two texts differ: the stretches of their alignment, each widened to whole Latin words and whole numbers."""

from __future__ import annotations

from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

LETTER, DIGIT = 1, 2
"""Kinds of characters that make words and numbers; bits."""


class Stretch(NamedTuple):
    """One differing stretch: a[i:j] stands where b[k:l] stands; either may be empty."""

    i: int
    j: int
    k: int
    l: int  # noqa: E741 - i j k l are the four ends of an opcode, in order


def stretches(a: str, b: str) -> list[Stretch]:
    """Differing stretches, widened to whole Latin words and whole numbers."""
    merged: list[Stretch] = []
    for op in Levenshtein.opcodes(a, b):
        if op.tag == "equal":
            continue
        wide = _widen(a, b, Stretch(op.src_start, op.src_end, op.dest_start, op.dest_end))
        if merged and (wide.i <= merged[-1].j or wide.k <= merged[-1].l):
            last = merged.pop()
            wide = Stretch(min(last.i, wide.i), max(last.j, wide.j), min(last.k, wide.k), max(last.l, wide.l))
        merged.append(wide)
    return merged


def _widen(a: str, b: str, stretch: Stretch) -> Stretch:
    """Grow a stretch over the word or number it touches."""
    i, j, k, l = stretch  # noqa: E741
    x, y = a[i:j], b[k:l]
    if kinds := kind(x[:1]) | kind(y[:1]):
        while i and k and a[i - 1] == b[k - 1] and kinds & kind(a[i - 1]):
            i, k = i - 1, k - 1
    if kinds := kind(x[-1:]) | kind(y[-1:]):
        while j < len(a) and l < len(b) and a[j] == b[l] and kinds & kind(a[j]):
            j, l = j + 1, l + 1  # noqa: E741
    return Stretch(i, j, k, l)


def kind(character: str) -> int:
    """A bit for Latin letters, a bit for digits, none for anything else."""
    if "a" <= character <= "z":
        return LETTER
    return DIGIT if character.isdecimal() else 0
