"""The files that questions come in and go out as.

Each format's module has `read(path, limits, mapping)`, a generator of Row, BadRow and Blank that holds no more than one
record, and `write(questions)`, a generator of bytes. Formats with columns have what stands before the mapping, too:
`tables` (CSV, Excel) or `texts` (JSON).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from services.banks.formats import aiken, csv, gift, gift_writer, json, jsonl, xlsx, xlsx_writer
from services.banks.formats.base import (
    DEFAULT_LIMITS,
    NO_MAPPING,
    BadRow,
    Blank,
    ColumnMapping,
    Item,
    Limits,
    Reader,
    Row,
    UnreadableFileError,
    Writer,
)
from services.banks.formats.detect import detect
from services.banks.formats.mapping import checked_mapping
from services.errors import FieldProblem, InvalidInputError

READERS: dict[str, Reader] = {
    "jsonl": jsonl.read,
    "json": json.read,
    "csv": csv.read,
    "xlsx": xlsx.read,
    "gift": gift.read,
    "aiken": aiken.read,
}
WRITERS: dict[str, Writer] = {
    "jsonl": jsonl.write,
    "json": json.write,
    "csv": csv.write,
    "xlsx": xlsx_writer.write,
    "gift": gift_writer.write,
    "aiken": aiken.write,
}
WITHOUT_COLUMNS = frozenset({"gift", "aiken"})
MIME_TYPES = {
    "jsonl": "application/x-ndjson",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "gift": "text/plain; charset=utf-8",
    "aiken": "text/plain; charset=utf-8",
}
SUFFIXES = {"jsonl": ".jsonl", "json": ".json", "csv": ".csv", "xlsx": ".xlsx", "gift": ".gift", "aiken": ".aiken.txt"}

__all__ = [
    "DEFAULT_LIMITS",
    "MIME_TYPES",
    "NO_MAPPING",
    "READERS",
    "SUFFIXES",
    "WITHOUT_COLUMNS",
    "WRITERS",
    "BadRow",
    "Blank",
    "ColumnMapping",
    "Item",
    "Limits",
    "Row",
    "UnreadableFileError",
    "check_format",
    "check_mapping",
    "checked_mapping",
    "detect",
    "read",
    "write",
]


def check_format(name: str) -> str:
    if name not in READERS:
        known = f"It is one of: {', '.join(READERS)}."
        raise InvalidInputError(f"There is no format {name!r}. {known}", [FieldProblem("format", known)])
    return name


def check_mapping(mapping: ColumnMapping, file_format: str) -> dict[str, str]:
    """As readers take it.

    Raises:
        InvalidInputError: it names what is no field, or the format has no columns.
    """
    if mapping and file_format in WITHOUT_COLUMNS:
        message = f"A file of the format {file_format} has no columns: leave the mapping out."
        raise InvalidInputError(message, [FieldProblem("mapping", message)])
    return checked_mapping(mapping)


def read(
    path: Path, file_format: str, *, limits: Limits = DEFAULT_LIMITS, mapping: ColumnMapping = NO_MAPPING
) -> Iterator[Item]:
    """Every record of the file, good or bad, in order.

    Args:
        path: the file.
        file_format: one of READERS.
        limits: what it may cost.
        mapping: as `check_mapping` gives it; columns that it does not name go by their own names.

    Raises:
        UnreadableFileError: the file as a whole is not what `file_format` says.
        TooLargeError: a workbook would unpack beyond its limit.
    """
    return READERS[check_format(file_format)](path, limits, mapping)


def write(file_format: str, questions: Iterable[dict[str, object]]) -> Iterator[bytes]:
    """The questions (contract's Question objects) as a file, in pieces."""
    return WRITERS[check_format(file_format)](questions)
