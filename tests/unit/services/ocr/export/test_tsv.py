from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from services.ocr.page import Region
from tests.unit.services.ocr.export.pages import exported, failed, of_regions, of_rows, page, region, regions, result

COLUMNS = "level page_num block_num par_num line_num word_num left top width height conf text"


def rows(text: str) -> list[dict[str, str]]:
    """As pytesseract's users read it: tabs, no quoting."""
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_columns_are_tesseracts() -> None:
    assert list(rows(exported("tsv", of_rows("x")))[0]) == COLUMNS.split()


def test_the_levels_are_page_block_paragraph_line_word() -> None:
    found = rows(exported("tsv", of_rows("To be", "or")))
    assert [(row["level"], row["text"]) for row in found] == [
        ("1", ""), ("2", ""), ("3", ""), ("4", ""), ("5", "To"), ("5", "be"), ("4", ""), ("5", "or"),
    ]  # fmt: skip
    assert [row["conf"] for row in found[3:5]] == ["-1", "95.000000"]
    assert found[0]["width"] == "600"


def test_a_second_column_is_a_second_block() -> None:
    left = [[[region("left", 10, 10, 250)]], [[region("below", 10, 200, 250)]]]
    right = [[[region("right", 320, 10, 250)]]]
    found = rows(exported("tsv", page(result([*left, *right]))))
    assert [(row["block_num"], row["par_num"]) for row in found if row["level"] == "3"] == [
        ("1", "1"),
        ("1", "2"),
        ("2", "1"),
    ]


def test_a_page_that_failed_is_a_row_without_a_size() -> None:
    (found,) = rows(exported("tsv", failed(7)))
    assert [found[name] for name in ("level", "page_num", "width", "conf")] == ["1", "7", "0", "-1"]


@given(st.lists(regions, max_size=6))
def test_no_text_can_add_a_row_or_a_column(found: list[Region]) -> None:
    text = exported("tsv", of_regions(found))
    lines = text.removesuffix("\n").split("\n")
    assert {line.count("\t") for line in lines} == {11}
    assert text.splitlines() == lines
    assert all(row["text"] for row in rows(text) if row["level"] == "5")
