from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dedup.canonical import (
    answer_text,
    canonicalise,
    canonicalise_all,
    clean,
    compact,
    fold,
    option_texts,
    stem_text,
)
from services.dedup.lexicon import latex_symbols

any_text = st.text(st.characters(), max_size=60)
exam_text = st.text(
    st.sampled_from(
        "12三十百千两万亿IVXx^_{}$\\frac\\over ()（）[]【】.,、。：<u>&amp;①²½ 分之卷题第例年米著*#木林的cat"
    ),
    max_size=40,
)


def key(stem: str, *options: str) -> str:
    return canonicalise(stem, options, "").key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ｔｈｅ　cat， sat。", "the cat, sat."),
        ("<p class='q'>已知&nbsp;x<sup>2</sup></p>", "已知 x²"),
        (r"$\dfrac12$ 与 $x^{2}\leqslant 1$", r"\(\frac{1}{2}\) 与 x^2 ≤ 1"),
        (r"$\left(\mathrm{AB}\right)$", "$(AB)$"),
        ("12.（5分）【2019年北京卷】已知集合", "已知集合"),
        ("第8题 （2021•浙江高考）已知集合", "3、已知集合"),
        ("正确的是（  ）", "正确的是____。"),
        ("有三個學生", "有3个学生"),
        ("第Ⅲ部分", "第III部分"),
        ("占全长的三分之二", "占全长的2/3"),
        ("降低了百分之五十。", "降低了50%。"),
        ("路长六千米", "路长6千米"),
        ("**正确**的是", "正确的是"),
        (r"${a+1 \over 2}$", r"$\frac{a+1}{2}$"),
        ("首都<u>&nbsp;&nbsp;</u>的人口", "首都____的人口"),
        ("看著防衞的人", "看着防卫的人"),
        ("二〇二四年收入1.5万元", "2024年收入15000元"),
        ("1,000 只", "1000只"),
        ('<img src="http://a.cn/x/7.png" width="3">图', "![](b/7.png)图"),
    ],
)
def test_spellings_of_one_question_have_one_key(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x² 的值", "x2 的值"),
        ("区间 [0,2]", "区间 (0,2)"),
        (r"$a_{n+1}$", r"$a_{n}+1$"),
        ("1.5 吨", "15 吨"),
        ("2 3", "23"),
        ("3.5 kg of rice", "4.5 kg of rice"),
        ("-3", "3"),
        ("银二百万两", "银二百万二"),
    ],
)
def test_what_changes_a_question_changes_its_key(one: str, other: str) -> None:
    assert key(one) != key(other)


@pytest.mark.parametrize(
    "framed",
    [
        "12.{}", "（3）{}", "3){}", "第8题 {}", "例3．{}", "变式1-2：{}", "题目：{}", "★12.{}", "[单选题]{}",
        "【多选】{}", "【题文】{}", "【易错题】{}", "（2017北京理）{}", "（2021·浙江模拟）{}", "12.(2019•江苏){}",
        "【2020年山东卷第5题】{}", "（本小题满分12分）{}", "{}（5分）", "{}（  ）（2019·全国卷）",
        "{}[2018·北京]。", "[2 points] {}", "(SAT 2019) {}", "Problem 7. {}", "Exercise 4.2 {}", "{} (5 points)",
        "No. 12 {}", "#12 {}", "[2019 AMC 8] {}", "[Multiple choice] {}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("question", ["已知集合的元素个数为", "If the price of one pen is known, find the total price"])
def test_numbers_labels_and_tags_round_a_question_are_not_the_question(framed: str, question: str) -> None:
    assert key(framed.format(question)) == key(question)


@pytest.mark.parametrize(
    "stem",
    [
        "(2012年)北京的人口",
        "(甲)图中的物体",
        "[0,2]上的函数",
        "(x+1)(x-2)=0的解",
        "△ABC中最大的角",
        "(十分之一)的人数",
        "No man is an island",
    ],
)
def test_what_belongs_to_a_question_is_no_frame(stem: str) -> None:
    assert stem_text(stem) == clean(stem)


def test_a_label_before_a_number_is_no_part_of_it() -> None:
    assert stem_text("15.一列波的周期") == stem_text("15. 1列波的周期") == "1列波的周期"
    assert stem_text("<p>◆15．一列波的周期</p>") == stem_text("15 - 一列波的周期") == "1列波的周期"
    assert stem_text("1.5 吨水") == "1.5吨水"
    assert stem_text("7 - x = 3") == "7-x=3"


def test_options_lose_letters_that_count_and_keep_letters_that_do_not() -> None:
    assert option_texts(["A. 甲", "（B）乙", "C：丙"]) == ("甲", "乙", "丙")
    assert option_texts(["A. 甲", "A. 乙"]) == ("a.甲", "a.乙")
    assert option_texts(["A 甲", "B 乙"]) == ("甲", "乙")
    assert option_texts(["A 点", "B 点"]) == ("a点", "b点")


def test_right_and_wrong_are_the_same_two_options_in_any_words() -> None:
    assert option_texts(["A. 对", "B. 错"]) == option_texts(["正确", "错误"]) == option_texts(["True", "False"])
    assert answer_text("A", option_texts(["√", "×"])) == answer_text("对", ()) == answer_text("Y", ()) == "true"


def test_the_order_of_options_does_not_change_the_key() -> None:
    assert key("问", "甲", "乙") == key("问", "B. 乙", "A. 甲") or key("问", "甲", "乙") == key("问", "A. 乙", "B. 甲")


@pytest.mark.parametrize(
    "letter",
    [
        "b",
        "Ｂ",
        "（B）",
        "选B",
        "B.",
        "B．",
        " B ",
        "答案：B",
        "【答案】B",
        "故选：B。",
        "正确答案是B",
        "选项B",
        "B项",
        "Option B",
        "The correct answer is B.",
        "B. 乙",
        "乙",
    ],
)
def test_an_answer_is_the_text_of_its_option(letter: str) -> None:
    assert answer_text(letter, ("甲", "乙")) == "乙"


def test_an_answer_of_several_letters_is_a_set() -> None:
    assert answer_text("BA", ("甲", "乙", "丙")) == answer_text("A、B", ("甲", "乙", "丙")) == "乙\n甲"
    assert answer_text("A和B", ("甲", "乙", "丙")) == answer_text('["A", "B"]', ("甲", "乙", "丙")) == "乙\n甲"


def test_an_answer_in_the_words_of_an_option_is_that_option() -> None:
    assert answer_text("bad", ("good", "bad", "dad", "cab")) == "bad"
    assert answer_text("A", ("c", "a")) == "c"


@pytest.mark.parametrize("number", ["18", "18.0", "１８", " 18.00 "])
def test_an_answer_that_is_a_number_has_one_spelling(number: str) -> None:
    assert answer_text(number, ()) == "18"


@pytest.mark.parametrize("absent", [None, "", "  ", "。"])
def test_a_blank_answer_is_absent(absent: str | None) -> None:
    assert answer_text(absent, ()) == ""


@given(any_text | exam_text)
@settings(max_examples=400, deadline=None)
def test_canonicalisation_is_idempotent(text: str) -> None:
    once = stem_text(text)
    assert stem_text(once) == once


@given(any_text | exam_text)
@settings(max_examples=200, deadline=None)
def test_the_key_of_a_canonical_text_is_the_key_of_the_text(text: str) -> None:
    assert compact(stem_text(stem_text(text))) == compact(stem_text(text))


@given(st.lists(any_text | exam_text, max_size=8))
@settings(max_examples=400, deadline=None)
def test_many_texts_at_once_come_out_as_one_by_one(texts: list[str]) -> None:
    questions = [(text, texts[:3], texts[-1]) for text in texts]
    assert canonicalise_all(questions) == [canonicalise(*question) for question in questions]


def test_the_symbols_of_latex_are_stored_in_canonical_characters() -> None:
    assert [name for name, symbol in latex_symbols().items() if fold(symbol) != symbol] == []
