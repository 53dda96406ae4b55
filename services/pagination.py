"""Pages of a list: a cursor names the last row seen, so rows that come or go neither shift nor repeat others."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.errors import FieldProblem, InvalidInputError

T = TypeVar("T")

DEFAULT_LIMIT, MAX_LIMIT = 50, 500
_MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: Sequence[T]
    next_cursor: str | None  # None: this was the last page
    total: int


def encode_cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"v1:{position}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> int:
    """Raises InvalidInputError for a cursor that was not given out by us."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        version, _, number = text.partition(":")
        position = int(number)
    except (ValueError, binascii.Error) as error:
        raise _bad_cursor() from error
    if version != "v1" or not 0 <= position <= _MAX_ID or encode_cursor(position) != cursor:
        raise _bad_cursor()
    return position


def _bad_cursor() -> InvalidInputError:
    remedy = "Pass the next_cursor of the page before, or none for the first page."
    return InvalidInputError(f"The cursor is not one of ours. {remedy}", [FieldProblem("cursor", remedy)])
