from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.banks.formats import write, xlsx_writer
from services.banks.questions import QuestionInput, accept
from tests.unit.services.banks.formats.reading import fields, items


def content_of(*questions: dict[str, object]) -> bytes:
    return b"".join(write("xlsx", questions))


def test_openpyxl_reads_what_we_write() -> None:
    book = openpyxl.load_workbook(io.BytesIO(content_of({"stem": " =1+1\n<&>", "options": ["-1", "b"], "answer": "A"})))
    sheet = book["questions 1"]
    assert [cell.value for cell in sheet[1]][:6] == ["题型", "科目", "渠道", "题干", "A", "B"]
    assert [cell.value for cell in sheet[2]][3:6] == [" =1+1\n<&>", "-1", "b"]
    assert [(cell.data_type, bool(cell.quotePrefix)) for cell in sheet[2]][3:6] == [
        ("s", True),
        ("s", True),
        ("s", False),
    ]


def test_the_archive_is_sound() -> None:
    with zipfile.ZipFile(io.BytesIO(content_of({"stem": "x"}))) as archive:
        assert archive.testzip() is None


def test_the_first_bytes_leave_before_the_last_question_is_asked_for() -> None:
    asked = 0

    def endless() -> object:
        nonlocal asked
        while True:
            asked += 1
            yield {"stem": f"{asked}" * 50 + str(hash(str(asked)))}

    chunks = write("xlsx", endless())  # type: ignore[arg-type]
    assert next(chunks)
    assert asked < 20_000


def test_rows_beyond_a_sheets_limit_go_to_the_next_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_writer, "ROWS_A_SHEET", 3)
    content = content_of(*({"stem": str(n)} for n in range(5)))
    assert openpyxl.load_workbook(io.BytesIO(content)).sheetnames == ["questions 1", "questions 2", "questions 3"]
    assert [each["stem"] for each in fields(items(tmp_path, "xlsx", content))] == list("01234")


def test_no_questions_give_a_sheet_with_a_header() -> None:
    assert len(list(openpyxl.load_workbook(io.BytesIO(content_of()))["questions 1"].rows)) == 1


def test_a_text_longer_than_a_cell_is_cut_with_a_mark(tmp_path: Path) -> None:
    (found,) = fields(items(tmp_path, "xlsx", content_of({"stem": "x" * 40_000})))
    assert len(found["stem"]) == 32_767
    assert found["stem"].endswith(xlsx_writer.CUT_MARK)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
questions = st.fixed_dictionaries(
    {"stem": texts.filter(str.strip)},
    optional={
        "type_name": texts,
        "channel_code": texts,
        "options": st.lists(texts, max_size=12),
        "answer": texts,
        "analysis": texts,
        "external_id": texts,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(questions, min_size=1, max_size=4), st.sampled_from(["csv", "xlsx", "json", "jsonl"]))
def test_any_questions_come_back_as_they_went_out(
    tmp_path: Path, given_questions: list[dict[str, object]], file_format: str
) -> None:
    sent = [accept(question) for question in given_questions]
    assert all(isinstance(question, QuestionInput) for question in sent)
    content = b"".join(write(file_format, [q.model_dump() for q in sent if isinstance(q, QuestionInput)]))
    assert [accept(found) for found in fields(items(tmp_path, file_format, content))] == sent
