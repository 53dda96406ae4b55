"""Reading small files that a test writes down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.banks.formats import DEFAULT_LIMITS, BadRow, Blank, Item, Limits, Row, read


def items(folder: Path, file_format: str, content: bytes | str, limits: Limits = DEFAULT_LIMITS) -> list[Item]:
    path = folder / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read(path, file_format, limits=limits))


def fields(found: list[Item]) -> list[dict[str, Any]]:
    return [item.fields for item in found if isinstance(item, Row)]


def faults(found: list[Item]) -> list[tuple[int, str]]:
    return [(item.line, item.code) for item in found if isinstance(item, BadRow)]


def outline(found: list[Item]) -> list[object]:
    """Stems of good rows, codes of bad ones, None for blank lines."""
    shown: list[object] = []
    for item in found:
        match item:
            case Row():
                shown.append(item.fields.get("stem"))
            case BadRow():
                shown.append(item.code)
            case Blank():
                shown.append(None)
    return shown


Reading = Callable[..., list[Item]]


def reader_of(file_format: str) -> Any:
    """A fixture that reads content as `file_format`."""

    @pytest.fixture
    def reading(tmp_path: Path) -> Reading:
        return lambda content, limits=DEFAULT_LIMITS: items(tmp_path, file_format, content, limits)

    return reading
