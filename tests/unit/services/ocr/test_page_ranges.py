"""Which pages are asked for."""

from __future__ import annotations

import pytest

from services.errors import InvalidInputError
from services.ocr.page_ranges import pages


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (None, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("  ", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("3", [3]),
        ("1-3,7,9-", [1, 2, 3, 7, 9, 10]),
        (" 1 - 3 , 7 , 9 - ", [1, 2, 3, 7, 9, 10]),
        ("7,2,2,1-2", [1, 2, 7]),
        ("4-2", [2, 3, 4]),
        ("0-2", [1, 2]),
        ("9-400", [9, 10]),
        ("10-", [10]),
        ("12-,5", [5]),
        ("11-8", [8, 9, 10]),
    ],
)
def test_ranges_are_sorted_unique_and_inside_the_document(spec: str | None, expected: list[int]) -> None:
    assert pages(spec, 10) == expected


def test_huge_numbers_cost_nothing() -> None:
    assert pages("1-999999999,2-99999999999999999999999," * 5 + "3-" + "9" * 3_000, 3) == [1, 2, 3]


@pytest.mark.parametrize(
    "spec", ["11", "0", "11-", "50-60", "a", "-3", "1--3", "1,,2", "1.5", "٣", "1;2", "1," * 2_000]
)
def test_no_page_of_the_document_names_the_field(spec: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        pages(spec, 10)
    assert [problem.field for problem in caught.value.problems] == ["requirements.pages"]
    assert len(caught.value.message) < 200
