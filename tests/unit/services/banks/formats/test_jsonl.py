from __future__ import annotations

import pytest

from services.banks.formats import Limits
from tests.unit.services.banks.formats.reading import Reading, faults, fields, outline, reader_of

reading = reader_of("jsonl")


def test_each_line_is_a_question(reading: Reading) -> None:
    found = reading('\ufeff{"stem": "one"}\r\n\n{"stem": "two", "options": ["a"]}')
    assert fields(found) == [{"stem": "one"}, {"stem": "two", "options": ["a"]}]
    assert outline(found) == ["one", None, "two"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{", "not_json"),
        ('{"stem": "cut off', "not_json"),
        ("[1]", "not_an_object"),
        ("null", "not_an_object"),
        ("7", "not_an_object"),
        ('"text"', "not_an_object"),
        ("true", "not_an_object"),
        ("[" * 100_000, "not_json"),
        ('{"stem": ' + "[" * 100_000 + "]" * 100_000 + "}", "not_json"),
        ('{"stem": ' + "9" * 5_000 + "}", "not_json"),
    ],
)
def test_a_line_that_is_no_object_is_bad_and_the_rest_is_read(reading: Reading, line: str, code: str) -> None:
    found = reading('{"stem": "before"}\n' + line + '\n{"stem": "after"}\n')
    assert outline(found) == ["before", code, "after"]
    assert faults(found) == [(2, code)]


def test_what_json_is_loose_about_reaches_the_checks_of_the_fields(reading: Reading) -> None:
    found = reading('{"stem": "\\ud800"}\n{"stem": "x", "difficulty": NaN}\n')
    assert fields(found) == [{"stem": "\ud800"}, {"stem": "x"}]


def test_keys_may_be_chinese_headers_and_letters(reading: Reading) -> None:
    found = reading('{"题干": "一", "科目": "数学", "A": "甲", "B": "乙", "答案": "A"}\n')
    assert fields(found) == [{"stem": "一", "subject_name": "数学", "options": ["甲", "乙"], "answer": "A"}]


def test_unknown_keys_become_a_bounded_note(reading: Reading) -> None:
    many = ", ".join(f'"k{n}": 1' for n in range(1_000))
    found = reading('{"stem": "x", "id": 1, "created_at": 1.0, "__proto__": {}}\n{"stem": "y", ' + many + "}\n")
    notes = [getattr(item, "notes", ()) for item in found]
    assert notes[0] == ("Ignored, because unknown: __proto__.",)
    assert len(notes[1][0]) < 200


def test_a_line_in_another_encoding_is_bad(reading: Reading) -> None:
    content = '{"stem": "甲"}\n'.encode() * 2 + '{"stem": "题干题干"}\n'.encode("gb18030") + b'{"stem": "x"}\n'
    assert outline(reading(content)) == ["甲", "甲", "encoding", "x"]


def test_a_file_in_gb18030_is_read(reading: Reading) -> None:
    assert outline(reading('{"stem": "题干"}\n'.encode("gb18030"))) == ["题干"]


def test_a_line_beyond_the_limit_is_bad_and_passed_over(reading: Reading) -> None:
    content = '{"stem": "a"}\n{"stem": "' + "x" * 200_000 + '"}\n{"stem": "b"}\n'
    assert outline(reading(content, Limits(row_bytes=1_000))) == ["a", "too_long", "b"]
