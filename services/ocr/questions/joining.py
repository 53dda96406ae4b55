"""Rows of a page made into running text."""

from __future__ import annotations

import re

from services.ocr.running_text import is_square

_HYPHENATED = re.compile(r"[a-z]-$")


def joined(before: str, after: str) -> str:
    """A row and the one it runs on into: no blank between Han characters, and a word broken by a hyphen is whole again.

    A compound that happens to break at its own hyphen loses it; the page does not say which of the two it was.
    """
    if not before or not after:
        return before or after
    if _HYPHENATED.search(before) and after[0].islower():
        return before[:-1] + after
    if is_square(before[-1]) or is_square(after[0]):
        return before + after
    return f"{before} {after}"
