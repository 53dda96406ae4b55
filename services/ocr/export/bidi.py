"""Right-to-left scripts in a PDF: there text lies as it is seen, from the left; viewers turn it back when they copy.

A small part of the Unicode Bidirectional Algorithm (UAX 9), enough for a printed line: runs of Hebrew and Arabic are
turned, numbers and Latin inside them are not.
"""

from __future__ import annotations

import re
import unicodedata

_RIGHT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_ANY = re.compile(f"[{_RIGHT}]")
_RUN = re.compile(f"[{_RIGHT}](?:[^A-Za-z]*[{_RIGHT}])?")
_LEFT = re.compile(r"[A-Za-z\d](?:[A-Za-z\d.,:/%+ -]*[A-Za-z\d])?")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def as_seen(text: str) -> str:
    """The characters of a line from left to right; most lines as they are."""
    if not _ANY.search(text):
        return text
    if _begins_right(text):
        return _LEFT.sub(lambda run: run[0][::-1], _turned(text))
    return _RUN.sub(lambda run: _LEFT.sub(lambda part: part[0][::-1], _turned(run[0])), text)


def _begins_right(text: str) -> bool:
    """Whether the line's first letter is one of a right-to-left script: then all of it runs so."""
    return next((kind != "L" for kind in map(unicodedata.bidirectional, text) if kind in {"L", "R", "AL"}), False)


def _turned(text: str) -> str:
    return text[::-1].translate(_MIRRORED)
