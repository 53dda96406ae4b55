"""What a worker says about a file before it is imported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.banks.formats import READERS, UnreadableFileError, write
from services.banks.preview import preview
from services.banks.uploads import UploadGoneError
from services.errors import TaskbeamError, TooLargeError, UnsupportedFormatError
from services.runners.worker import WorkerContext
from tests.unit.services.banks.formats.test_fuzz import calm
from tests.unit.services.banks.formats.test_xlsx import saved, sheet_of

Preview = Callable[..., dict[str, Any]]


@pytest.fixture
def look(tmp_path: Path) -> Preview:
    def preview_of(content: bytes | str, name: str = "file.csv", **argument: Any) -> dict[str, Any]:
        path = tmp_path / "upload"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        given = {"path": str(path), "file_name": name, "format": None, "mapping": {}, "defaults": {}, **argument}
        answer = preview(given, WorkerContext(lambda _: None, {}), b"")
        assert orjson.loads(orjson.dumps(answer)) == answer
        return answer

    return preview_of


def names(found: dict[str, Any]) -> dict[str, str | None]:
    return {column["name"]: column["mapped_to"] for column in found["columns"]}


def test_a_table_is_shown_with_its_columns_good_and_bad_rows(look: Preview) -> None:
    found = look("题型;题干;A;B;答案;难度\n单选题;天空？;蓝;绿;A;易\n单选题;;x;y;B;难\n".encode("gb18030"))
    assert (found["format"], found["encoding"], found["delimiter"]) == ("csv", "gb18030", ";")
    assert names(found) == {"题型": "type_name", "题干": "stem", "A": "A", "B": "B", "答案": "answer", "难度": None}
    assert found["columns"][5] == {"name": "难度", "field": None, "mapped_to": None, "samples": ["易", "难"]}
    assert [(row["line"], row["stem"], row["options"]) for row in found["questions"]] == [(2, "天空？", ["蓝", "绿"])]
    assert [(row["line"], row["code"]) for row in found["bad_rows"]] == [(3, "missing")]
    assert found["rows"] == {"read": 2, "good": 1, "bad": 1, "skipped": 0, "complete": True}
    assert found["notes"] == [{"note": "Ignored, because unknown: 难度.", "rows": 1}]
    assert (found["has_stem"], found["message"]) == (True, None)


def test_a_table_whose_stem_nobody_knows_is_shown_so_that_a_person_can_say_it(look: Preview) -> None:
    content = "Question text,Right\nSky?,A\nSea?,B\n"
    found = look(content)
    assert found["has_stem"] is False
    assert "mapping" in found["message"]
    assert [column["samples"] for column in found["columns"]] == [["Sky?", "Sea?"], ["A", "B"]]
    assert (found["questions"], found["rows"]["complete"]) == ([], False)
    mapped = look(content, mapping={"Question text": "stem", "Right": "answer"})
    assert [(row["stem"], row["answer"]) for row in mapped["questions"]] == [("Sky?", "A"), ("Sea?", "B")]
    assert [(one["field"], one["mapped_to"]) for one in mapped["columns"]] == [(None, "stem"), (None, "answer")]


def test_a_workbook_says_which_of_its_sheets_are_read(look: Preview) -> None:
    workbook = openpyxl.Workbook()
    assert workbook.active is not None
    workbook.active.title = "说明"
    workbook.active.append(["Made by", "us"])
    sheet = workbook.create_sheet("题库")
    for row in (["A title"], ["题干", "答案"], ["天空？", "蓝"]):
        sheet.append(row)
    found = look(saved(workbook), "x.bin")
    assert found["sheets"] == [
        {"name": "说明", "header_line": 1, "is_read": False},
        {"name": "题库", "header_line": 2, "is_read": True},
    ]
    assert names(found) == {"Made by": None, "us": None, "题干": "stem", "答案": "answer"}
    assert [row["line"] for row in found["questions"]] == [3]


def test_in_a_workbook_without_a_stem_the_fullest_row_is_taken_for_the_header(look: Preview) -> None:
    found = look(sheet_of(["A title"], ["Question text", "Right"], ["Sky?", "A"]), "x.xlsx")
    assert found["sheets"][0]["header_line"] == 2
    assert names(found) == {"Question text": None, "Right": None}
    assert found["columns"][0]["samples"] == ["Sky?"]


def test_the_keys_of_all_objects_are_columns(look: Preview) -> None:
    lines = [{"q": "Sky?", "options": ["blue", "green"]}, {"q": "Sea?", "level": 3}]
    found = look("\n".join(map(json.dumps, lines)), "x.jsonl", mapping={"q": "stem"})
    assert names(found) == {"q": "stem", "options": "options", "level": None}
    assert [column["samples"] for column in found["columns"]] == [["Sky?", "Sea?"], ['["blue","green"]'], ["3"]]
    assert [row["stem"] for row in found["questions"]] == ["Sky?", "Sea?"]


def test_formats_without_columns_show_their_questions(look: Preview) -> None:
    found = look("1+1?\nA) 1\nB) 2\nANSWER: B\n", "x.txt", defaults={"subject_name": "数学"})
    assert (found["format"], found["columns"], found["has_stem"]) == ("aiken", [], True)
    assert [(row["stem"], row["subject_name"]) for row in found["questions"]] == [("1+1?", "数学")]


def test_only_the_beginning_of_a_long_file_is_read_and_shown(look: Preview) -> None:
    found = look("stem\n" + "x\n" * 501)
    assert found["rows"] == {"read": 500, "good": 500, "bad": 0, "skipped": 0, "complete": False}
    assert len(found["questions"]) == 20
    assert look("stem\n" + "x\n" * 500)["rows"]["complete"] is True


def test_long_texts_and_many_columns_are_cut(look: Preview) -> None:
    header = ",".join(["stem", *(f"c{number}" for number in range(400))])
    found = look(f"{header}\n{'x' * 5_000}{',' * 400}\n")
    assert len(found["columns"]) == 256
    assert len(found["questions"][0]["stem"]) == 1_001
    assert len(found["columns"][0]["samples"][0]) == 200


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), UnsupportedFormatError),
        (b"", UnsupportedFormatError),
        (b"PK\x03\x04" + bytes(100), UnsupportedFormatError),
        ("题".encode("utf-16"), UnsupportedFormatError),
    ],
    ids=["a picture", "empty", "a damaged archive", "UTF-16"],
)
def test_what_is_no_file_of_questions_is_refused(look: Preview, content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        look(content)


def test_a_file_that_is_gone_is_said_to_be_gone(look: Preview, tmp_path: Path) -> None:
    with pytest.raises(UploadGoneError):
        look("stem\nx\n", path=str(tmp_path / "nothing"))


@pytest.mark.parametrize("name", [None, *READERS])
@calm
@given(content=st.binary(max_size=300) | st.text('[]{}",:=~# \n\t;A.B)ANSWER:题干stem', max_size=200).map(str.encode))
def test_any_bytes_are_shown_or_refused(look: Preview, name: str | None, content: bytes) -> None:
    mapping = {} if name in {"gift", "aiken", None} else {"题": "stem", "A": ""}
    try:
        look(content, format=name, mapping=mapping)
    except (UnreadableFileError, UnsupportedFormatError, TooLargeError) as error:
        assert isinstance(error, TaskbeamError)
        assert error.message


@pytest.mark.parametrize("name", READERS)
def test_what_we_export_is_known_in_every_format(look: Preview, name: str) -> None:
    question: dict[str, object] = {"stem": "1+1?", "options": ["1", "2"], "answer": "B", "channel_code": "default"}
    found = look(b"".join(write(name, [question])), "x")
    assert (found["format"], [row["stem"] for row in found["questions"]]) == (name, ["1+1?"])
