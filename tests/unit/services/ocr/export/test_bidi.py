from __future__ import annotations

import pytest
from hypothesis import given

from services.ocr.export.bidi import as_seen
from tests.unit.services.ocr.export.pages import texts


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("שלום", "םולש"),
        ("שלום (א) 123", "123 (א) םולש"),
        ("abc שלום 12", "abc םולש 12"),
        ("A. 使用 (x)", "A. 使用 (x)"),
    ],
)
def test_hebrew_lies_from_the_right_and_numbers_from_the_left(text: str, seen: str) -> None:
    assert as_seen(text) == seen


@given(texts)
def test_no_character_is_lost(text: str) -> None:
    brackets = str.maketrans("([{<«", ")]}>»")
    assert sorted(as_seen(text).translate(brackets)) == sorted(text.translate(brackets))
