"""The tag (BCP 47) of what a result says of its language."""

from __future__ import annotations

_TAGS = {"chinese": "zh", "english": "en", "mixed": "mul"}


def tag_of(language: str) -> str | None:
    """None where the language is not known."""
    return _TAGS.get(language) or (language if language in _TAGS.values() else None)
