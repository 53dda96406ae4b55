from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ocr.export.characters import one_line
from services.ocr.export.words import IntBox, blocks_of, pieces_of
from services.ocr.page import Region
from tests.unit.services.ocr.export.pages import of_regions, page, region, regions, result, texts


def test_latin_is_parted_at_blanks_and_where_han_begins() -> None:
    found = list(pieces_of("使用 Python编程， v2.0"))
    assert [(piece.text, piece.spaced) for piece in found] == [
        ("使用", False),
        ("Python", True),
        ("编程，", False),
        ("v2.0", True),
    ]


def test_a_han_character_is_as_wide_as_three_narrow_ones() -> None:
    first, second = pieces_of("汉 ii")
    assert first.end == pytest.approx(1 / 1.9)
    assert (first.start, second.end) == (0, 1)


def test_a_combining_mark_stays_with_its_letter() -> None:
    assert [piece.text for piece in pieces_of("汉\u0301e\u0301 \u0301")] == ["汉\u0301", "e\u0301", "\u0301"]


@given(texts)
def test_words_follow_each_other_and_lose_no_character(text: str) -> None:
    found = list(pieces_of(text))
    assert all(0 <= piece.start <= piece.end <= 1 for piece in found)
    assert [piece.start for piece in found] == sorted(piece.start for piece in found)
    assert [piece.text for piece in found if piece.text.split() != [piece.text]] == []
    assert "".join(piece.text for piece in found) == "".join(one_line(text).split())


def test_parts_of_a_row_are_words_of_one_line_with_a_blank_between() -> None:
    (block,) = blocks_of(result([[[region("A.", 10, 10), region("B.", 300, 10)]]]))
    (line,) = block.paragraphs[0].lines
    assert [(word.text, word.spaced) for word in line.words] == [("A.", False), ("B.", True)]
    assert line.box == (10, 10, 320, 30)
    assert line.baseline == ((10, 26), (320, 26))


@given(st.lists(regions, max_size=6))
def test_every_box_lies_in_its_parent_and_in_the_page(found: list[Region]) -> None:
    for block in blocks_of(of_regions(found).result):  # type: ignore[arg-type]
        assert inside(block.box, (0, 0, 600, 800))
        for paragraph in block.paragraphs:
            assert inside(paragraph.box, block.box)
            for line in paragraph.lines:
                assert inside(line.box, paragraph.box)
                assert all(inside(word.box, line.box) for word in line.words)


def test_a_page_without_a_size_does_not_break_it() -> None:
    found = result([[[region("x", 5, 5)]]], width=0, height=0)
    assert blocks_of(page(found).result)[0].box == (0, 0, 1, 1)  # type: ignore[arg-type]


def inside(box: IntBox, outer: IntBox) -> bool:
    x1, y1, x2, y2 = box
    return outer[0] <= x1 < x2 <= outer[2] and outer[1] <= y1 < y2 <= outer[3]
