import pytest

from services.ocr.layout import arrange
from services.ocr.page import Region

from .pages import PITCH, at, centred, column, lines_of, prose, skewed, table, width_of

LEFT, MIDDLE, RIGHT = (
    prose(14, 16),
    prose(14, 16, "寒来暑往秋收冬藏闰馀成岁律吕调阳"),
    prose(14, 16, "云腾致雨露结为霜金生丽水玉出昆冈"),
)
SKEWS = [0.0, 1.5, -3.0, 5.0]


def read(regions: list[Region]) -> list[str]:
    return lines_of(arrange(regions, 1200, 1600).text)


@pytest.mark.parametrize("degrees", SKEWS)
def test_the_left_of_two_columns_is_read_first(degrees: float) -> None:
    page = column(LEFT, 60, 80) + column(RIGHT, 430, 80)
    assert read(skewed(page, degrees)) == LEFT + RIGHT


@pytest.mark.parametrize("degrees", SKEWS)
def test_three_columns_are_read_one_after_the_other(degrees: float) -> None:
    page = column(LEFT, 60, 80) + column(MIDDLE, 420, 80) + column(RIGHT, 780, 80)
    assert read(skewed(page, degrees)) == LEFT + MIDDLE + RIGHT


def test_columns_whose_lines_do_not_stand_level_with_each_other_are_columns() -> None:
    page = column(LEFT, 60, 80) + column(RIGHT, 430, 91, pitch=PITCH * 0.93)
    assert read(page) == LEFT + RIGHT


def test_a_column_may_be_twice_as_wide_as_the_other() -> None:
    wide = prose(14, 30)
    assert read(column(wide, 60, 80) + column(RIGHT, 720, 80)) == wide + RIGHT
    assert read(column(RIGHT, 60, 80) + column(wide, 430, 80)) == RIGHT + wide


def test_the_second_column_may_be_much_shorter() -> None:
    short = prose(4, 16, "剑号巨阙珠称夜光果珍李柰菜重芥姜")
    assert read(column(LEFT, 60, 80) + column(short, 430, 80)) == LEFT + short


@pytest.mark.parametrize("degrees", SKEWS)
def test_a_heading_over_both_columns_is_read_before_them(degrees: float) -> None:
    page = [centred(400, 40, "期中考试语文试卷", 34), *column(LEFT, 60, 110), *column(RIGHT, 430, 110)]
    assert read(skewed(page, degrees)) == ["期中考试语文试卷", *LEFT, *RIGHT]


@pytest.mark.parametrize("end", range(380, 480, 20))
def test_a_heading_may_end_inside_the_gutter(end: int) -> None:
    heading = "期中考试语文试卷"
    page = [at(end - width_of(heading, 34), 40, heading, 34), *column(LEFT, 60, 110), *column(RIGHT, 480, 110)]
    assert read(page) == [heading, *LEFT, *RIGHT]


def test_a_receipt_may_stand_beside_a_text() -> None:
    receipt = [["青石巷便民超市"], ["收银小票 RECEIPT"], ["日期:2024-03-15 18:42:07"], ["小票号:0031-5527"]]
    receipt += [
        ["矿泉水 550ml x3", "6.00"],
        ["方便面 红烧味 x2", "9.80"],
        ["合计:", "18.30"],
        ["谢谢惠顾 欢迎再次光临"],
    ]
    rows = [" ".join(row) for row in receipt]
    assert read(table(receipt, [60, 240], 80) + column(RIGHT, 400, 80)) == rows + RIGHT
    assert read(column(LEFT, 60, 80) + table(receipt, [440, 620], 80)) == LEFT + rows


def test_a_short_title_over_the_middle_of_three_columns_belongs_to_the_page() -> None:
    page = [
        centred(580, 40, "校园周报", 30),
        *column(LEFT, 60, 110),
        *column(MIDDLE, 420, 110),
        *column(RIGHT, 780, 110),
    ]
    assert read(page) == ["校园周报", *LEFT, *MIDDLE, *RIGHT]


def test_a_page_number_under_the_middle_of_three_columns_is_read_last() -> None:
    page = [*column(LEFT, 60, 110), *column(MIDDLE, 420, 110), *column(RIGHT, 780, 110), centred(580, 640, "第3页")]
    assert read(page) == [*LEFT, *MIDDLE, *RIGHT, "第3页"]


def test_a_running_head_with_two_ends_is_a_row_of_its_own() -> None:
    head = [at(60, 20, "高一语文"), at(430 + width_of(RIGHT[0]) - 60, 20, "第三页")]
    assert read([*head, *column(LEFT, 60, 110), *column(RIGHT, 430, 110)]) == ["高一语文 第三页", *LEFT, *RIGHT]


def test_a_footer_under_columns_that_end_together_is_read_last() -> None:
    page = [*column(LEFT, 60, 80), *column(RIGHT, 430, 80), at(60, 80 + 15.5 * PITCH, "本卷由教研组编写")]
    assert read(page) == [*LEFT, *RIGHT, "本卷由教研组编写"]


def test_a_heading_in_the_middle_of_the_page_ends_the_columns_above_it() -> None:
    other = [line[::-1] for line in LEFT], [line[::-1] for line in RIGHT]
    heading = "第二部分非选择题请在答题卡上作答写在本卷上无效"
    top = column(LEFT, 60, 80) + column(RIGHT, 430, 80)
    bottom = column(other[0], 60, 620) + column(other[1], 430, 620)
    assert read([*top, at(100, 560, heading), *bottom]) == [*LEFT, *RIGHT, heading, *other[0], *other[1]]


def test_three_columns_may_stand_over_two() -> None:
    two = prose(12, 25, "孔怀兄弟同气连枝交友投分切磨箴规"), prose(12, 25, "仁慈隐恻造次弗离节义廉退颠沛匪亏")
    top = column(LEFT, 60, 80) + column(MIDDLE, 420, 80) + column(RIGHT, 780, 80)
    bottom = column(two[0], 60, 660) + column(two[1], 600, 660)
    heading = centred(580, 600, "下面的文章分为两栏排印请从左边的一栏读起再读右边的一栏谢谢")
    assert read([*top, heading, *bottom]) == [*LEFT, *MIDDLE, *RIGHT, heading.text, *two[0], *two[1]]


def test_a_figure_leaves_a_hole_in_a_column() -> None:
    with_hole = [*LEFT[:4], "", "", "", "", "", *LEFT[4:9]]
    assert read(column(with_hole, 60, 80) + column(RIGHT, 430, 80)) == LEFT[:9] + RIGHT
    assert read(column(RIGHT, 60, 80) + column(with_hole, 430, 80)) == RIGHT + LEFT[:9]


def test_ragged_english_columns_are_columns() -> None:
    left = [
        "Scientists have long known that",
        "bees communicate the place",
        "of flowers through a dance.",
        "A new study suggests that they",
        "must first watch others.",
    ]
    right = [
        "Midterm Examination",
        "1. Solve the equation 3x = 21.",
        "2. Find the perimeter of it.",
        "3. What is 20 % of 45?",
        "4. Write 0.375 as a fraction.",
    ]
    assert read(column(left, 60, 80) + column(right, 440, 80)) == left + right


def test_an_exam_in_two_columns_keeps_its_option_rows() -> None:
    left = [
        row
        for n in range(1, 5)
        for row in (f"{n}.下列说法中完全正确的一项是哪个", ["A.甲和乙", "B.乙和丙", "C.丙和丁"])
    ]
    right = [
        row for n in range(5, 9) for row in (f"{n}.下列词语没有错别字的一项是什么", ["A.春天", "B.夏天", "C.秋天"])
    ]

    def side(rows: list[str | list[str]], x: float) -> list[Region]:
        return [
            part
            for k, row in enumerate(rows)
            for part in (
                table([row], [x, x + 120, x + 240], 80 + k * PITCH)
                if isinstance(row, list)
                else [at(x, 80 + k * PITCH, row)]
            )
        ]

    expected = [" ".join(row) if isinstance(row, list) else row for row in [*left, *right]]
    assert read(side(left, 60) + side(right, 480)) == expected


def test_options_below_each_other_in_two_columns_are_read_down() -> None:
    left = [
        line
        for n in (1, 2, 3)
        for line in (f"{n}.正确的一项是()", "A.甲乙丙丁戊", "B.子丑寅卯辰", "C.天地玄黄", "D.宇宙洪荒")
    ]
    right = [
        line
        for n in (4, 5, 6)
        for line in ("A.日月盈昃辰宿", "B.寒来暑往", "C.秋收冬藏", "D.闰馀成岁律吕", f"{n}.错误的一项是()")
    ]
    assert read(column(left, 60, 80) + column(right, 330, 80)) == left + right


def test_numbered_words_in_columns_are_read_down() -> None:
    words = [
        f"{n}. {word}"
        for n, word in enumerate(
            [
                "apple",
                "bread",
                "chair",
                "dance",
                "eagle",
                "flame",
                "grape",
                "house",
                "igloo",
                "jelly",
                "knife",
                "lemon",
            ],
            1,
        )
    ]
    page = column(words[:4], 60, 80) + column(words[4:8], 260, 80) + column(words[8:], 460, 80)
    assert read(page) == words
