"""Where blanks stand in running text: not beside Chinese or Japanese characters, nor before closing marks."""

from __future__ import annotations

import re

# Han, kana, their punctuation, full-width forms. Hangul is as wide, but its words are parted by blanks.
_SQUARE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
_CLOSING = frozenset(",.;:!?)]}%°、，。；：！？）】》”’")


def is_square(character: str) -> bool:
    """A character of Chinese or Japanese text: no blank stands beside it."""
    return _SQUARE.match(character) is not None


def is_one_run(before: str, after: str) -> bool:
    """Whether these two characters, printed close to each other, stand without a blank between them."""
    return after in _CLOSING or is_square(before) or is_square(after)
