"""What `bulk` knows of each character of the basic plane: its folded form and the rules it may take part in.

Made once in a process, from the rules themselves.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from services.dedup.markup import BLANK

Codes = npt.NDArray[np.uint16]
Kinds = npt.NDArray[np.uint8]

END = 0xFFFF
"""Stands between two texts while they are one array; no folded text holds it."""

# Kinds of characters. UNKNOWN: only `fold` can tell; EXPANDS: folds to several; SIGN: no array rule covers it;
# COMPOUND: a numeral that is never one digit; BEGINS: may be the first of two neighbours that need a rule.
UNKNOWN, EXPANDS, SIGN, COMPOUND, NUMERAL, WORD, DIGIT, BEGINS = (np.uint8(1 << n) for n in range(8))
DIGIT_OF = dict(zip("零〇一二三四五六七八九两壹贰叁", "001234567892123", strict=True))
_NUMERALS = "".join(DIGIT_OF)
_NUMBERS = _NUMERALS + "百千万亿"
_DIGITS = "0123456789"
_WORDS = "abcdefghijklmnopqrstuvwxyz" + _DIGITS
_ROMANS = "IVX"  # as capitals only

# Neighbours (one of the first, then one of the second) that need a rule; rule n is bit n. A line each for what makes a
# text slow, what is a compound numeral, what needs a last touch, and what is told by a third.
_NEIGHBOURS = (
    ("<", _WORDS + "/!"), ("!", "["), ("*", "*"), (_ROMANS, _ROMANS), ("<>", "="),
    (_NUMBERS, _NUMBERS), (_NUMERALS, _DIGITS), (_DIGITS, _NUMERALS + "万亿"), ("分", "之"),
    ("([", ")]"), ("_", "_"), (".", "."),
    (_DIGITS, ","), ("(", _ROMANS),
)  # fmt: skip
_KINDS = ((SIGN, "\\{}&\x02\x03"), (COMPOUND, "十"), (NUMERAL, _NUMERALS), (WORD, _WORDS), (DIGIT, _DIGITS))
_PLAIN_MARKS = {"$": " ", "□": BLANK}
SLOW_PAIRS, COMPOUND_PAIRS, TOUCH_PAIRS = np.uint16(0x001F), np.uint16(0x01E0), np.uint16(0x0E00)
COMMA_PAIR, ROMAN_PAIR = np.uint16(0x1000), np.uint16(0x2000)
"""They need a rule only with a third behind them: a digit (1,000), a closing bracket."""


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """The code points of a text, lone surrogates as they are."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


@dataclass(frozen=True, slots=True)
class Table:
    """By code point; the last entry stands for all beyond the basic plane.

    Attributes:
        folded: the folded character; 0: none.
        letters: the folded character in lower case; a space for any white space; 0: none.
        kinds: bits of UNKNOWN … BEGINS.
        first: the rules in which it may be the first of two neighbours.
        second: the rules in which it may be the second.
    """

    folded: Codes
    letters: Codes
    kinds: Kinds
    first: npt.NDArray[np.uint16]
    second: npt.NDArray[np.uint16]


@cache
def table_of(fold: Callable[[str], str]) -> Table:
    """What becomes of each character by `fold`."""
    folded, letters, kinds = _look_up(fold)
    for kind, characters in _KINDS:
        kinds[_which(letters, characters)] |= kind
    first, second = np.zeros_like(letters), np.zeros_like(letters)
    for n, (one, other) in enumerate(_NEIGHBOURS):
        # Case tells a Roman numeral from a letter: it is known to `folded` alone.
        first[_which(letters, one) | _which(folded, one)] |= np.uint16(1 << n)
        second[_which(letters, other) | _which(folded, other)] |= np.uint16(1 << n)
    kinds[first > 0] |= BEGINS
    return Table(folded, letters, kinds, first, second)


def _which(characters: Codes, wanted: str) -> npt.NDArray[np.bool_]:
    return np.isin(characters, np.array([ord(character) for character in wanted], dtype=np.uint16))


def _look_up(fold: Callable[[str], str]) -> tuple[Codes, Codes, Kinds]:
    """Folded characters, letters and the kinds UNKNOWN and EXPANDS; rare scripts stay UNKNOWN."""
    folded, letters = np.zeros(END + 2, dtype=np.uint16), np.zeros(END + 2, dtype=np.uint16)
    kinds = np.full(END + 2, UNKNOWN, dtype=np.uint8)
    # Ideographs fold to one character each and have no case: the whole block is one text.
    ideographs = slice(0x4E00, 0xA000)
    block = fold("".join(map(chr, range(ideographs.start, ideographs.stop))))
    plain_block = np.frombuffer(block.encode("utf-32-le"), dtype="<u4")
    is_basic = plain_block < END
    folded[ideographs] = letters[ideographs] = np.where(is_basic, plain_block, 0)
    kinds[ideographs] = np.where(is_basic, 0, UNKNOWN)
    for code in (*range(0x3400), *range(0xF900, END)):
        character = chr(code)
        plain = fold(character)
        if unicodedata.category(character) in {"Mn", "Mc", "Me"} or plain >= chr(END):
            continue
        lower = _PLAIN_MARKS.get(plain, plain).lower()
        kinds[code] = EXPANDS if len(lower) > 1 else 0
        if len(lower) == 1:
            folded[code], letters[code] = ord(plain), ord(" " if lower.isspace() else lower)
    return folded, letters, kinds
