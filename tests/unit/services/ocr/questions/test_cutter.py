from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.ocr.questions import CutQuestion, PageText, cut


def cut_rows(*rows: str) -> list[CutQuestion]:
    return list(cut([PageText("paper.pdf", 1, [rows])]))


def cut_paragraphs(*paragraphs: list[str]) -> list[CutQuestion]:
    return list(cut([PageText("paper.pdf", 1, paragraphs)]))


def test_a_question_has_its_options_and_its_sections_type() -> None:
    questions = cut_rows(
        "期中考试", "二、选择题(每小题3分,共12分)", "5.下列各数中,最小的数是(  )", "A.0  B.-2  C.1  D.-0.5"
    )
    assert [(q.number, q.stem, q.options, q.type_name) for q in questions] == [
        (5, "下列各数中,最小的数是(  )", ("0", "-2", "1", "-0.5"), "选择题")
    ]


def test_options_stand_one_a_row_or_several_or_behind_the_question() -> None:
    one, several, behind = cut_rows(
        "1. 甲( )", "A. 子", "B. 丑", "C. 寅", "D. 卯",
        "2. 乙( )", "A. 子 B. 丑", "C. 寅 D. 卯",
        "3. 丙( )  A. 子  B. 丑  C. 寅  D. 卯",
    )  # fmt: skip
    assert one.options == several.options == behind.options == ("子", "丑", "寅", "卯")
    assert behind.stem == "丙( )"


def test_a_letter_is_an_option_only_where_it_is_its_turn() -> None:
    (question,) = cut_rows("1. 缺乏会得夜盲症的是( )", "A. 维生素 A  B. 维生素 B.  C. 维生素 C  D. 钙")
    assert question.options == ("维生素 A", "维生素 B.", "维生素 C", "钙")


def test_options_that_printing_ran_into_one_another_come_apart() -> None:
    (question,) = cut_rows("6. 正确的是( )", "A.3a+2b=5abB.5y-3y=2C.7a+a=8a D.x+x=x")
    assert question.options == ("3a+2b=5ab", "5y-3y=2", "7a+a=8a", "x+x=x")


def test_a_title_between_two_papers_is_no_passage_and_ends_the_one_before() -> None:
    first = [
        "Part I Reading",
        "Honey bees communicate the location of flowers by a dance.",
        "They learn it when young.",
        "31. What is it about?",
        "A. Bees B. Flowers",
    ]
    (_, second) = cut_paragraphs(first, ["信息技术 测验", "1. 什么是端口?"])
    assert second.stem == "什么是端口?"


def test_rows_that_run_on_are_joined_as_their_language_is_written() -> None:
    chinese, english = cut_rows("1.汽车刹车后", "做匀减速运动。", "2. The bees commu-", "nicate by", "a dance.")
    assert chinese.stem == "汽车刹车后做匀减速运动。"
    assert english.stem == "The bees communicate by a dance."


def test_an_option_runs_on_until_its_paragraph_ends() -> None:
    (question, _) = cut_paragraphs(
        ["1. Why?", "A. Because of", "the rain.", "B. No."], ["Passage two", "It rains."], ["2. When?"]
    )
    assert question.options == ("Because of the rain.", "No.")


def test_parts_stay_in_their_question_and_stand_alone_where_nothing_is_numbered_above_them() -> None:
    (whole,) = cut_rows("1. 求:", "(1)速度;", "(2)位移。")
    assert whole.stem == "求:\n(1)速度;\n(2)位移。"
    assert [q.stem for q in cut_rows("实验题(满分20分)", "(1)写出方程式", "(2)检查方法")] == ["写出方程式", "检查方法"]


def test_a_question_keeps_the_passage_it_is_about() -> None:
    passage = [
        "Part I Reading",
        "Honey bees communicate the location of flowers by a dance.",
        "They learn it when young.",
    ]
    first, second = cut_rows(*passage, "31. What is it about?", "A. Bees", "B. Flowers", "32. Who learns it?")
    assert first.stem == (
        "Honey bees communicate the location of flowers by a dance. They learn it when young.\nWhat is it about?"
    )
    assert second.stem.endswith("\nWho learns it?")
    assert second.stem.startswith("Honey bees")


def test_a_new_passage_takes_the_place_of_the_one_before() -> None:
    def passage(subject: str) -> list[str]:
        return [f"{subject} live in the north of the country.", f"{subject} are seldom seen by anybody at all."]

    first, second = cut_paragraphs(
        passage("Bears"), ["1. Who?", "A. x B. y"], passage("Wolves"), ["2. Who?", "A. x B. y"]
    )
    assert first.stem.startswith("Bears")
    assert second.stem.startswith("Wolves")
    assert "Bears" not in second.stem


def test_titles_instructions_and_page_numbers_are_part_of_no_question() -> None:
    rows = [
        "七年级数学",
        "班级:____ 姓名:____",
        "1. 甲____。",
        "第 1 页 共 4 页",
        "- 2 -",
        "考试时间:14:30-16:00",
        "2. 乙____。",
    ]
    assert [(q.stem, q.type_name) for q in cut_rows(*rows)] == [("甲____。", "填空题"), ("乙____。", "填空题")]


def test_a_number_at_the_beginning_of_a_row_is_not_always_a_questions() -> None:
    (question, after) = cut_rows("7. 圆周率约为", "3.14, 取两位小数。它在", "2024. 年的题中。", "8. 完")
    assert question.stem == "圆周率约为3.14, 取两位小数。它在2024. 年的题中。"
    assert after.number == 8


def test_a_section_may_go_on_with_any_number() -> None:
    assert [q.number for q in cut_rows("一、填空题", "5. 甲", "Part II", "31. 乙", "32. 丙")] == [5, 31, 32]


def test_another_paper_on_the_same_page_begins_anew() -> None:
    rows = ["一、选择题", "1. 甲( )", "A. 子 B. 丑", "2. 乙( )", "1. 丙"]
    assert [q.type_name for q in cut_rows(*rows)] == ["选择题", "选择题", ""]


def test_a_question_goes_over_the_end_of_its_page_and_belongs_to_its_first() -> None:
    pages = [PageText("a.pdf", 1, [["1. 甲", "2. 乙的"]]), PageText("a.pdf", 2, [["其余。", "3. 丙"]])]
    assert [(q.stem, q.page_in_file) for q in cut(pages)] == [("甲", 1), ("乙的其余。", 1), ("丙", 2)]


def test_each_file_counts_for_itself() -> None:
    pages = [PageText("a.pdf", 1, [["9. 甲"]]), PageText("b.pdf", 1, [["4. 乙"]])]
    assert [(q.number, q.file_name) for q in cut(pages)] == [(9, "a.pdf"), (4, "b.pdf")]


def test_answers_and_explanations_are_found_where_they_stand() -> None:
    (question,) = cut_rows("1. 甲( )", "A. 子 B. 丑", "【答案】B", "【解析】因为", "如此。")
    assert (question.answer, question.analysis) == ("B", "因为如此。")


def test_an_answer_key_at_the_end_answers_by_number() -> None:
    rows = ["1. 甲( )", "A. 子 B. 丑", "2. 乙( )", "A. 子 B. 丑", "3. 丙____。", "参考答案", "1-2 AB", "3. 72 km/h"]
    assert [q.answer for q in cut_rows(*rows)] == ["A", "B", "72 km/h"]


def test_a_key_does_not_answer_where_a_number_stands_for_two_questions() -> None:
    rows = ["一、选择题", "1. 甲", "二、填空题", "1. 乙", "参考答案", "1. B"]
    assert [q.answer for q in cut_rows(*rows)] == ["", ""]


def test_a_key_with_a_letter_too_few_answers_none_of_its_run() -> None:
    rows = ["1. 甲", "2. 乙", "3. 丙", "参考答案", "1-3 AB"]
    assert [q.answer for q in cut_rows(*rows)] == ["", "", ""]


@given(st.lists(st.text(alphabet="12345.、ABC（）()一二、选择题答案: 甲乙\n", max_size=30), max_size=30))
def test_any_rows_are_cut_without_error_and_every_question_says_something(rows: list[str]) -> None:
    assert all(question.stem.strip() for question in cut_rows(*rows))
