"""How a file had its questions, and others written the same way: its format, its headers or keys, its delimiter.

Columns that meant nothing to the import were not kept, and are not written. What the questions have and the file had
no place for gets a column of its own behind the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from services.banks.formats import csv, json, jsonl, xlsx, xlsx_writer
from services.banks.formats.base import (
    CHINESE_NAMES,
    DEFAULT_LIMITS,
    FIELDS,
    NO_MAPPING,
    BadRow,
    ColumnMapping,
    Limits,
)
from services.banks.formats.encoding import UTF8
from services.banks.formats.mapping import Assignment, assign, column_name
from services.banks.formats.objects import Text, Texts, value_of
from services.banks.formats.table import cut_options

Question = Mapping[str, Any]
Questions = Callable[[], Iterable[Question]]
"""Gives the questions each time from the beginning."""

_TABLES = {"csv": csv.tables, "xlsx": xlsx.tables}
_OBJECTS = {"json": json.texts, "jsonl": jsonl.texts}
_DEFAULTS = {"channel_code": "default"}  # a value that stands for none


@dataclass(frozen=True, slots=True)
class Layout:
    """Attributes:
    format: of the formats of `services.banks.formats`.
    columns: (header or key, field or option's letter) of those that meant something, in their order; () where the
        format has none.
    delimiter, encoding: of a CSV.
    """

    format: str
    columns: tuple[tuple[str, str], ...] = ()
    delimiter: str = ","
    encoding: str = UTF8

    @classmethod
    def of(
        cls, path: Path, file_format: str, mapping: ColumnMapping = NO_MAPPING, limits: Limits = DEFAULT_LIMITS
    ) -> Layout:
        """The layout of a file that can be read: of its first table, or its first object with a stem."""
        if file_format in _TABLES:
            for table in _TABLES[file_format](path, limits, mapping):
                if columns := _columns([column_name(name) for name in table.header], assign(table.header, mapping)):
                    return cls(file_format, columns, table.delimiter or ",", table.encoding or UTF8)
        if file_format in _OBJECTS:
            for keys in _keys(_OBJECTS[file_format](path, limits)):
                if columns := _columns(keys, assign(keys, mapping)):
                    # A key that is no line of text is not written again: the contract's name stands for it.
                    known = tuple((key, field) for key, field in columns if key == column_name(key))
                    return cls(file_format, known)
        return cls(file_format)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Layout:
        return cls(**{**stored, "columns": tuple((name, field) for name, field in stored["columns"])})

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"columns": [list(column) for column in self.columns]}


def _columns(names: Sequence[str], assignment: Assignment) -> tuple[tuple[str, str], ...]:
    """() if none is the stem."""
    in_order = sorted((index, field) for field, index in assignment.fields.items())
    return tuple((names[index], field) for index, field in in_order) if "stem" in assignment.fields else ()


def _keys(texts: Texts) -> Iterator[tuple[str, ...]]:
    values = (value_of(item) for item in texts.items if isinstance(item, Text))
    return (tuple(value) for value in values if not isinstance(value, BadRow))


def write_as(layout: Layout, questions: Questions) -> Iterator[bytes]:
    """The questions in the layout of a file with headers or keys; a table's are read twice, first for its columns."""
    if layout.format in ("json", "jsonl"):
        writer = json.write if layout.format == "json" else jsonl.write
        return writer(_object(question, layout.columns) for question in questions())
    columns = _Columns.for_questions(layout.columns, questions())
    rows = map(columns.cells, questions())
    if layout.format == "xlsx":
        return xlsx_writer.write_rows(columns.header, rows)
    return csv.write_rows(columns.header, rows, delimiter=layout.delimiter, encoding=layout.encoding)


def _object(question: Question, columns: Sequence[tuple[str, str]]) -> dict[str, object]:
    """Under the file's own keys, in their order; what they have no place for goes by the contract's names."""
    by_field = {field: name for name, field in columns}
    letters = sum(field not in FIELDS for field in by_field)
    options = list(question["options"])
    fits = _fits(options, letters)
    found: dict[str, object] = {}
    for field, name in by_field.items():
        if field in FIELDS:
            found[name] = question[field]
        elif fits:
            found[name] = _option(options, field)
    for field in FIELDS:
        if field not in by_field and _has(question, field) and not (field == "options" and letters and fits):
            found[field] = question[field]
    return found


@dataclass(frozen=True, slots=True)
class _Columns:
    header: tuple[str, ...]
    fields: tuple[str, ...]  # of each column: a field, or a letter of an option

    @classmethod
    def for_questions(cls, columns: Sequence[tuple[str, str]], questions: Iterable[Question]) -> _Columns:
        names, fields = [name for name, _ in columns], [field for _, field in columns]
        letters = sum(field not in FIELDS for field in fields)
        missing = [field for field in FIELDS if field not in fields]
        needed: set[str] = set()
        for question in questions:
            needed.update(field for field in missing if field not in needed and _needs(question, field, letters))
            if len(needed) == len(missing):
                break
        is_chinese = not all(name.isascii() for name in names)
        more = [field for field in missing if field in needed]
        return cls((*names, *(CHINESE_NAMES[each] if is_chinese else each for each in more)), (*fields, *more))

    def cells(self, question: Question) -> Iterator[str]:
        options = list(question["options"])
        letters = sum(field not in FIELDS for field in self.fields)
        fits = _fits(options, letters)
        for field in self.fields:
            if field == "options":
                yield _options_cell(options) if options and not fits else ""
            elif field in FIELDS:
                yield str(question[field] or "")
            else:
                yield _option(options, field) if fits else ""


def _has(question: Question, field: str) -> bool:
    return bool(question[field]) and question[field] != _DEFAULTS.get(field)


def _needs(question: Question, field: str, letters: int) -> bool:
    return _has(question, field) and not (field == "options" and _fits(question["options"], letters))


def _fits(options: Sequence[str], letters: int) -> bool:
    """Whether columns A, B, C … can hold the options: an empty last one would be none."""
    return len(options) <= letters and (not options or bool(options[-1]))


def _option(options: Sequence[str], letter: str) -> str:
    place = ord(letter) - ord("A")
    return options[place] if place < len(options) else ""


def _options_cell(options: Sequence[str]) -> str:
    """One a line where an import makes the same of that, else a JSON list."""
    lines = "\n".join(options)
    return lines if cut_options(lines) == list(options) else orjson.dumps(list(options)).decode()
