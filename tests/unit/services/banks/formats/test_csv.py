from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.banks.formats import Limits, UnreadableFileError
from services.banks.formats.csv import guard, unguard
from tests.unit.services.banks.formats.reading import Reading, faults, fields, outline, reader_of

reading = reader_of("csv")


def test_chinese_headers_and_letters_map_by_themselves(reading: Reading) -> None:
    found = reading(
        "题型,学科,渠道,题目,选项A,选项(B),Ｃ,答案,解析,来源,编号\n单选题,数学,GK,1+1,1,2,3,B,因为,卷一,q1\n"
    )
    assert fields(found) == [
        {
            "type_name": "单选题",
            "subject_name": "数学",
            "channel_code": "GK",
            "stem": "1+1",
            "options": ["1", "2", "3"],
            "answer": "B",
            "analysis": "因为",
            "source": "卷一",
            "external_id": "q1",
        }
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_encodings_delimiters_and_line_ends_are_found_out(
    reading: Reading, encoding: str, delimiter: str, line_end: str
) -> None:
    text = line_end.join([delimiter.join(["题干", "A", "B"]), delimiter.join(["题目，一; 二"[:4], "甲", "乙"])])
    assert fields(reading(text.encode(encoding))) == [{"stem": "题目，一", "options": ["甲", "乙"]}]


def test_a_cell_with_line_breaks_and_quotes_is_one_cell(reading: Reading) -> None:
    found = reading('stem,answer\n"one\ntwo ""quoted"", three",A\nnext,B\n')
    assert fields(found) == [{"stem": 'one\ntwo "quoted", three', "answer": "A"}, {"stem": "next", "answer": "B"}]
    assert [item.line for item in found] == [2, 4]
    assert [item.where for item in found] == ["record 1", "record 2"]


def test_a_row_in_another_encoding_is_bad_and_the_rest_is_read(reading: Reading) -> None:
    utf8 = "题干,答案\n好的,A\n".encode() + "坏的题干,B\n".encode("gb18030") + "又好,C\n".encode()
    assert outline(reading(utf8)) == ["好的", "encoding", "又好"]
    gb = "题干,答案\n好的,A\n".encode("gb18030") + "坏的题干,B\n".encode() + "又好,C\n".encode("gb18030")
    assert outline(reading(gb)) == ["好的", "encoding", "又好"]


def test_bytes_that_are_no_encoding_at_all_are_bad(reading: Reading) -> None:
    assert outline(reading(b"stem\ngood\n\xff\xfe\xff\xff\ngood too\n")) == ["good", "encoding", "good too"]


def test_a_field_longer_than_pythons_own_limit_is_read(reading: Reading) -> None:
    assert fields(reading("stem\n" + "长" * 300_000 + "\n")) == [{"stem": "长" * 300_000}]


def test_a_record_beyond_the_limit_is_bad_and_passed_over(reading: Reading) -> None:
    found = reading("stem\ngood\n" + "x" * 5_000 + "\ngood too\n", Limits(row_bytes=1_000))
    assert outline(found) == ["good", "too_long", "good too"]
    assert faults(found) == [(3, "too_long")]


def test_a_quote_that_is_never_closed_costs_its_own_record_only(reading: Reading) -> None:
    found = reading('stem,answer\ngood,A\n"never closed,B\nstill good,C\nlast,D\n')
    assert outline(found) == ["good", "unclosed_quote", "still good", "last"]
    assert faults(found) == [(3, "unclosed_quote")]


def test_a_quote_never_closed_on_the_last_line_is_bad(reading: Reading) -> None:
    assert outline(reading('stem\ngood\n"open')) == ["good", "unclosed_quote"]


def test_a_quote_that_swallows_more_than_a_record_may_have_is_given_up(reading: Reading) -> None:
    content = 'stem\n"open\n' + "x" * 90 + "\n" + "good\n" * 100
    found = reading(content, Limits(row_bytes=200))
    assert outline(found) == ["unclosed_quote", "x" * 90, *["good"] * 100]


def test_quotes_that_never_close_cannot_make_reading_quadratic(reading: Reading) -> None:
    begin = time.monotonic()
    found = reading("stem,b\n" + 'x"y,"\n' * 100_000, Limits(row_bytes=100_000))
    assert faults(found)
    assert time.monotonic() - begin < 20


def test_a_quote_inside_an_unquoted_cell_is_text(reading: Reading) -> None:
    assert outline(reading('stem,answer\n5" nail,A\nnext,B\n')) == ['5" nail', "next"]


def test_more_cells_than_columns_is_bad_unless_they_are_empty(reading: Reading) -> None:
    assert outline(reading("stem,answer\none,A,extra\ntwo,B,,\nthree\n")) == ["column_count", "two", "three"]


def test_blank_records_are_skipped(reading: Reading) -> None:
    assert outline(reading("\n\nstem,answer\n\n,\none,A\n")) == [None, None, "one"]


def test_unknown_columns_are_ignored_with_one_note(reading: Reading) -> None:
    found = reading("stem,难度,x-secret,id\none,1,y,7\ntwo,2,z,8\n")
    assert fields(found) == [{"stem": "one"}, {"stem": "two"}]
    assert [getattr(item, "notes", None) for item in found] == [("Ignored, because unknown: 难度, x-secret.",), ()]


def test_a_lone_carriage_return_outside_quotes_costs_its_record(reading: Reading) -> None:
    assert outline(reading("stem,answer\none,A\nt\rwo,B\nthree,C\n")) == ["one", "malformed", "three"]


def test_nul_reaches_the_checks_of_the_fields(reading: Reading) -> None:
    assert outline(reading("stem\na\0b\n")) == ["a\0b"]


def test_a_file_without_a_stem_column_says_which_columns_there_are(reading: Reading) -> None:
    for content in ("a question,B\nx,y\n", "", "\n\n"):
        with pytest.raises(UnreadableFileError, match="题干"):
            reading(content)


def test_utf16_is_refused_with_a_remedy(reading: Reading) -> None:
    with pytest.raises(UnreadableFileError, match="UTF-8"):
        reading("题干\n甲\n".encode("utf-16"))


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r1", " =1", "＝1", "'=1", "''-1", "'", "'a", "a=1", "", "-", "\n=x"]
)
def test_a_guard_is_undone_on_the_way_back(cell: str) -> None:
    assert unguard(guard(cell)) == cell


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "＠x"])
def test_what_a_spreadsheet_would_compute_is_guarded(cell: str) -> None:
    assert guard(cell) == "'" + cell


@given(st.text("'=-+@ \t\r\na＝"))
def test_every_cell_survives_guard_and_unguard(cell: str) -> None:
    assert unguard(guard(cell)) == cell
    assert guard(cell)[:1] not in set("=+-@\t\r")
