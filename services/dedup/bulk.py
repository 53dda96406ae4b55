"""`canonical.clean` for many texts at once.

Most texts hold nothing that needs a rule of its own: folding them is a look-up of each code point, closing their gaps
a mask. That is done here on arrays over a whole batch; a text with anything more (LaTeX commands, tags, entities,
compound numerals) is found by its characters and cleaned one by one. The result is the same to the letter, which a
property test holds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from services.dedup.markup import BLANK

Codes = npt.NDArray[np.uint32]
Mask = npt.NDArray[np.bool_]

_TABLE_SIZE = 0x10000
# Kinds of characters, as bits of one byte.
_SLOW, _EXPANDS, _SPACE, _WORD, _DIGIT, _ROMAN, _NUMERAL, _SCALE = (1 << n for n in range(8))
_DIGIT_OF = dict(zip("零〇一二三四五六七八九两壹贰叁", "001234567892123", strict=True))
_END = 0x10FFFF  # stands between two texts while they are one array; no text may hold it
_BATCH = 512
"""Texts in one array: enough to forget the overhead, few enough to stay in the cache."""


@dataclass(frozen=True, slots=True)
class _Table:
    """By code point: the folded lower-case character (0: none) and the kinds of it."""

    folded: Codes
    kinds: npt.NDArray[np.uint8]


def clean_all(
    texts: Sequence[str], clean: Callable[[str], str], fold: Callable[[str], str], group: Callable[[str], str]
) -> tuple[list[str], list[bool]]:
    """Clean every text.

    Args:
        texts: raw texts.
        clean: cleans one text by all the rules.
        fold: folds the characters of one text.
        group: applies the rules for blanks and grouped digits to one folded text.

    Returns:
        The clean texts, and for each whether it was simple enough for the arrays.
    """
    cleaned: list[str] = []
    simple: list[bool] = []
    for start in range(0, len(texts), _BATCH):
        batch_cleaned, batch_simple = _clean_batch(texts[start : start + _BATCH], clean, fold, group)
        cleaned += batch_cleaned
        simple += batch_simple
    return cleaned, simple


def _clean_batch(
    texts: Sequence[str], clean: Callable[[str], str], fold: Callable[[str], str], group: Callable[[str], str]
) -> tuple[list[str], list[bool]]:
    table = _table(fold)
    codes, ends = _join(texts)
    in_table = np.minimum(codes, _TABLE_SIZE)
    expands = _rows_with(table.kinds[in_table] & _EXPANDS > 0, ends)
    if expands.any():
        texts = [fold(text) if wide else text for text, wide in zip(texts, expands.tolist(), strict=True)]
        codes, ends = _join(texts)
        in_table = np.minimum(codes, _TABLE_SIZE)
    kinds = table.kinds[in_table]
    kinds[ends] = 0
    folded = table.folded[in_table]
    folded[ends] = _END
    lines, slow, touch = _close_gaps(folded, kinds, ends)
    slow |= _rows_with(kinds & (_SLOW | _EXPANDS) > 0, ends)
    cleaned = [
        clean(text) if is_slow else group(line) if needs_touch else line
        for text, line, is_slow, needs_touch in zip(texts, lines, slow.tolist(), touch.tolist(), strict=True)
    ]
    return cleaned, (~slow).tolist()


def _join(texts: Sequence[str]) -> tuple[Codes, npt.NDArray[np.int64]]:
    """The code points of all texts, each followed by _END, and the positions of these ends."""
    end = chr(_END)
    codes = np.frombuffer((end.join(texts) + end).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    return codes, np.cumsum(lengths + 1) - 1


def _rows_with(mask: Mask, ends: npt.NDArray[np.int64]) -> Mask:
    """Which texts have any position of `mask`."""
    hits = np.zeros(len(ends), dtype=np.bool_)
    hits[np.searchsorted(ends, np.flatnonzero(mask))] = True
    return hits


def _close_gaps(
    folded: Codes, kinds: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]
) -> tuple[list[str], Mask, Mask]:
    """Drop characters that fold to nothing, and gaps but for one space between two Latin letters or digits.

    Returns:
        The texts, which of them need the slow way after all, and which need a last touch.
    """
    kept = np.flatnonzero((folded != 0) & (kinds & _SPACE == 0))
    values, what = folded[kept], kinds[kept]
    is_gap = kinds & _SPACE > 0
    gaps = np.cumsum(is_gap, dtype=np.int32)[kept]
    has_gap = np.r_[gaps[1:] != gaps[:-1], False]
    is_word = what & _WORD > 0
    spaced = has_gap & is_word & np.r_[is_word[1:], False]
    row_of = np.searchsorted(ends, kept)
    slow, touch = _neighbours(values, what, has_gap, row_of, len(ends))
    values = _plain_digits(values, what)
    width = 1 + spaced.astype(np.int64)
    places = np.cumsum(width) - width
    out = np.full(int(width.sum()), ord(" "), dtype=np.uint32)
    out[places] = values
    bounds = places[values == _END]
    text = out.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    starts = [0, *(bounds[:-1] + 1).tolist()] if len(bounds) else []
    return [text[i:j] for i, j in zip(starts, bounds.tolist(), strict=True)], slow, touch


def _neighbours(
    values: Codes, what: npt.NDArray[np.uint8], has_gap: Mask, row_of: npt.NDArray[np.int64], rows: int
) -> tuple[Mask, Mask]:
    """Look at pairs of neighbours for what single characters do not show: tags, compound numerals, blanks, 1,000."""
    one, other, gap = values[:-1], values[1:], has_gap[:-1]
    a, b = what[:-1], what[1:]
    open_bracket, close_bracket = (one == ord("(")) | (one == ord("[")), (other == ord(")")) | (other == ord("]"))
    digits = (a & _DIGIT > 0) & (b & _DIGIT > 0)
    number = _NUMERAL | _SCALE
    is_roman = a & b & _ROMAN > 0
    needs_rules = (
        ((one == ord("<")) & ((b & _WORD > 0) | (other == ord("/")) | (other == ord("!"))))
        | ((one == ord("!")) & (other == ord("[")))
        | is_roman
        | ((a & number > 0) & (b & number > 0))
        | ((a & _NUMERAL > 0) & (b & _DIGIT > 0))
        | ((a & _DIGIT > 0) & ((b & _NUMERAL > 0) | (other == ord("万")) | (other == ord("亿"))))
        | ((one == other) & ((one == ord("_")) | (one == ord("."))) & gap)
        | ((one == ord("分")) & (other == ord("之")))
        | (((one == ord("<")) | (one == ord(">"))) & (other == ord("=")))
        | ((one == ord("*")) & (other == ord("*")))
    )
    needs_touch = (
        (open_bracket & close_bracket) | ((one == other) & ((one == ord("_")) | (one == ord(".")))) | (digits & gap)
    )
    # Three in a row: a bracketed Roman numeral, a comma between digits.
    comma = (what[:-2] & _DIGIT > 0) & (values[1:-1] == ord(",")) & (what[2:] & _DIGIT > 0)
    roman = (values[:-2] == ord("(")) & (what[1:-1] & _ROMAN > 0) & (values[2:] == ord(")"))
    slow, touch = np.zeros(rows, dtype=np.bool_), np.zeros(rows, dtype=np.bool_)
    slow[row_of[:-1][needs_rules]] = True
    slow[row_of[:-2][roman]] = True
    touch[row_of[:-1][needs_touch]] = True
    touch[row_of[:-2][comma]] = True
    return slow, touch


def _plain_digits(values: Codes, what: npt.NDArray[np.uint8]) -> Codes:
    """Single Chinese numerals as digits."""
    places = np.flatnonzero(what & _NUMERAL)
    table = np.arange(_TABLE_SIZE, dtype=np.uint32)
    for numeral, digit in _DIGIT_OF.items():
        table[ord(numeral)] = ord(digit)
    values[places] = table[values[places]]
    return values


@cache
def _table(fold: Callable[[str], str]) -> _Table:
    """What becomes of each character of the basic plane; made once, from the rules themselves."""
    folded = np.zeros(_TABLE_SIZE + 1, dtype=np.uint32)
    kinds = np.full(_TABLE_SIZE + 1, _SLOW, dtype=np.uint8)
    for code in range(_TABLE_SIZE):
        if 0x3400 <= code < 0x4E00 or 0xA000 <= code < 0xF900:
            continue  # rare scripts: the slow way
        folded[code], kinds[code] = _look_at(chr(code), fold)
    return _Table(folded, kinds)


def _look_at(character: str, fold: Callable[[str], str]) -> tuple[int, int]:
    plain = fold(character)
    lower = "".join({"$": " ", "□": BLANK}.get(c, c) for c in plain.lower())
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Mc", "Me"}:
        return 0, _SLOW
    if len(lower) > 1:
        return 0, _EXPANDS
    if not lower:
        return 0, 0
    return ord(lower), _kinds(plain, lower)


def _kinds(plain: str, lower: str) -> int:
    if lower.isspace():
        return _SPACE
    kinds = _SLOW if lower in "\\{}&\x02\x03" else 0
    kinds |= _WORD if lower.isascii() and lower.isalnum() else 0
    kinds |= _DIGIT if lower.isdigit() and lower.isascii() else 0
    kinds |= _ROMAN if plain in "IVX" else 0
    kinds |= _NUMERAL if lower in _DIGIT_OF else 0
    kinds |= _SCALE if lower in "百千万亿" else 0
    return kinds | (_SLOW if lower == "十" else 0)
