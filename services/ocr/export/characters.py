"""Which characters may go into a file, and how wide they are printed."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]")
# Controls, byte order marks, and marks that turn the reading direction around: what is seen would not be what is there.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
# Lone surrogates cannot be encoded; U+FFFE and U+FFFF may not stand in XML.
_NO_CHARACTERS = re.compile("[\ud800-\udfff\ufffe\uffff]")
_NARROW = frozenset(" iljtfrI.,:;'`!|()[]{}/\\\"·")
_BROAD = frozenset("mwMW@%&—…")


def one_line(text: str) -> str:
    """`text` without anything that could break a line, a field, an XML file or the reading direction."""
    if text.isprintable():  # nearly always, and far faster to see than to mend
        return text
    return _NO_CHARACTERS.sub("\ufffd", _UNSEEN.sub("", _BREAKS.sub(" ", text)))


def lines_of(text: str) -> list[str]:
    return [one_line(line).rstrip() for line in text.split("\n")]


@lru_cache(maxsize=65_536)
def is_wide(character: str) -> bool:
    """Han, kana, hangul, and the punctuation that is as wide as they are."""
    return unicodedata.east_asian_width(character) in "WF"


@lru_cache(maxsize=65_536)
def advance(character: str) -> float:
    """How far a character moves the pen in common type, in ems: regions tell where a line is, not its characters."""
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0.0
    if is_wide(character):
        return 1.0
    if character in _NARROW:
        return 0.3
    if character in _BROAD:
        return 0.85
    return 0.65 if character.isupper() else 0.52
