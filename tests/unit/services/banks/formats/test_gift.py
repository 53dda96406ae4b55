from __future__ import annotations

from typing import Any

import pytest

from services.banks.formats import write
from tests.unit.services.banks.formats.reading import Reading, faults, fields, outline, reader_of

reading = reader_of("gift")


def one(found: Any) -> dict[str, Any]:
    (only,) = fields(found)
    return only


def test_multiple_choice(reading: Reading) -> None:
    found = one(reading("::q1::[html]Who? {\n~no#wrong\n=yes#right\n~%0%perhaps\n####Because.\n}\n"))
    assert found == {
        "external_id": "q1",
        "stem": "Who?",
        "type_name": "单选题",
        "options": ["no", "yes", "perhaps"],
        "answer": "B",
        "analysis": "Because.\nA: wrong\nB: right",
    }


def test_several_answers_by_weight(reading: Reading) -> None:
    found = one(reading("Which? {~%-100%a ~%50%b ~%50%c ~%-50.5%d}"))
    assert (found["type_name"], found["options"], found["answer"]) == ("多选题", ["a", "b", "c", "d"], "BC")


def test_partial_credit_beside_a_right_answer_is_no_answer(reading: Reading) -> None:
    assert one(reading("Which? {=a ~%50%b ~c}"))["answer"] == "A"


@pytest.mark.parametrize(
    ("block", "type_name", "answer"),
    [
        ("{T}", "判断题", "正确"),
        ("{TRUE#yes#no}", "判断题", "正确"),
        ("{false}", "判断题", "错误"),
        ("{=four =4}", "填空题", "four\n4"),
        ("{=%100%four =%50%vier}", "填空题", "four"),
        ("{#3:2}", "填空题", "3:2"),
        ("{#1..5}", "填空题", "1..5"),
        ("{#=1822:0 =%50%1822:2}", "填空题", "1822:0"),
        ("{=a -> 1 =b -> 2}", "匹配题", "a -> 1\nb -> 2"),
        ("{}", "解答题", None),
        ("{####only feedback}", "解答题", None),
    ],
)
def test_the_kinds_of_answer(reading: Reading, block: str, type_name: str, answer: str | None) -> None:
    found = one(reading(f"A question. {block}"))
    assert (found["type_name"], found.get("answer"), found["stem"]) == (type_name, answer, "A question.")


def test_a_gap_in_the_text_becomes_a_blank(reading: Reading) -> None:
    assert one(reading("The capital is {~Rome =Paris} indeed."))["stem"] == "The capital is _____ indeed."


def test_escapes_are_undone(reading: Reading) -> None:
    found = one(reading(r"\:\: 1 \= 2 \~ 3 \# \{x\} \\neq \n next {=a\=b ~c\:d}"))
    assert found["stem"] == ":: 1 = 2 ~ 3 # {x} \\neq \n next"
    assert found["options"] == ["a=b", "c:d"]


def test_a_backslash_that_escapes_nothing_is_text(reading: Reading) -> None:
    assert one(reading(r"\alpha + \beta {}"))["stem"] == r"\alpha + \beta"


def test_categories_hold_until_the_next_one_and_name_subject_and_type(reading: Reading) -> None:
    content = (
        "// comment {not a question}\n$CATEGORY: $course$/top/高考/英语/单选题\n\none {=a ~b}\n\ntwo {T}\n\n"
        "$CATEGORY: Math\n\n// in between\nthree {T}\n"
    )
    found = fields(reading(content))
    assert [(each["stem"], each["type_name"], each["subject_name"]) for each in found] == [
        ("one", "单选题", "高考/英语"),
        ("two", "单选题", "高考/英语"),
        ("three", "判断题", "Math"),
    ]


@pytest.mark.parametrize(
    ("block", "code"),
    [
        ("Just a text", "no_answer"),
        ("Open {=a", "cut_off"),
        ("In \\frac{1}{2} of {=a ~b}", "malformed"),
        ("What {a b}", "malformed"),
    ],
)
def test_what_is_no_question_is_bad_and_the_rest_is_read(reading: Reading, block: str, code: str) -> None:
    found = reading(f"before {{T}}\n\n{block}\n\nafter {{T}}\n")
    assert outline(found) == ["before", code, "after"]
    assert faults(found) == [(3, code)]


def test_what_goes_out_comes_in_again(reading: Reading) -> None:
    questions: list[dict[str, Any]] = [
        {
            "type_name": "单选题",
            "subject_name": "数学",
            "stem": "a=b? {x}\n\\neq ~ # :",
            "options": ["=1", "}"],
            "answer": "B",
        },
        {"type_name": "多选题", "subject_name": "数学", "stem": "many", "options": list("xyz"), "answer": "ACB"[:2]},
        {"type_name": "判断题", "subject_name": "数学", "stem": "true?", "answer": "错误", "analysis": "因为"},
        {"type_name": "填空题", "subject_name": "数学", "stem": "fill ____", "answer": "4"},
        {"type_name": "解答题", "subject_name": "语文", "stem": "// why?", "external_id": "q:1"},
    ]
    found = fields(reading(b"".join(write("gift", questions))))
    assert found == [{**question} for question in questions]


def test_a_long_answer_goes_out_as_feedback(reading: Reading) -> None:
    question: dict[str, object] = {"stem": "why?", "answer": "because\nof this", "analysis": "see there"}
    assert one(reading(b"".join(write("gift", [question]))))["analysis"] == "because\nof this\nsee there"
