"""Rows of cells under a header: what CSV and Excel have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import orjson

from services.banks.formats.base import (
    FIELDS,
    NO_MAPPING,
    BadRow,
    Blank,
    ColumnMapping,
    Item,
    Row,
    UnreadableFileError,
    excerpt,
    ignored_note,
    options_from_letters,
)
from services.banks.formats.mapping import assign

HEADER_REMEDY = (
    "The first row must name the columns, among them 题干 (or 题目, stem). Known columns: 题型, 科目 or 学科, 渠道, "
    "题干, A, B, C, … (or 选项), 答案, 解析, 来源, 编号, or the English names type_name, subject_name, channel_code, "
    "stem, options, answer, analysis, source, external_id."
)
# An export's columns; a question with more options, or with some that cells cannot tell from none, has them as a
# JSON list in the column 选项.
LETTERS = tuple("ABCDEFGH")
EXPORT_HEADER = ("题型", "科目", "渠道", "题干", *LETTERS, "答案", "解析", "来源", "编号", "选项")
_LABEL = re.compile(r"(?:^|(?<=\s))[(（]?([A-Z])[)）.．、:：]\s*")


@dataclass(frozen=True, slots=True)
class Record:
    """A row's cells as text, under the header."""

    line: int
    cells: list[str]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A header, which stands on `line`, and what is under it, read as it is asked for.

    `sheet` is its name in a workbook, `encoding` and `delimiter` a CSV's.
    """

    header: Sequence[str]
    line: int
    records: Iterator[Record | BadRow | Blank]
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None


def read_tables(tables: Iterable[Table], mapping: ColumnMapping) -> Iterator[Item]:
    """The rows of every table that has a stem.

    Raises:
        UnreadableFileError: none has one.
    """
    found = False
    for table in tables:
        if columns := Columns.of(table.header, mapping):
            found = True
            yield from columns.rows(table.records)
    if not found:
        raise UnreadableFileError(HEADER_REMEDY)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which cell of a row is which field."""

    width: int
    fields: tuple[tuple[int, str], ...]
    letters: tuple[tuple[int, str], ...]
    ignored: tuple[str, ...]

    @classmethod
    def of(cls, header: Sequence[str], mapping: ColumnMapping = NO_MAPPING) -> Columns | None:
        """None if no column is the stem: then this is not a header."""
        assigned = assign(header, mapping)
        if "stem" not in assigned.fields:
            return None
        named = tuple((index, field) for field, index in assigned.fields.items() if field in FIELDS)
        letters = tuple((index, field) for field, index in assigned.fields.items() if field not in FIELDS)
        width = max((index for index, name in enumerate(header, 1) if name.strip()), default=0)
        return cls(width, named, letters, assigned.ignored)

    @property
    def recognised(self) -> int:
        return len(self.fields) + len(self.letters)

    def rows(self, records: Iterable[Record | BadRow | Blank]) -> Iterator[Item]:
        first = True
        for record in records:
            if isinstance(record, Record):
                yield self.row(record.line, record.cells, record.where, first=first)
                first = False
            else:
                yield record

    def row(self, line: int, cells: Sequence[str], where: str = "", *, first: bool = False) -> Row | BadRow:
        """The record in `cells`; an empty cell is a field that the record does not have."""
        if len(cells) > self.width and any(cell.strip() for cell in cells[self.width :]):
            reason = f"The record has {len(cells)} columns, the header {self.width}."
            return BadRow(line, "column_count", reason, excerpt(" ".join(cells)), where)
        count = len(cells)
        fields: dict[str, object] = {
            name: cells[index] for index, name in self.fields if index < count and cells[index]
        }
        options = options_from_letters({name: cells[index] for index, name in self.letters if index < count})
        written = fields.pop("options", None)
        if isinstance(written, str) and written.strip():
            options = cut_options(written)
            if not options:
                reason = "options is one text that cannot be cut: give a JSON list, one option a line, or A. … B. …"
                return BadRow(line, "options_not_list", reason, excerpt(written), where)
        if options:
            fields["options"] = options
        return Row(line, fields, (ignored_note(self.ignored),) if first and self.ignored else (), where)


def cut_options(text: str) -> list[str]:
    """The options in one cell: a JSON list, one a line, or behind letters (`A. 甲 B. 乙`); [] if none of these."""
    if text.lstrip().startswith("["):
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            value = None
        if isinstance(value, list) and all(isinstance(option, str) for option in value):
            return value
    if labelled := _cut_at_letters(text):
        return labelled
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines if len(lines) > 1 else []


def _cut_at_letters(text: str) -> list[str]:
    """Only where the letters are A, B, C, … from the beginning of the text: else one may be part of an option."""
    marks: list[re.Match[str]] = []
    for mark in _LABEL.finditer(text):
        if mark[1] == chr(ord("A") + len(marks)):
            marks.append(mark)
    if len(marks) < 2 or text[: marks[0].start()].strip():
        return []
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return [text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]


def export_cells(question: dict[str, object]) -> list[str]:
    """One question in the columns of EXPORT_HEADER, so that an import of them gives the same question."""
    options = [str(option) for option in question.get("options") or []]  # type: ignore[attr-defined]
    as_list = len(options) > len(LETTERS) or bool(options and not options[-1])
    letters = [""] * len(LETTERS) if as_list else options + [""] * (len(LETTERS) - len(options))

    def text(name: str) -> str:
        return str(question.get(name) or "")

    return [
        text("type_name"),
        text("subject_name"),
        text("channel_code"),
        text("stem"),
        *letters,
        text("answer"),
        text("analysis"),
        text("source"),
        text("external_id"),
        orjson.dumps(options).decode() if as_list else "",
    ]
