"""What was read from a file and is written in its layout gives the same questions when it is read again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from services.banks.formats import Row, read
from services.banks.formats.layout import Layout, write_as
from services.banks.questions import QuestionInput, accept

FILES = {
    "letters.csv": "题目,选项A,选项B,答案,难度\n1+1=?,1,2,B,易\n=SUM(A1),3,4,A,难\n",
    "list.csv": 'stem;options;answer\n1+1=?;"A. 1 B. 2";B\n',
    "keys.jsonl": '{"题干": "1+1=?", "选项": ["1", "2"], "答案": "B", "编号": "7"}\n{"题干": "2", "解析": "x"}\n',
    "letters.json": '{"questions": [{"stem": "1+1=?", "A": "1", "B": "2", "答案": "B"}]}',
}


def questions_of(path: Path, mapping: Mapping[str, str] | None = None) -> list[QuestionInput]:
    rows = [row for row in read(path, path.suffix[1:], mapping=mapping or {}) if isinstance(row, Row)]
    questions = [accept(row.fields) for row in rows]
    assert all(isinstance(question, QuestionInput) for question in questions), questions
    return questions  # type: ignore[return-value]


def written(layout: Layout, questions: list[QuestionInput], folder: Path) -> Path:
    objects: list[dict[str, Any]] = [question.model_dump() for question in questions]
    path = folder / f"again.{layout.format}"
    path.write_bytes(b"".join(write_as(layout, lambda: objects)))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_comes_back_under_its_own_names_with_the_same_questions(name: str, encoding: str, tmp_path: Path):
    path = tmp_path / name
    path.write_bytes(FILES[name].encode(encoding))
    layout = Layout.of(path, path.suffix[1:])
    again = written(Layout.from_json(layout.as_json()), questions_of(path), tmp_path)
    assert questions_of(again) == questions_of(path)
    assert Layout.of(again, layout.format) == layout


def test_columns_that_a_mapping_named_keep_their_names(tmp_path: Path):
    path = tmp_path / "bank.csv"
    path.write_text("问,=甲,对\n1+1=?,2,A\n", "utf-8")
    mapping = {"问": "stem", "=甲": "A", "对": "answer"}
    layout = Layout.of(path, "csv", mapping)
    assert layout.columns == (("问", "stem"), ("=甲", "A"), ("对", "answer"))
    again = written(layout, questions_of(path, mapping), tmp_path)
    assert again.read_text("utf-8-sig").splitlines() == ["问,'=甲,对", "1+1=?,2,A"]  # a header is no formula either


def test_what_the_file_had_no_place_for_gets_a_column_behind_the_others(tmp_path: Path):
    more = [
        QuestionInput(stem="a", options=["1", "2", "3"], answer="C"),  # one more than there are letters
        QuestionInput(stem="b", options=["1", ""], channel_code="网校"),  # an empty last option is none to a cell
        QuestionInput(stem="c", analysis="=1+1"),
    ]
    columns = (("题目", "stem"), ("A", "A"), ("B", "B"))
    table = written(Layout("csv", columns), more, tmp_path)
    assert questions_of(table) == more
    names = [name for name, _ in Layout.of(table, "csv").columns]
    assert names == ["题目", "A", "B", "渠道", "选项", "答案", "解析"]
    assert questions_of(written(Layout("jsonl", columns), more, tmp_path)) == more


def test_a_workbook_keeps_its_headers_too(tmp_path: Path):
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["编号", "题目", "答案"])
    sheet.append(["7", "1+1=?", "2"])
    path = tmp_path / "bank.xlsx"
    book.save(path)
    layout = Layout.of(path, "xlsx")
    again = written(layout, questions_of(path), tmp_path)
    assert questions_of(again) == questions_of(path)
    assert Layout.of(again, "xlsx") == layout
    assert [name for name, _ in layout.columns] == ["编号", "题目", "答案"]


def test_a_key_that_is_no_line_of_text_is_not_written_again(tmp_path: Path):
    path = tmp_path / "bank.jsonl"
    path.write_text('{"stem' + " " * 1000 + '": "a"}\n', "utf-8")
    assert Layout.of(path, "jsonl").columns == ()


@pytest.mark.parametrize("file_format", ["gift", "aiken"])
def test_formats_without_columns_have_no_more_than_their_name(file_format: str, tmp_path: Path):
    assert Layout.of(tmp_path / "none", file_format) == Layout(file_format)
