"""`canonical.clean` for many texts at once.

Most texts hold nothing that needs a rule of its own: folding them is a look-up of each code point, closing their gaps
a mask. That is done here on arrays over a whole batch; a text with anything more (LaTeX commands, tags, entities) is
found by its characters and their neighbours, and cleaned one by one. The result is the same to the letter, which a
property test holds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.dedup.characters import (
    BEGINS,
    COMMA_PAIR,
    COMPOUND,
    COMPOUND_PAIRS,
    DIGIT,
    DIGIT_OF,
    END,
    EXPANDS,
    NUMERAL,
    ROMAN_PAIR,
    SIGN,
    SLOW_PAIRS,
    TOUCH_PAIRS,
    UNKNOWN,
    WORD,
    Codes,
    Kinds,
    Table,
    code_points,
    table_of,
)

Rows = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

_DIGITS_OF = np.zeros(END + 1, dtype=np.uint16)
_DIGITS_OF[[ord(numeral) for numeral in DIGIT_OF]] = [ord(digit) for digit in DIGIT_OF.values()]

_BATCH = 512
"""Texts in one array: enough to forget the overhead, few enough to stay in the cache."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What `clean` does to one text, in parts.

    Attributes:
        fold: folds the characters.
        clean_folded: all the other rules, for a folded text.
        touch: the rules for blanks, signs and grouped digits, for a lower-case text whose gaps are closed.
        number: `touch` and the rules for numerals of several characters.
    """

    fold: Callable[[str], str]
    clean_folded: Callable[[str], str]
    touch: Callable[[str], str]
    number: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Lines:
    """A batch whose characters are folded and whose gaps are closed: texts, and the rules that each still needs."""

    texts: list[str]
    slow: Rows
    compound: Rows
    touch: Rows


def clean_all(texts: Sequence[str], rules: Rules) -> tuple[list[str], list[bool]]:
    """Clean every text.

    Returns:
        The clean texts, and for each whether it was simple: nothing in it calls for a second round.
    """
    cleaned: list[str] = []
    simple: list[bool] = []
    for start in range(0, len(texts), _BATCH):
        batch_cleaned, batch_simple = _clean_batch(texts[start : start + _BATCH], rules)
        cleaned += batch_cleaned
        simple += batch_simple
    return cleaned, simple


def _clean_batch(texts: Sequence[str], rules: Rules, *, is_folded: bool = False) -> tuple[list[str], list[bool]]:
    table = table_of(rules.fold)
    codes, ends = _join(texts)
    kinds = table.kinds.take(codes, mode="clip")
    kinds[ends] = 0
    lines = _close_gaps(table, codes, kinds, ends)
    cleaned = lines.texts
    special = np.flatnonzero(kinds & (UNKNOWN | EXPANDS | SIGN) > 0)
    unknown, expands, signs = (_rows_at(special[kinds[special] & kind > 0], ends) for kind in (UNKNOWN, EXPANDS, SIGN))
    slow = lines.slow | unknown | expands | signs
    simple = (~slow & ~lines.compound).tolist()
    for row in np.flatnonzero(lines.touch & ~lines.compound & ~slow).tolist():
        cleaned[row] = rules.touch(cleaned[row])
    for row in np.flatnonzero(lines.compound & ~slow).tolist():
        cleaned[row] = rules.number(cleaned[row])
    for row, folded in _folded(table, codes, ends, slow & ~unknown & ~expands):
        # Only a sequence is left to compose (see `fold`): the table knows its parts one by one.
        is_composed = unicodedata.is_normalized("NFKC", folded)
        cleaned[row] = rules.clean_folded(folded if is_composed else rules.fold(texts[row]))
    for row in np.flatnonzero(unknown | expands if is_folded else unknown & ~expands).tolist():
        cleaned[row] = rules.clean_folded(rules.fold(texts[row]))
    if not is_folded and expands.any():
        rows = np.flatnonzero(expands).tolist()
        again = _clean_batch([rules.fold(texts[row]) for row in rows], rules, is_folded=True)
        for row, text, is_simple in zip(rows, *again, strict=True):
            cleaned[row], simple[row] = text, is_simple
    return cleaned, simple


def _join(texts: Sequence[str]) -> tuple[Places, Places]:
    """The code points of all texts, each followed by a line feed, and the positions of these ends."""
    codes = code_points("\n".join(texts) + "\n").astype(np.intp)  # once: each look-up would do it
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    return codes, np.cumsum(lengths + 1) - 1


def _split(letters: Codes) -> list[str]:
    """The texts of an array in which END follows each of them."""
    text = letters.astype("<u2").tobytes().decode("utf-16-le")
    return text.split(chr(END))[:-1]


def _rows_at(places: Places, ends: Places) -> Rows:
    """Which texts have any of the places."""
    hits = np.zeros(len(ends), dtype=np.bool_)
    hits[np.searchsorted(ends, places)] = True
    return hits


def _folded(table: Table, codes: Places, ends: Places, rows: Rows) -> Iterator[tuple[int, str]]:
    """Some rows of a batch and their folded texts, case and gaps as they were."""
    if not rows.any():
        return
    codes = codes.copy()
    codes[ends] = -1
    codes = codes[np.repeat(rows, np.diff(ends, prepend=-1))]
    folded = table.folded.take(codes, mode="clip")
    folded[codes < 0] = END
    yield from zip(np.flatnonzero(rows).tolist(), _split(folded[folded != 0]), strict=True)


def _close_gaps(table: Table, codes: Places, kinds: Kinds, ends: Places) -> _Lines:
    """Drop characters that fold to nothing, and gaps but for one space between two Latin letters or digits."""
    letters = table.letters.take(codes, mode="clip")
    letters[ends] = END
    if not letters.all():
        present = np.flatnonzero(letters)
        letters, kinds, codes = letters.take(present), kinds.take(present), codes.take(present)
        ends = np.flatnonzero(letters == END)
    spaces = np.flatnonzero(letters == ord(" "))
    is_first, is_last = np.ones(len(spaces), dtype=np.bool_), np.ones(len(spaces), dtype=np.bool_)
    is_first[1:] = is_last[:-1] = np.diff(spaces) > 1
    first, last = spaces[is_first], spaces[is_last]
    before, after = first - 1, last + 1  # before a gap at the very beginning stands the last end, which is no word
    is_kept = letters != ord(" ")
    is_spaced = (kinds[before] & kinds[after] & WORD) > 0
    is_kept[first[is_spaced]] = True
    # What the gap itself tells: 1 000 may be one number, and _ _ is no line.
    grouped = (kinds[before] & kinds[after] & DIGIT) > 0
    alike = np.flatnonzero(letters[before] == letters[after])
    mark = letters[before[alike]]
    torn = alike[(mark == ord("_")) | (mark == ord("."))]
    kept = np.flatnonzero(is_kept)
    lines = _look_at_neighbours(table, letters.take(kept), kinds.take(kept), codes, kept)
    lines.slow[np.searchsorted(ends, first[torn])] = True
    lines.touch[np.searchsorted(ends, first[grouped])] = True
    return lines


def _look_at_neighbours(table: Table, letters: Codes, kinds: Kinds, codes: Places, kept: Places) -> _Lines:
    """Find by pairs of neighbours what single characters do not show: tags, compound numerals, blanks, 1,000.

    Args:
        table: of all characters.
        letters: of a batch without its gaps.
        kinds: of these letters.
        codes: of the batch with its gaps.
        kept: where in `codes` the letters stand.
    """
    ends = np.flatnonzero(letters == END)
    special = np.flatnonzero(kinds & (BEGINS | NUMERAL | COMPOUND) > 0)
    places = special[kinds[special] & BEGINS > 0]  # an end is none, so each has a neighbour
    rules = table.first.take(codes[kept[places]], mode="clip") & table.second.take(codes[kept[places + 1]], mode="clip")
    places, rules = places[rules > 0], rules[rules > 0]
    third = np.minimum(places + 2, len(letters) - 1)
    is_number = (rules & COMMA_PAIR > 0) & (kinds[third] & DIGIT > 0)
    is_roman = (rules & ROMAN_PAIR > 0) & (letters[third] == ord(")"))
    slow = _rows_at(places[(rules & SLOW_PAIRS > 0) | is_roman], ends)
    touch = _rows_at(places[(rules & TOUCH_PAIRS > 0) | is_number], ends)
    compound = _rows_at(places[rules & COMPOUND_PAIRS > 0], ends)
    numerals = special[kinds[special] & (NUMERAL | COMPOUND) > 0]
    compound |= _rows_at(numerals[kinds[numerals] & COMPOUND > 0], ends)
    single = numerals[~compound[np.searchsorted(ends, numerals)]]
    letters[single] = _DIGITS_OF[letters[single]]
    return _Lines(_split(letters), slow, compound, touch)
