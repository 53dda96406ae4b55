from __future__ import annotations

from services.banks.formats import write
from tests.unit.services.banks.formats.reading import Reading, faults, fields, outline, reader_of

reading = reader_of("aiken")


def test_questions_with_either_mark_and_several_lines(reading: Reading) -> None:
    found = reading("one\ngoes on\nA) a\nB) b\n goes on\nANSWER: B\n\ntwo\nA. c\nB. d\nANSWER: A\n")
    assert fields(found) == [
        {"type_name": "单选题", "stem": "one\ngoes on", "options": ["a", "b\n goes on"], "answer": "B"},
        {"type_name": "单选题", "stem": "two", "options": ["c", "d"], "answer": "A"},
    ]


def test_questions_need_no_blank_line_between_them(reading: Reading) -> None:
    assert outline(reading("one\nA) a\nANSWER: A\ntwo\nA) b\nANSWER: A\n")) == ["one", "two"]


def test_several_letters_make_a_multiple_answer(reading: Reading) -> None:
    found = fields(reading("one\nA) a\nB) b\nC) c\nANSWER: A, C\n"))
    assert (found[0]["type_name"], found[0]["answer"]) == ("多选题", "AC")


def test_a_letter_out_of_turn_belongs_to_the_text(reading: Reading) -> None:
    assert fields(reading("one\nA) vitamin\nC) is not B\nB) b\nANSWER: A\n"))[0]["options"] == [
        "vitamin\nC) is not B",
        "b",
    ]


def test_bad_questions_cost_themselves_only(reading: Reading) -> None:
    found = reading("one\nA) a\nANSWER: A\n\nno options\nANSWER: B\n\nno answer\nA) a\n\ntwo\nA) a\nANSWER: A\n")
    assert outline(found) == ["one", "no_options", "no_answer", "two"]
    assert faults(found) == [(5, "no_options"), (8, "no_answer")]


def test_only_single_choice_goes_out(reading: Reading) -> None:
    questions: list[dict[str, object]] = [
        {"stem": "one\nline", "options": ["a", "b"], "answer": "B"},
        {"stem": "essay", "options": [], "answer": "long"},
        {"stem": "several", "options": ["a", "b"], "answer": "AB"},
        {"stem": "no such option", "options": ["a", "b"], "answer": "Z"},
    ]
    content = b"".join(write("aiken", questions))
    assert content.decode() == "one line\nA) a\nB) b\nANSWER: B\n\n"
    assert fields(reading(content)) == [
        {"type_name": "单选题", "stem": "one line", "options": ["a", "b"], "answer": "B"}
    ]
