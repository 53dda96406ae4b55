"""What must hold of any page whatsoever."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ocr.layout import arrange
from services.ocr.page import Region

from .pages import bent, column, prose

_WORDS = st.sampled_from(["6.00", "合计:", "A.甲", "B. two", "3.", "天地玄黄宇宙洪荒", "the quick brown fox", "", "x"])


@st.composite
def regions(draw: st.DrawFn) -> Region:
    x, y = draw(st.integers(0, 800)), draw(st.integers(0, 1000))
    wide, tall = draw(st.integers(1, 500)), draw(st.integers(1, 60))
    tilt = draw(st.integers(-20, 20))
    return Region(((x, y), (x + wide, y + tilt), (x + wide, y + tilt + tall), (x, y + tall)), draw(_WORDS), 0.9)


PAGES = st.lists(regions(), max_size=60)


@given(PAGES)
def test_every_region_is_read_once(page: list[Region]) -> None:
    layout = arrange(page, 1400, 1100)
    assert sorted(layout.order) == list(range(len(page)))
    assert [i for rows in layout.paragraphs for row in rows for i in row] == list(range(len(page)))


@given(PAGES, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_count(page: list[Region], chance: random.Random) -> None:
    shuffled = chance.sample(page, len(page))
    assert arrange(shuffled, 1400, 1100).text == arrange(page, 1400, 1100).text


@given(PAGES, st.integers(-500, 500), st.integers(-500, 500), st.sampled_from([0.5, 1.0, 4.0]))
def test_neither_place_nor_scale_counts(page: list[Region], right: int, down: int, scale: float) -> None:
    moved = bent(page, lambda x, y: (scale * (x + right), scale * (y + down)))
    assert arrange(moved, 1400, 1100).order == arrange(page, 1400, 1100).order


@settings(max_examples=20, deadline=None)
@given(st.integers(4, 30), st.integers(4, 30), st.integers(10, 30), st.integers(10, 30), st.integers(16, 120))
def test_two_columns_of_prose_are_read_one_after_the_other(
    rows: int, others: int, wide: int, narrow: int, gutter: int
) -> None:
    left, right = prose(rows, wide), prose(others, narrow, "云腾致雨露结为霜金生丽水玉出昆冈")
    page = column(left, 50, 60) + column(right, 50 + 20 * wide + gutter, 66)
    assert arrange(page, 1500, 1500).text.split("\n") == left + right
