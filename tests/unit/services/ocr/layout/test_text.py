from services.ocr.layout import Layout, arrange
from services.ocr.page import Region

from .pages import PITCH, at, column, prose


def text_of(*regions: Region) -> str:
    return arrange(regions, 1000, 1000).text


def test_an_empty_page_has_no_text() -> None:
    assert arrange([], 100, 100) == Layout([], (), "")


def test_a_clear_gap_leaves_a_blank_line() -> None:
    first, second = prose(5, 20), prose(4, 20, "果珍李柰菜重芥姜海咸河淡鳞潜羽翔")
    layout = arrange(column(first, 60, 80) + column(second, 60, 80 + 6.2 * PITCH), 1000, 1000)
    assert layout.text == "\n".join([*first, "", *second])
    assert [len(rows) for rows in layout.paragraphs] == [5, 4]


def test_an_even_page_has_no_blank_lines_however_wide_it_is_set() -> None:
    lines = prose(9, 20)
    assert text_of(*column(lines, 60, 80, pitch=3 * PITCH)) == "\n".join(lines)


def test_the_second_column_begins_a_paragraph_but_leaves_no_blank_line() -> None:
    left, right = prose(6, 16), prose(6, 16, "云腾致雨露结为霜金生丽水玉出昆冈")
    layout = arrange(column(left, 60, 80) + column(right, 430, 80), 1000, 1000)
    assert layout.text == "\n".join(left + right)
    assert [len(rows) for rows in layout.paragraphs] == [6, 6]


def test_an_indent_begins_a_paragraph_but_leaves_no_blank_line() -> None:
    lines = prose(4, 20)
    page = [
        at(60 + (40 if n % 4 == 0 else 0), 80 + n * PITCH, lines[n % 4][: 18 if n % 4 == 0 else 20]) for n in range(12)
    ]
    layout = arrange(page, 1000, 1000)
    assert [len(rows) for rows in layout.paragraphs] == [4, 4, 4]
    assert "\n\n" not in layout.text


def test_han_that_touches_is_not_torn() -> None:
    assert text_of(at(60, 80, "单项式的系数是"), at(202, 80, "次数是")) == "单项式的系数是次数是"


def test_han_that_stands_apart_is_parted_by_a_blank() -> None:
    assert text_of(at(60, 80, "班级"), at(160, 80, "姓名")) == "班级 姓名"


def test_words_are_parted_by_a_blank() -> None:
    assert text_of(at(60, 80, "honey"), at(115, 80, "bees")) == "honey bees"


def test_a_comma_goes_with_the_word_before_it() -> None:
    assert text_of(at(60, 80, "honey"), at(112, 80, ", bees")) == "honey, bees"


def test_paragraphs_number_the_ordered_regions() -> None:
    page = [at(300, 80, "6.00"), at(60, 80 + PITCH, "合计"), at(60, 80, "矿泉水")]
    layout = arrange(page, 1000, 1000)
    assert layout.order == [2, 0, 1]
    assert layout.paragraphs == (((0, 1), (2,)),)


def test_regions_without_text_keep_their_place_and_leave_no_line() -> None:
    layout = arrange([at(60, 80, "甲"), at(60, 80 + PITCH, " "), at(60, 80 + 2 * PITCH, "乙")], 1000, 1000)
    assert layout.order == [0, 1, 2]
    assert layout.text == "甲\n乙"
