from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dedup.bulk import clean_all
from services.dedup.canonical import RULES, canonicalise, canonicalise_all, clean

characters = "12三十百千万亿两IVXaB<>=()（）[]_.,*!&{}^\\$ □①²℃½\t\u3000\u200b\u0301\uffff\U0010ffff𠀀題"
sequences = [
    "分之",
    "1,000",
    "1 000",
    "<p>",
    "**",
    "&lt;",
    "\\frac12",
    "<=",
    "(V)",
    "III",
    "^{2}",
    "{ }",
    "__",
    ". .",
    "_ _",
]
mixed_text = st.lists(st.sampled_from([*characters, *sequences]), max_size=24).map("".join)


@given(st.lists(mixed_text, max_size=12))
@settings(max_examples=400, deadline=None)
def test_a_batch_is_cleaned_as_its_texts_are_one_by_one(texts: list[str]) -> None:
    assert [clean(text) for text in texts] == clean_all(texts, RULES)[0]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("看着 三 个人", "看着3个人"),
        ("共 二十五 人，三分之二 是学生", "共25人,2/3是学生"),
        ("1.5 万人", "15000人"),
        ("on  the\u200b \t left", "on the left"),
        ("1 000 只", "1000只"),
        ("_ _", "__"),
        ("题（ \u3000）", "题␣"),
        ("(V) 和 II", "(5)和2"),
        ("25℃ 和 x²", "25°c和x^2"),
        ("a <= b", "a≤b"),
    ],
)
def test_neighbours_get_the_rule_they_need(text: str, cleaned: str) -> None:
    assert [cleaned, "a"] == clean_all([text, "A"], RULES)[0]
    assert cleaned == clean(text)


def test_a_text_without_rules_of_its_own_needs_no_second_round() -> None:
    assert clean_all(["三个 人", "x²", "十五个", "$\\alpha$"], RULES)[1] == [True, True, False, False]


def test_texts_that_come_again_in_a_batch_come_out_alike() -> None:
    question = ("问 $\\frac12$", ("A. 甲", "B. 乙"), "选B")
    assert [canonicalise(*question)] * 3 == canonicalise_all([question] * 3)


def test_no_texts_are_no_trouble() -> None:
    assert clean_all([], RULES) == ([], [])
    assert clean_all([""], RULES)[0] == [""]
