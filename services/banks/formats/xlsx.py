"""Excel workbooks, read as a stream and held against a bound before anything is unpacked.

openpyxl's read-only mode would do for well-made files; but it ends at the first odd cell, keeps something of every row,
and fills gaps between rows one by one, up to whatever row number the file claims. So the sheet's XML is walked here.
The format: ECMA-376 part 1, 18.3 (worksheets), 18.4 (shared strings), 18.8 (styles).
"""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
from services.banks.formats.lines import too_long
from services.banks.formats.table import Columns, Record, Table, read_tables
from services.banks.formats.xlsx_parts import DAMAGED, Workbook, check_directory, check_size
from services.banks.formats.xlsx_sheet import SheetRow, sheet_rows

_HEADER_WITHIN = 10  # rows; above a header there may stand a title


def read(path: Path, limits: Limits, mapping: ColumnMapping = NO_MAPPING) -> Iterator[Item]:
    """The rows of every visible sheet that has a header with the stem; `line` is the row's number in its sheet.

    Raises:
        UnreadableFileError: damaged, or no sheet has such a header.
        TooLargeError: it would unpack beyond `limits.unpacked_bytes`.
    """
    yield from read_tables(tables(path, limits, mapping), mapping)


def tables(path: Path, limits: Limits, mapping: ColumnMapping = NO_MAPPING) -> Iterator[Table]:
    """Every visible sheet that is not empty, whatever its columns are called; each is read before the next is given."""
    check_directory(path)
    with _damage_told(), zipfile.ZipFile(path) as archive:
        check_size(archive, limits)
        workbook = Workbook.open(archive, limits)
        for name, part in workbook.sheets:
            where = f"sheet {excerpt(name)}" if len(workbook.sheets) > 1 else ""
            rows = sheet_rows(archive, part, workbook, limits)
            first = list(itertools.islice(rows, _HEADER_WITHIN))
            if header := _header(first, mapping):
                below = itertools.chain((row for row in first if row.number > header.number), rows)
                yield Table(header.cells, header.number, _records(below, where, limits), sheet=excerpt(name))


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except DAMAGED as error:
        raise UnreadableFileError(f"The workbook is damaged: {excerpt(str(error))}.") from error
    except RuntimeError as error:  # zipfile's word for a password
        raise UnreadableFileError("The workbook is protected by a password. Save it without one.") from error


def _header(rows: list[SheetRow], mapping: ColumnMapping) -> SheetRow | None:
    """The first row with a stem; where there is none, the first of those with most cells."""
    sound = [row for row in rows if not row.fault and any(row.cells)]
    for row in sound:
        if Columns.of(row.cells, mapping):
            return row
    return max(sound, key=lambda row: sum(map(bool, row.cells)), default=None)


def _records(rows: Iterator[SheetRow], where: str, limits: Limits) -> Iterator[Record | BadRow | Blank]:
    with _damage_told():
        for row in rows:
            if row.fault:
                reason = too_long(limits) if row.fault == "too_long" else f"A cell cannot be read: {row.detail}."
                yield BadRow(row.number, row.fault, reason, excerpt(" ".join(row.cells)), where)
            elif any(row.cells):
                yield Record(row.number, row.cells, where)
