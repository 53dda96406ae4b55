"""The rows of one sheet, as text, as they come out of its XML."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from services.banks.formats.base import Limits
from services.banks.formats.xlsx_parts import Workbook, local_name, parse_stream, unescape

_REFERENCE = re.compile(r"([A-Z]{1,3})[0-9]+")
_BIGGEST_EXACT = 10**21  # above, a whole number would be shown with digits it does not have


@dataclass(frozen=True, slots=True)
class SheetRow:
    """Cells from column A on, "" where there is none. `fault`: "", "too_long", "column_count" or "malformed"."""

    number: int
    cells: list[str]
    fault: str = ""
    detail: str = ""


def sheet_rows(archive: zipfile.ZipFile, part: str, workbook: Workbook, limits: Limits) -> Iterator[SheetRow]:
    """Rows with at least one cell. Memory: the rows of one chunk of the file."""
    sheet = _Sheet(workbook, limits)
    for _ in parse_stream(archive, part, sheet.parser, limits):
        yield from sheet.take()


class _Sheet:
    """Handlers for `row`, `c` (cell), `v` (value) and `t` (text); everything else passes by."""

    def __init__(self, workbook: Workbook, limits: Limits) -> None:
        self._workbook, self._limits = workbook, limits
        self._rows: list[SheetRow] = []
        self._number = 0
        self._cells: dict[int, str] = {}
        self._size = 0
        self._fault = self._detail = ""
        self._column = -1
        self._type, self._style = "n", 0
        self._parts: list[str] = []
        self._hint = self._text = False
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data

    def take(self) -> list[SheetRow]:
        rows, self._rows = self._rows, []
        return rows

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local_name(tag)
        if name == "c":
            reference = _REFERENCE.fullmatch(attributes.get("r", ""))
            self._column = _column(reference[1]) if reference else self._column + 1
            self._type = attributes.get("t", "n")
            style = attributes.get("s", "0")
            self._style = int(style) if style.isdecimal() else 0
        elif name == "row":
            given = attributes.get("r", "")
            self._number = int(given) if given.isdecimal() and len(given) < 10 else self._number + 1
            self._column = -1
        self._hint = self._hint or name == "rPh"
        self._text = name in {"v", "t"} and not self._hint

    def _data(self, data: str) -> None:
        if self._text:
            self._size += len(data)
            if self._size <= self._limits.row_bytes:
                self._parts.append(data)
            else:
                self._fault = "too_long"

    def _end(self, tag: str) -> None:
        self._text = False
        name = local_name(tag)
        if name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()
        elif name == "rPh":
            self._hint = False

    def _end_cell(self) -> None:
        raw = "".join(self._parts)
        self._parts.clear()
        if not raw:
            return
        if self._column >= self._limits.columns:
            self._fault, self._detail = "column_count", f"it stands beyond column {self._limits.columns}"
            return
        try:
            self._cells[self._column] = self._shown(raw)
        except (ValueError, IndexError):
            self._fault, self._detail = "malformed", f"{raw[:40]!r} is no value of type {self._type[:20]!r}"

    def _end_row(self) -> None:
        if self._cells or self._fault:
            cells = [self._cells.get(index, "") for index in range(max(self._cells, default=-1) + 1)]
            self._rows.append(SheetRow(self._number, cells, self._fault, self._detail))
        self._cells, self._size, self._fault, self._detail = {}, 0, "", ""

    def _shown(self, raw: str) -> str:
        """A cell's value as its reader sees it (18.18.11): formulas by their last result, dates as ISO 8601."""
        if self._type == "s":
            return self._workbook.strings[_index(raw)]
        if self._type in {"inlineStr", "str"}:
            return unescape(raw)
        if self._type == "b":
            return "TRUE" if raw.strip() in {"1", "true"} else "FALSE"
        if self._type == "n":
            return self._number_shown(float(raw))
        return raw

    def _number_shown(self, value: float) -> str:
        if self._style in self._workbook.date_styles and (text := _date(value, from_1904=self._workbook.from_1904)):
            return text
        if self._style in self._workbook.percent_styles:
            return f"{value * 100:.15g}%"
        if value.is_integer() and abs(value) < _BIGGEST_EXACT:
            return str(int(value))
        return f"{value:.15g}"  # the digits that Excel keeps


def _index(raw: str) -> int:
    # int() would take "-1" too, which to Python is the last one and to Excel nothing.
    if not raw.isdecimal():
        raise ValueError(raw)
    return int(raw)


def _column(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def _date(value: float, *, from_1904: bool) -> str | None:
    """None if the number is no date that there is."""
    try:
        moment = from_excel(value, MAC_EPOCH if from_1904 else WINDOWS_EPOCH)
    except (OverflowError, ValueError):
        return None
    if isinstance(moment, dt.datetime) and moment.time() == dt.time():
        return moment.date().isoformat()
    return str(moment)
