from __future__ import annotations

import pytest

from services.banks.formats import BadRow, Row
from services.banks.formats.base import field_of
from services.banks.formats.table import Columns, cut_options, export_cells


@pytest.mark.parametrize(
    ("header", "field"),
    [
        (" 题干 ", "stem"),
        ("\ufeff题型", "type_name"),
        ("Stem", "stem"),
        ("选项", "options"),
        ("选项（Ｂ）", "B"),
        ("选项 C", "C"),
        ("option_d", "D"),
        ("Option-E", "E"),
        ("f", "F"),
        ("难度", None),
        ("__proto__", None),
        ("AB", None),
    ],
)
def test_headers_are_known_by_their_names(header: str, field: str | None) -> None:
    assert field_of(header) == field


def test_the_first_of_two_columns_for_one_field_counts() -> None:
    columns = Columns.of(["题干", "题目"])
    assert columns is not None
    row = columns.row(2, ["first", "second"], first=True)
    assert row == Row(2, {"stem": "first"}, ("Ignored, because unknown: 题目.",))


def test_a_gap_between_options_stays_and_empty_ones_at_the_end_go() -> None:
    columns = Columns.of(["stem", "A", "B", "C", "D"])
    assert columns is not None
    assert columns.row(2, ["x", "甲", "", "丙", ""]) == Row(2, {"stem": "x", "options": ["甲", "", "丙"]})


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ('["甲", "乙"]', ["甲", "乙"]),
        ("甲\n乙", ["甲", "乙"]),
        ("A. 甲 B. 乙", ["甲", "乙"]),
        ("A．甲\nB．乙\nC．丙", ["甲", "乙", "丙"]),
        ("(A) 甲 (B) 乙", ["甲", "乙"]),
        ("A. vitamin B. C. D", ["vitamin", "", "D"]),
        ("甲 A. 乙 B. 丙", []),
        ("just one text", []),
        ("[1, 2]", []),
    ],
)
def test_options_in_one_cell_are_cut_where_that_is_plain(text: str, options: list[str]) -> None:
    assert cut_options(text) == options


def test_options_that_cannot_be_cut_make_a_bad_row() -> None:
    columns = Columns.of(["stem", "options"])
    assert columns is not None
    row = columns.row(2, ["x", "甲乙丙"])
    assert isinstance(row, BadRow)
    assert row.code == "options_not_list"


@pytest.mark.parametrize("options", [[], ["a"], ["a", "", "c"], ["a", ""], [""], [str(n) for n in range(9)]])
def test_export_cells_hold_any_options(options: list[str]) -> None:
    from services.banks.formats.table import EXPORT_HEADER

    columns = Columns.of(EXPORT_HEADER)
    assert columns is not None
    row = columns.row(2, export_cells({"stem": "x", "options": options}))
    assert isinstance(row, Row)
    assert row.fields.get("options", []) == options
