"""Text and attributes that are well-formed whatever was read."""

from __future__ import annotations

from html import escape

from services.ocr.export.characters import one_line


def escaped(text: object) -> str:
    """For element content and for attributes in double quotes."""
    return escape(one_line(str(text)))


def tag(name: str, **attributes: object) -> str:
    """A start tag without its brackets; attributes that are None are left out."""
    given = (f' {key}="{escaped(value)}"' for key, value in attributes.items() if value is not None)
    return name + "".join(given)
