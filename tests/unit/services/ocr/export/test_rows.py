from __future__ import annotations

from services.ocr.export.rows import text_of
from tests.unit.services.ocr.export.pages import region


def test_columns_of_a_row_are_apart() -> None:
    assert text_of([region("A. 甲", 10, 0, 50), region("B. 乙", 150, 0, 50)]) == "A. 甲 B. 乙"


def test_latin_words_are_apart_however_near() -> None:
    assert text_of([region("two", 10, 0, 50), region("words", 62, 0, 50), region(".", 112, 0, 5)]) == "two words."


def test_han_characters_that_touch_are_one_run() -> None:
    assert text_of([region("相反数是", 10, 0, 50), region("，绝对值", 55, 0, 50)]) == "相反数是，绝对值"


def test_parts_that_say_nothing_are_passed_over() -> None:
    assert text_of([region(" \x00", 10, 0), region("x", 50, 0), region("\u3000", 80, 0)]) == "x"
