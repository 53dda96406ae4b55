"""Where two texts differ: the stretches of their alignment, each widened to whole Latin words and whole numbers."""

from __future__ import annotations

from typing import NamedTuple, cast

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
    opcodes = cast("list[tuple[str, int, int, int, int]]", Levenshtein.opcodes(a, b).as_list())
    for tag, i, j, k, l in opcodes:  # noqa: E741
        if tag == "equal":
            continue
        wide = _widen(a, b, i, j, k, l)
        if merged and (wide.i <= merged[-1].j or wide.k <= merged[-1].l):
            last = merged.pop()
            wide = Stretch(min(last.i, wide.i), max(last.j, wide.j), min(last.k, wide.k), max(last.l, wide.l))
        merged.append(wide)
    return merged


def _widen(a: str, b: str, i: int, j: int, k: int, l: int) -> Stretch:  # noqa: E741
    """Grow a stretch over the word or number it touches."""
    first = kind(a[i : min(i + 1, j)]) | kind(b[k : min(k + 1, l)])
    last = kind(a[max(i, j - 1) : j]) | kind(b[max(k, l - 1) : l])
    while first and i and k and a[i - 1] == b[k - 1] and first & kind(a[i - 1]):
        i, k = i - 1, k - 1
    while last and j < len(a) and l < len(b) and a[j] == b[l] and last & kind(a[j]):
        j, l = j + 1, l + 1  # noqa: E741
    return Stretch(i, j, k, l)


class _Kinds(dict[str, int]):
    """Worked out when a character is first met."""

    def __missing__(self, character: str) -> int:
        self[character] = found = LETTER if "a" <= character <= "z" else DIGIT if character.isdecimal() else 0
        return found


kind = _Kinds().__getitem__
"""A bit for Latin letters, a bit for digits, none for anything else."""
