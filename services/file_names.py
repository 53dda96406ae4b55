"""Names of clients' files, which are shown and never opened."""

from __future__ import annotations

_MOST_CHARACTERS = 255


def shown_name(file_name: str) -> str:
    """The last part of whatever path the client gave, without what cannot be shown."""
    last = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(character for character in last if character.isprintable())[:_MOST_CHARACTERS] or "upload"
