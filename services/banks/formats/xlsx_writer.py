"""Excel workbooks out, row by row into the zip: no row is held, and the first bytes leave at once.

openpyxl's write-only mode builds the whole file before it gives a byte. Every cell here is a text (`inlineStr`), never
a formula; what could be mistaken for one has the style "quote prefix" besides, which keeps it text when edited.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape

from services.banks.formats.table import EXPORT_HEADER, export_cells

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'

ROWS_A_SHEET = 1_048_576  # Excel's own limit, as the next one
CELL_CHARACTERS = 32_767
CUT_MARK = " …[cut off: an Excel cell holds 32,767 characters; export as CSV or JSON lines for all of it]"

# Style 0: text. Style 1: text with a quote prefix.
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="49" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="2">'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
# What XML cannot hold is written _xHHHH_, and so is an underscore that would read as the beginning of that.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0d\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def write(questions: Iterable[dict[str, object]]) -> Iterator[bytes]:
    return write_rows(EXPORT_HEADER, map(export_cells, questions))


def write_rows(header: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """A workbook of these rows; a further sheet, with the header again, where one is full."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        sheets = 0
        source = iter(rows)
        following = next(source, None)
        while following is not None or not sheets:
            sheets += 1
            with archive.open(f"xl/worksheets/sheet{sheets}.xml", "w", force_zip64=True) as part:
                part.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{_row(1, header)}'.encode())
                number = 1
                while following is not None and number < ROWS_A_SHEET:
                    number += 1
                    part.write(_row(number, following).encode())
                    following = next(source, None)
                    if sink.size > 2**16:
                        yield sink.drain()
                part.write(b"</sheetData></worksheet>")
        for name, content in _around(sheets).items():
            archive.writestr(name, content)
    yield sink.drain()


class _Sink:
    """A file that cannot seek, whose contents are taken away as they come."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    close = flush

    def drain(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        self.size = 0
        return data


def _row(number: int, cells: Iterable[str]) -> str:
    return f'<row r="{number}">{"".join(map(_cell, cells))}</row>'


def _cell(text: str) -> str:
    if not text:
        return "<c/>"
    if len(text) > CELL_CHARACTERS:
        text = text[: CELL_CHARACTERS - len(CUT_MARK)] + CUT_MARK
    style = ' s="1"' if _FORMULA.match(text) else ""
    content = escape(_UNWRITABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", text))
    return f'<c t="inlineStr"{style}><is><t xml:space="preserve">{content}</t></is></c>'


def _around(sheets: int) -> dict[str, str]:
    """The parts beside the sheets."""
    numbers = range(1, sheets + 1)
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for number in numbers
    )
    names = "".join(f'<sheet name="questions {number}" sheetId="{number}" r:id="rId{number}"/>' for number in numbers)
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    return {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{types}</Types>',
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
        f'<Relationship Id="rId0" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
    }
