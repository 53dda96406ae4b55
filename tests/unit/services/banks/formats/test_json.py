from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.banks.formats import Limits, UnreadableFileError, write
from services.banks.formats import json as json_format
from tests.unit.services.banks.formats.reading import Reading, faults, fields, outline, reader_of

reading = reader_of("json")


@pytest.mark.parametrize(
    "content",
    [
        '[{"stem": "a"}, {"stem": "b"}]',
        '\ufeff[\n{"stem": "a"},\n{"stem": "b"}\n]\n',
        '{"questions": [{"stem": "a"}, {"stem": "b"}]}',
        '{"meta": {"questions": ["no"], "n": [1, {"x": "]"}]}, "questions": [{"stem": "a"}, {"stem": "b"}], "z": 1}',
        '{"data": [{"stem": "a"}, {"stem": "b"}], "meta": {}}',
        '[{"stem": "a"}, {"stem": "b"},]',
    ],
)
def test_a_list_is_read_alone_or_inside_an_object(reading: Reading, content: str) -> None:
    assert outline(reading(content)) == ["a", "b"]


def test_elements_know_their_lines(reading: Reading) -> None:
    found = reading('[\n\n  {"stem":\n "a"},\n 7,\n\n {"stem": "b"}]')
    assert [item.line for item in found] == [3, 5, 7]


@pytest.mark.parametrize(
    ("element", "code"),
    [
        ("7", "not_an_object"),
        ("null", "not_an_object"),
        ("[1, [2]]", "not_an_object"),
        ('{"stem": nul}', "not_json"),
        ('{"stem" "x"}', "not_json"),
        ('{"stem": "x",}', "not_json"),
        ('{"stem": "never closed}\n}', "not_json"),
        ('{"stem": "line\nbreak"}', "not_json"),
        ("{'stem': 'x'}", "not_json"),
    ],
)
def test_one_bad_element_costs_itself_only(reading: Reading, element: str, code: str) -> None:
    assert outline(reading('[{"stem": "a"}, ' + element + ', {"stem": "b"}]')) == ["a", code, "b"]


def test_an_element_in_another_encoding_is_bad(reading: Reading) -> None:
    content = '[{"stem": "甲甲"}, {"stem": "'.encode() + "乙".encode("gb18030") + '"}, {"stem": "丙"}]'.encode()
    assert outline(reading(content)) == ["甲甲", "encoding", "丙"]


def test_a_whole_list_in_gb18030_is_read(reading: Reading) -> None:
    # 瑋 ends in a byte that is a closing bracket in ASCII, 誠 in a backslash.
    stems = ["瑋", "誠", "題目"]
    content = json.dumps([{"stem": stem} for stem in stems], ensure_ascii=False).encode("gb18030")
    assert outline(reading(content)) == stems


@pytest.mark.parametrize("content", ['[{"stem": "a"}', '[{"stem": "a"}, {"stem": "b', "[", '[{"stem": "a"}, '])
def test_a_list_cut_off_says_so(reading: Reading, content: str) -> None:
    found = reading(content)
    assert faults(found)[-1][1] == "cut_off"
    assert len(faults(found)) == 1


def test_an_element_beyond_the_limit_ends_the_reading_with_a_reason(reading: Reading) -> None:
    content = '[{"stem": "a"}, {"stem": "' + "x" * 600_000 + '"}, {"stem": "b"}]'
    assert outline(reading(content, Limits(row_bytes=1_000)))[:2] == ["a", "too_long"]


@pytest.mark.parametrize("content", ["{}", '{"a": 1}', '"text"', "7", "", '{"questions": {}}', '{"questions": "x"}'])
def test_a_file_that_holds_no_list_is_refused(reading: Reading, content: str) -> None:
    with pytest.raises(UnreadableFileError, match="list of questions"):
        reading(content)


def test_an_empty_list_is_fine(reading: Reading) -> None:
    assert reading("[]") == []
    assert reading(b"".join(write("json", []))) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(stems=st.lists(st.text(min_size=1)), chunk=st.integers(1, 40), indent=st.sampled_from([None, 1]))
def test_any_list_is_read_whatever_the_window(
    reading: Reading, stems: list[str], chunk: int, indent: int | None
) -> None:
    content = json.dumps([{"stem": stem, "options": [stem]} for stem in stems], indent=indent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_format, "_CHUNK", chunk)
        found = reading(content)
    assert fields(found) == [{"stem": stem, "options": [stem]} for stem in stems]
