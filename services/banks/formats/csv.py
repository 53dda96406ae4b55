"""CSV as spreadsheets write it: UTF-8 or GB18030, commas, semicolons or tabs, cells with line breaks and quotes.

Python's csv module does the parsing; around it stands what it has no word for: the line on which a record begins, a
record in another encoding, and a quote that is never closed, which would otherwise swallow the rest of the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from services.banks.formats.base import (
    NO_MAPPING,
    BadRow,
    Blank,
    ColumnMapping,
    Item,
    Limits,
    UnreadableFileError,
    excerpt,
)
from services.banks.formats.encoding import UTF8, decode, encoding_of, skip_bom
from services.banks.formats.lines import too_long, wrong_encoding
from services.banks.formats.table import (
    EXPORT_HEADER,
    HEADER_REMEDY,
    Columns,
    Record,
    Table,
    export_cells,
    read_tables,
)

DELIMITERS = (",", ";", "\t")
_END = "\ue000end of file\ue000"  # fed after the last line: whatever swallows it was still inside quotes
_UNCLOSED = "unclosed_quote"
_RETURNS = 50  # how often a file may be read again from behind an unclosed quote
_SKIP = 2**16
_MOST_NAMES = 2_000  # columns that are looked at, in the hub, to know a header; 150,000 took 0.7 s
# A cell that begins so is a formula to a spreadsheet (OWASP, "CSV Injection"; the wide forms for East Asian locales).
_FORMULA = re.compile("'*[\\s]*[=+\\-@＝＋－＠]|'*[\t\r\n]")
_GUARDED = re.compile("''*(?:[\\s]*[=+\\-@＝＋－＠]|[\t\r\n])")

# The module's own bound (131,072 characters a field) would end the file at the first long stem; ours is on the record.
csv.field_size_limit(2**31 - 1)


def read(path: Path, limits: Limits, mapping: ColumnMapping = NO_MAPPING) -> Iterator[Item]:
    yield from read_tables(tables(path, limits, mapping), mapping)


def tables(path: Path, limits: Limits, mapping: ColumnMapping = NO_MAPPING) -> Iterator[Table]:
    """The one table of the file, whatever its columns are called.

    Raises:
        UnreadableFileError: its first record cannot be read.
    """
    encoding = encoding_of(path, limits.row_bytes)
    with path.open("rb") as file:
        delimiter = _delimiter(file, encoding, limits, mapping)
        records = enumerate(_records(file, encoding, delimiter, limits))
        header = next(record for _, record in records if isinstance(record, _Record) and any(record.cells))
        yield Table(header.cells, header.line, _numbered(records), encoding=encoding, delimiter=delimiter)


def write(questions: Iterable[dict[str, object]]) -> Iterator[bytes]:
    return write_rows(EXPORT_HEADER, map(export_cells, questions))


def write_rows(
    header: Sequence[str], rows: Iterable[Iterable[str]], *, delimiter: str = ",", encoding: str = UTF8
) -> Iterator[bytes]:
    """UTF-8 with a byte order mark (Excel asks for it), line ends CRLF (RFC 4180), formulas guarded."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, delimiter=delimiter)
    sink.write("\ufeff" if encoding == UTF8 else "")
    writer.writerow([guard(name) for name in header])
    for row in rows:
        writer.writerow([guard(cell) for cell in row])
        if sink.tell() > 2**16:
            yield _drain(sink, encoding)
    yield _drain(sink, encoding)


def guard(cell: str) -> str:
    """A quote before what a spreadsheet would compute, and before what looks like such a guard: `unguard` undoes it."""
    return "'" + cell if _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell


def is_header(line: str, mapping: ColumnMapping = NO_MAPPING) -> bool:
    """Whether under some delimiter one column of the line is the stem."""
    return any(Columns.of(cells, mapping) for cells in _cut(line) if len(cells) <= _MOST_NAMES)


def may_be_header(line: str, below: str) -> bool:
    """Whether under some delimiter both lines have the same number of columns, more than one, each with a name."""
    return any(
        1 < len(names) == len(cells) and all(name.strip() for name in names)
        for names, cells in zip(_cut(line), _cut(below), strict=False)
    )


def _cut(line: str) -> list[list[str]]:
    """The cells of a line under each delimiter; none where it is no CSV."""
    try:
        return [next(csv.reader([line], delimiter=delimiter), []) for delimiter in DELIMITERS]
    except csv.Error:
        return []


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: list[str]


class _TooLongError(Exception):
    """The record in hand passes the limit."""


class _Feed:
    """The file's lines for csv.reader, which pulls as many as a record has; between records it can go back."""

    def __init__(self, file: BinaryIO, encoding: str, limits: Limits) -> None:
        self._file, self._encoding, self._limits = file, encoding, limits
        self._ended = False
        self.line = 0  # lines given so far
        self._begin(0)

    def _begin(self, offset: int) -> None:
        self.size = 0  # bytes of the record in hand
        self.intact = True
        self.head = ""  # its first line
        self.second_line = offset  # where in the file its second line begins

    def next_record(self) -> int:
        """Ends the record in hand; gives the line on which the next one begins."""
        self._begin(0)
        return self.line + 1

    def go_back(self, line: int) -> None:
        """On from the second line of the record in hand, which began on `line`."""
        self._file.seek(self.second_line)
        self.line, self._ended = line, False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        raw = self._file.readline(self._limits.row_bytes + 1)
        if not raw:
            if self._ended:
                raise StopIteration
            self._ended = True
            return _END
        self.line += 1
        first = self.size == 0
        self.size += len(raw)
        overlong = len(raw) > self._limits.row_bytes and not raw.endswith(b"\n")
        text, intact = decode(raw[:1000] if overlong else raw, self._encoding)
        while overlong and raw and not raw.endswith(b"\n"):
            raw = self._file.readline(_SKIP)
        if first:
            self.head, self.second_line = text, self._file.tell()
        if self.size > self._limits.row_bytes:
            raise _TooLongError
        self.intact = self.intact and intact
        return text


def _records(file: BinaryIO, encoding: str, delimiter: str, limits: Limits) -> Iterator[_Record | BadRow]:
    """Every record, good or bad, in order; the header is the first one that is not blank."""
    file.seek(0)
    skip_bom(file)
    feed = _Feed(file, encoding, limits)
    reader = csv.reader(feed, delimiter=delimiter)
    returns = 0
    while (record := _next(reader, feed, limits)) is not None:
        yield record
        if isinstance(record, BadRow) and record.code == _UNCLOSED and returns < _RETURNS:
            returns += 1
            feed.go_back(record.line)


def _next(reader: Iterator[list[str]], feed: _Feed, limits: Limits) -> _Record | BadRow | None:
    line = feed.next_record()
    try:
        cells = next(reader, [_END])
    except _TooLongError:
        if feed.line > line:  # a quote in its first line swallows one line after another
            return _unclosed(line, feed)
        return BadRow(line, "too_long", too_long(limits), excerpt(feed.head))
    except csv.Error as error:
        return BadRow(line, "malformed", _sentence(error), excerpt(feed.head))
    if cells == [_END]:
        return None
    if cells and cells[-1].endswith(_END):
        return _unclosed(line, feed)
    return _Record(line, cells) if feed.intact else wrong_encoding(line, " ".join(cells))


def _unclosed(line: int, feed: _Feed) -> BadRow:
    return BadRow(line, _UNCLOSED, "A quote is opened and never closed.", excerpt(feed.head))


def _numbered(records: Iterable[tuple[int, _Record | BadRow]]) -> Iterator[Record | BadRow | Blank]:
    for number, record in records:
        if isinstance(record, BadRow):
            yield replace(record, where=f"record {number}")
        elif any(record.cells):
            yield Record(record.line, [unguard(cell) for cell in record.cells], f"record {number}")
        else:
            yield Blank(record.line)


def _delimiter(file: BinaryIO, encoding: str, limits: Limits, mapping: ColumnMapping) -> str:
    """That under which most columns are known, or at least there. A header's cells may have line breaks, too."""
    found: dict[str, tuple[int, int]] = {}
    for delimiter in DELIMITERS:
        records = _records(file, encoding, delimiter, limits)
        header = next((record for record in records if isinstance(record, BadRow) or any(record.cells)), None)
        if isinstance(header, _Record):
            columns = Columns.of(header.cells, mapping)
            found[delimiter] = (columns.recognised if columns else 0, len(header.cells))
    if not found:
        raise UnreadableFileError(HEADER_REMEDY)
    return max(found, key=lambda delimiter: found[delimiter])


def _sentence(error: csv.Error) -> str:
    if "new-line character" in str(error):
        return "A lone carriage return stands outside quotes."
    return f"Not CSV: {error}."


def _drain(sink: io.StringIO, encoding: str) -> bytes:
    data = sink.getvalue().encode(encoding)
    sink.seek(0)
    sink.truncate()
    return data
