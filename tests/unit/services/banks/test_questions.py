from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.banks.questions import (
    OPTIONS_LIMIT,
    STEM_LIMIT,
    QuestionChange,
    QuestionInput,
    Refusal,
    accept,
    warning_about,
)


def accepted(**fields: object) -> QuestionInput:
    question = accept({"stem": "x", **fields})
    assert isinstance(question, QuestionInput)
    return question


def test_a_stem_is_all_a_question_needs() -> None:
    assert accepted().model_dump() == {
        "type_name": "",
        "subject_name": "",
        "channel_code": "default",
        "stem": "x",
        "options": [],
        "answer": "",
        "analysis": "",
        "source": "",
        "external_id": None,
    }


def test_null_means_not_given() -> None:
    assert accepted(**dict.fromkeys(set(QuestionInput.model_fields) - {"stem"})) == accepted()


def test_names_lose_the_white_space_around_them_and_texts_keep_theirs() -> None:
    question = accepted(stem=" x ", type_name=" 单选题\u3000", channel_code="  ", external_id="", answer=" A ")
    assert (question.stem, question.type_name, question.channel_code) == (" x ", "单选题", "default")
    assert (question.external_id, question.answer) == (None, " A ")


def test_a_whole_number_is_an_external_id() -> None:
    assert accepted(external_id=42).external_id == "42"


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({}, "missing", "stem is missing."),
        ({"stem": None}, "missing", "stem is missing."),
        ({"stem": " \n\u3000"}, "missing", "stem is missing."),
        ({"stem": 12345}, "not_text", "stem is not text but a number."),
        ({"stem": ["x"]}, "not_text", "stem is not text but a list."),
        ({"stem": b"x"}, "not_text", "stem is not text but bytes."),
        (
            {"stem": "x" * (STEM_LIMIT + 1)},
            "too_long",
            "stem is longer than 100,000 characters (100,001).",
        ),
        ({"stem": "a\0b"}, "nul_character", "stem contains a NUL character."),
        (
            {"stem": "a\ud800"},
            "lone_surrogate",
            "stem contains half of a surrogate pair, which is no character.",
        ),
        ({"stem": "x", "options": "A. 甲 B. 乙"}, "options_not_list", "options is not a list but a text."),
        (
            {"stem": "x", "options": ["甲", None, 3, "丁"]},
            "not_text",
            "option B is not text but null; option C is not text but a number.",
        ),
        (
            {"stem": "x", "options": ["a"] * (OPTIONS_LIMIT + 1)},
            "too_many_options",
            "options has more than 100 entries (101).",
        ),
        ({"stem": "x", "options": ["a\0"]}, "nul_character", "option A contains a NUL character."),
        ({"stem": "x", "answer": 72}, "not_text", "answer is not text but a number."),
        ({"stem": "x", "external_id": True}, "not_text", "external_id is not text but true or false."),
        ({"stem": "x", "type_name": "x" * 201}, "too_long", "type_name is longer than 200 characters (201)."),
        ({"stem": "x", "colour": 1}, "extra_forbidden", "colour is not a field of a question."),
    ],
)
def test_a_refusal_says_exactly_why(fields: dict[str, object], code: str, reason: str) -> None:
    assert accept(fields) == Refusal(code, reason)


def test_limits_are_inclusive() -> None:
    assert len(accepted(stem="长" * STEM_LIMIT, options=["a"] * OPTIONS_LIMIT).stem) == STEM_LIMIT


def test_many_faults_make_a_bounded_reason() -> None:
    refusal = accept({"stem": "x", "options": [1] * 100})
    assert isinstance(refusal, Refusal)
    assert refusal.reason.endswith("; and 95 more faults.")


@pytest.mark.parametrize(
    ("answer", "options", "odd"),
    [
        ("Z", 4, True),
        ("ABE", 4, True),
        ("D", 4, False),
        ("ABD", 4, False),
        ("Z", 0, False),
        ("DNA", 4, False),
        ("乙", 2, False),
    ],
)
def test_an_answer_that_names_no_option_is_taken_with_a_warning(answer: str, options: int, odd: bool) -> None:
    warning = warning_about(accepted(answer=answer, options=["x"] * options))
    assert (warning is not None) == odd
    if warning:
        assert warning == f"The answer {answer} names no option (A to D)."


def test_a_change_has_only_what_was_given() -> None:
    assert QuestionChange.model_validate({"answer": None, "channel_code": ""}).changes() == {
        "answer": "",
        "channel_code": "default",
    }


@pytest.mark.parametrize("change", [{"stem": None}, {"stem": ""}, {"colour": 1}, {"options": [None]}])
def test_a_change_is_checked_like_a_question(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        QuestionChange.model_validate(change)


def test_the_schema_tells_clients_what_is_taken() -> None:
    schema = QuestionInput.model_json_schema()
    assert schema["required"] == ["stem"]
    assert schema["additionalProperties"] is False
    fields = schema["properties"]
    assert {"type": "string", "minLength": 1, "maxLength": STEM_LIMIT}.items() <= fields["stem"].items()
    assert (fields["options"]["type"], fields["options"]["maxItems"]) == (["array", "null"], OPTIONS_LIMIT)
    assert fields["external_id"]["type"] == ["string", "null", "integer"]
    assert all("null" in field["type"] for name, field in fields.items() if name != "stem")
