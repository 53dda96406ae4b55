from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook import Workbook

from services.banks.formats import Limits, UnreadableFileError
from services.errors import TooLargeError
from tests.unit.services.banks.formats.reading import Reading, faults, fields, items, outline, reader_of

reading = reader_of("xlsx")


def saved(workbook: Workbook) -> bytes:
    sink = io.BytesIO()
    workbook.save(sink)
    return sink.getvalue()


def sheet_of(*rows: list[Any]) -> bytes:
    workbook = openpyxl.Workbook()
    assert workbook.active is not None
    for row in rows:
        workbook.active.append(row)
    return saved(workbook)


def rewritten(content: bytes, part: str, change: Callable[[str], str], **added: str) -> bytes:
    """The workbook with one part changed as text, and with parts added to the folder xl."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name).decode()
            target.writestr(name, change(data) if name == part else data)
        for name, data in added.items():
            target.writestr(f"xl/{name}.xml", data)
    return sink.getvalue()


def with_strings(content: bytes, strings: str) -> bytes:
    """The workbook with a table of shared strings, which openpyxl does not write."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    relation = f'<Relationship Id="strings" Type="{kind}" Target="sharedStrings.xml"/></Relationships>'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return rewritten(
        content,
        "xl/_rels/workbook.xml.rels",
        lambda xml: xml.replace("</Relationships>", relation),
        sharedStrings=f'<sst xmlns="{main}">{strings}</sst>',
    )


SHEET = "xl/worksheets/sheet1.xml"


def with_rows(rows: str) -> bytes:
    """A workbook whose sheet has these rows of XML."""
    data = f"<sheetData>{rows}</sheetData>"
    return rewritten(
        sheet_of(["x"]), SHEET, lambda xml: re.sub("<sheetData>.*</sheetData>", data, xml, flags=re.DOTALL)
    )


HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>stem</t></is></c></row>'


def test_cells_are_texts_as_their_reader_sees_them(reading: Reading) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["题干", "A", "B", "C", "D", "E", "F", "G", "H"])
    sheet.append(
        [
            "numbers",
            12,
            0.1 + 0.2,
            1e20,
            True,
            dt.datetime.fromisoformat("2024-05-01"),
            dt.datetime.fromisoformat("2024-05-01T10:30"),
            dt.time(8, 5),
            0.5,
        ]
    )
    sheet["I2"].number_format = "0%"
    assert fields(reading(saved(workbook)))[0]["options"] == [
        "12",
        "0.3",
        "100000000000000000000",
        "TRUE",
        "2024-05-01",
        "2024-05-01 10:30:00",
        "08:05:00",
        "50%",
    ]


def test_texts_that_begin_like_formulas_stay_texts(reading: Reading) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["stem", "A"])
    sheet.append(["", "-3"])
    sheet["A2"].value = "=1+1"
    sheet["A2"].data_type = "s"
    assert fields(reading(saved(workbook))) == [{"stem": "=1+1", "options": ["-3"]}]


def test_a_formula_gives_its_last_result(reading: Reading) -> None:
    row = '<row r="2"><c r="A2" t="str"><f>CONCATENATE("a","b")</f><v>ab</v></c></row>'
    assert outline(reading(with_rows(HEADER + row))) == ["ab"]


def test_shared_and_rich_texts_are_joined_without_phonetic_hints(reading: Reading) -> None:
    rows = "".join(f'<row r="{n + 1}"><c r="A{n + 1}" t="s"><v>{n}</v></c></row>' for n in range(3))
    rich = '<r><t>京</t></r><r><t xml:space="preserve"> 都</t></r><rPh sb="0" eb="1"><t>キョウト</t></rPh>'
    strings = f"<si><t>stem</t></si><si>{rich}</si><si><t>_x0041__x005F_x0042_</t></si>"
    assert outline(reading(with_strings(with_rows(rows), strings))) == ["京 都", "A_x0042_"]


def test_a_bad_cell_costs_its_row_only(reading: Reading) -> None:
    rows = (
        '<row r="2"><c r="A2" t="s"><v>999</v></c></row><row r="3"><c r="A3"><v>abc</v></c></row>'
        '<row r="4"><c r="A4" t="s"><v>-1</v></c></row><row r="5"><c r="A5"><v>7</v></c></row>'
    )
    found = reading(with_strings(with_rows(HEADER + rows), "<si><t>x</t></si>"))
    assert outline(found) == ["malformed", "malformed", "malformed", "7"]
    assert faults(found) == [(2, "malformed"), (3, "malformed"), (4, "malformed")]


def test_row_numbers_and_columns_a_file_invents_cost_nothing(reading: Reading) -> None:
    rows = (
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>2</v></c></row>'
        '<row r="999999999999"><c r="A1"><v>3</v></c></row><row><c r="XFD5"><v>4</v></c><c r="ZZZ1"><v>5</v></c></row>'
    )
    found = reading(with_rows('<dimension ref="A1:XFD1048576"/>' + HEADER + rows))
    assert outline(found) == ["1", "2", "3", "column_count"]
    assert [item.line for item in found] == [2, 1048576, 1048577, 1048578]


def test_cells_without_references_follow_each_other(reading: Reading) -> None:
    header = "<row><c t='inlineStr'><is><t>stem</t></is></c><c t='inlineStr'><is><t>答案</t></is></c></row>"
    assert fields(reading(with_rows(header + "<row><c><v>1</v></c><c><v>2</v></c></row>"))) == [
        {"stem": "1", "answer": "2"}
    ]


def test_every_visible_sheet_with_a_header_is_read(reading: Reading) -> None:
    workbook = openpyxl.Workbook()
    notes = workbook.active
    assert notes is not None
    notes.append(["about this file"])
    for name in ("一", "二", "hidden"):
        sheet = workbook.create_sheet(name)
        sheet.append(["title of the sheet"])
        sheet.append(["题干"])
        sheet.append([f"question {name}"])
    workbook["hidden"].sheet_state = "hidden"
    found = reading(saved(workbook))
    assert outline(found) == ["question 一", "question 二"]
    assert [(item.line, getattr(item, "where", "")) for item in found] == [(3, "sheet 一"), (3, "sheet 二")]


def test_the_1904_calendar_is_followed(reading: Reading) -> None:
    workbook = openpyxl.Workbook()
    workbook.epoch = openpyxl.utils.datetime.MAC_EPOCH
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["stem"])
    sheet.append([dt.datetime.fromisoformat("2024-05-01")])
    assert outline(reading(saved(workbook))) == ["2024-05-01"]


def test_a_row_beyond_the_limit_is_bad(reading: Reading) -> None:
    assert outline(reading(sheet_of(["stem"], ["x" * 2_000], ["y"]), Limits(row_bytes=1_000))) == ["too_long", "y"]


def test_a_workbook_that_would_unpack_beyond_the_limit_is_refused_first(reading: Reading) -> None:
    bomb = rewritten(sheet_of(["stem"]), SHEET, lambda xml: xml + " " * 5_000_000)
    assert len(bomb) < 50_000
    with pytest.raises(TooLargeError, match="CSV"):
        reading(bomb, Limits(unpacked_bytes=1_000_000))
    with pytest.raises(TooLargeError, match="texts"):
        reading(with_strings(sheet_of(["stem"]), "<si><t>x</t></si>" * 100), Limits(shared_string_bytes=1_000))


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml"])
def test_a_document_type_is_refused(reading: Reading, part: str) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    content = rewritten(sheet_of(["stem"], ["x"]), part, lambda xml: re.sub("(<(?![?]))", bomb + r"\1", xml, count=1))
    with pytest.raises(UnreadableFileError, match="document type"):
        reading(content)


def test_a_tag_that_does_not_end_is_refused_before_it_fills_the_memory(reading: Reading) -> None:
    row = f'<row r="2" x="{"y" * 3_000_000}"><c r="A2"><v>1</v></c></row>'
    with pytest.raises(UnreadableFileError, match="tag"):
        reading(with_rows(HEADER + row), Limits(row_bytes=1_000_000))


def test_a_damaged_workbook_says_so(tmp_path: Path, reading: Reading) -> None:
    content = sheet_of(["stem"], ["x"])
    for damaged in (
        content[: len(content) // 2],
        rewritten(content, SHEET, lambda xml: xml[: len(xml) // 2]),
        rewritten(content, "xl/workbook.xml", lambda _: "<broken"),
    ):
        with pytest.raises(UnreadableFileError):
            items(tmp_path, "xlsx", damaged)


def test_a_workbook_without_a_header_says_which_columns_there_are(reading: Reading) -> None:
    with pytest.raises(UnreadableFileError, match="题干"):
        reading(sheet_of(["a", "b"], ["c", "d"]))
