"""What an import would make of a file, by its first rows. Runs in a worker process."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from services.banks.formats import (
    DEFAULT_LIMITS,
    WITHOUT_COLUMNS,
    BadRow,
    Blank,
    ColumnMapping,
    Item,
    check_mapping,
    csv,
    detect,
    json,
    jsonl,
    read,
    xlsx,
)
from services.banks.formats.base import excerpt, field_of
from services.banks.formats.mapping import MOST_COLUMNS, assign, column_name
from services.banks.formats.objects import ObjectReader, Text, Texts, value_of
from services.banks.formats.table import Columns, Record, Table
from services.banks.questions import QuestionInput
from services.banks.reading import Findings, bad_row, checked, listed_notes
from services.banks.uploads import UploadGoneError
from services.runners.worker import WorkerContext

READ_ROWS = 500
SHOWN_ROWS = 20  # good ones, and as many bad ones
_BLANKS = 10_000  # empty lines passed over on the way; a file may have nothing else
_SAMPLES = 3  # values of a column
_SHOWN_CHARACTERS = 1_000  # of one text of a question

NO_STEM = (
    "No column is known as the stem. Say which one it is in `mapping`, as in "
    '{"Question text": "stem"}, or name it 题干, 题目 or stem in the file.'
)
_TABLES = {"csv": csv.tables, "xlsx": xlsx.tables}
_TEXTS = {"json": json.texts, "jsonl": jsonl.texts}


def preview(argument: Mapping[str, Any], _context: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """The target of the worker pool: {path, file_name, format or null, mapping, defaults} -> an ImportPreview.

    Raises:
        UnsupportedFormatError, UnreadableFileError, TooLargeError: the file as a whole cannot be read.
        InvalidInputError: the mapping does not fit.
        UploadGoneError: the file is not there (any more).
    """
    try:
        return _look(Path(argument["path"]), argument)
    except FileNotFoundError as error:
        raise UploadGoneError from error


def _look(path: Path, argument: Mapping[str, Any]) -> dict[str, Any]:
    mapping: ColumnMapping = argument["mapping"]
    file_format = argument["format"] or detect(path, argument["file_name"], mapping, any_columns=True)
    sketch = Sketch(file_format, check_mapping(mapping, file_format))
    rows = Rows(argument["defaults"])
    rows.read(_items(path, sketch))
    return {**sketch.as_json(), **rows.as_json(sketch.has_stem)}


@dataclass(slots=True)
class Column:
    """`field`: what its name says by itself; `mapped_to`: what it is read as, after the mapping, too."""

    name: str
    field: str | None
    mapped_to: str | None = None
    samples: list[str] = dataclasses.field(default_factory=list)

    def sample(self, value: object) -> None:
        if len(self.samples) < _SAMPLES and (shown := _sample(value)) and shown not in self.samples:
            self.samples.append(shown)


@dataclass(slots=True)
class Sketch:
    """What there is to say about a file before its rows are questions."""

    format: str
    mapping: ColumnMapping
    encoding: str | None = None
    delimiter: str | None = None
    sheets: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    columns: dict[str, Column] = dataclasses.field(default_factory=dict)
    has_stem: bool = False

    def columns_of(self, names: Sequence[str]) -> list[Column | None]:
        """One for each name; None for what has none, and beyond the bound."""
        assigned = assign(names, self.mapping).fields
        self.has_stem = self.has_stem or "stem" in assigned
        columns = [self._column(column_name(name)) for name in names]
        for target, index in assigned.items():
            if column := columns[index]:
                column.mapped_to = target
        return columns

    def as_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "sheets": self.sheets,
            "columns": [
                {"name": one.name, "field": one.field, "mapped_to": one.mapped_to, "samples": one.samples}
                for one in self.columns.values()
            ],
            "has_stem": self.has_stem,
            "message": None if self.has_stem else NO_STEM,
        }

    def _column(self, name: str) -> Column | None:
        if name not in self.columns and name and len(self.columns) < MOST_COLUMNS:
            self.columns[name] = Column(name, field_of(name))
        return self.columns.get(name)


class Rows:
    """The first rows as an import would take them."""

    def __init__(self, defaults: Mapping[str, object]) -> None:
        self._defaults = defaults
        self._findings = Findings()
        self._good = 0
        self._complete = True
        self._questions: list[dict[str, Any]] = []
        self._bad_rows: list[dict[str, Any]] = []

    def read(self, items: Iterable[Item]) -> None:
        for item in items:
            if self._good + self._findings.bad >= READ_ROWS or self._findings.skipped >= _BLANKS:
                self._complete = False
                return
            self._take(item)

    def as_json(self, has_stem: bool) -> dict[str, Any]:
        rows = {"good": self._good, "bad": self._findings.bad, "skipped": self._findings.skipped}
        return {
            "rows": {"read": self._good + self._findings.bad, **rows, "complete": self._complete and has_stem},
            "questions": self._questions,
            "bad_rows": self._bad_rows,
            "notes": listed_notes(self._findings.notes),
        }

    def _take(self, item: Item) -> None:
        if isinstance(item, Blank):
            self._findings.skipped += 1
            return
        row = item if isinstance(item, BadRow) else checked(item, self._defaults, self._findings)
        if isinstance(row, BadRow):
            self._findings.bad += 1
            if len(self._bad_rows) < SHOWN_ROWS:
                self._bad_rows.append(bad_row(row))
            return
        self._good += 1
        if len(self._questions) < SHOWN_ROWS:
            self._questions.append({"line": item.line, **_shown(row)})


def _items(path: Path, sketch: Sketch) -> Iterator[Item]:
    if sketch.format in WITHOUT_COLUMNS:
        sketch.has_stem = True
        yield from read(path, sketch.format)
    elif sketch.format in _TABLES:
        for table in _TABLES[sketch.format](path, DEFAULT_LIMITS, sketch.mapping):
            yield from _of_table(table, sketch)
    else:
        yield from _of_texts(_TEXTS[sketch.format](path, DEFAULT_LIMITS), sketch)


def _of_table(table: Table, sketch: Sketch) -> Iterator[Item]:
    sketch.encoding, sketch.delimiter = table.encoding, table.delimiter
    shown = sketch.columns_of(table.header)
    columns = Columns.of(table.header, sketch.mapping)
    if table.sheet is not None:
        sketch.sheets.append({"name": table.sheet, "header_line": table.line, "is_read": columns is not None})
    records = _sampled(table.records, shown)
    if columns is None:
        _exhaust(islice(records, SHOWN_ROWS))  # for the samples, by which a person knows the stem
    else:
        yield from columns.rows(records)


def _sampled(records: Iterable[Record | BadRow | Blank], columns: Sequence[Column | None]) -> Iterator[Any]:
    for record in records:
        if isinstance(record, Record):
            _sample_all(columns, record.cells)
        yield record


def _of_texts(texts: Texts, sketch: Sketch) -> Iterator[Item]:
    sketch.encoding = texts.encoding
    reader = ObjectReader(sketch.mapping)
    for item in texts.items:
        value = value_of(item) if isinstance(item, Text) else item
        if isinstance(value, dict):
            _sample_all(sketch.columns_of(tuple(value)), value.values())
            yield reader.row(item.line, value)
        else:
            yield value


def _sample_all(columns: Iterable[Column | None], values: Iterable[object]) -> None:
    for column, value in zip(columns, values, strict=False):
        if column is not None:
            column.sample(value)


def _sample(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return excerpt(value)
    try:
        return excerpt(orjson.dumps(value).decode())
    except orjson.JSONEncodeError:  # a lone surrogate, or a number beyond 64 bits, in it
        return excerpt(str(value))


def _shown(question: QuestionInput) -> dict[str, Any]:
    fields = question.model_dump()
    fields["options"] = [_clipped(option) for option in fields["options"]]
    return {name: _clipped(value) if isinstance(value, str) else value for name, value in fields.items()}


def _clipped(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _exhaust(items: Iterable[object]) -> None:
    for _ in items:
        pass
