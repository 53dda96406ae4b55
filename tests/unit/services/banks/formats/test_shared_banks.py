"""The broken banks beside the checkout, row by row as their README says what should come of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.banks.formats import BadRow, Blank, Row, detect, read
from services.banks.questions import QuestionInput, Refusal, accept, warning_about

Outcome = tuple[str, str]  # ("imported", stem's beginning), ("bad", code) or ("skipped", "")


def outcomes(path: Path) -> list[Outcome]:
    return [_outcome(item) for item in read(path, detect(path, path.name))]


def _outcome(item: Row | BadRow | Blank) -> Outcome:
    if isinstance(item, Blank):
        return "skipped", ""
    if isinstance(item, BadRow):
        return "bad", item.code
    question = accept(item.fields)
    return ("bad", question.code) if isinstance(question, Refusal) else ("imported", question.stem[:8])


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        *((line, "imported") for line in (1, 2, 5, 8, 13, 18, 19, 20, 21, 22)),
        (3, "missing"),
        (4, "missing"),
        (6, "not_json"),
        (7, "encoding"),
        (9, "too_long"),
        (10, "not_an_object"),
        (11, "options_not_list"),
        (12, "not_text"),
        (14, "skipped"),
        (15, "nul_character"),
        (16, "not_text"),
        (17, "not_an_object"),
    ],
)
def test_each_line_of_the_broken_jsonl(shared_data: Path, line: int, outcome: str) -> None:
    found = outcomes(shared_data / "questions" / "broken.jsonl")
    assert len(found) == 22
    state, code = found[line - 1]
    assert outcome == (code if state == "bad" else state)


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        *((record, "imported") for record in (1, 2, 8, 9, 10, 11, 12)),
        (3, "missing"),
        (4, "missing"),
        (5, "column_count"),
        (6, "encoding"),
        (7, "too_long"),
        (13, "unclosed_quote"),
    ],
)
def test_each_record_of_the_broken_csv(shared_data: Path, record: int, outcome: str) -> None:
    found = outcomes(shared_data / "questions" / "broken.csv")
    assert len(found) == 13
    state, code = found[record - 1]
    assert outcome == (code if state == "bad" else state)


def test_the_answer_that_names_no_option_is_taken_with_a_warning(shared_data: Path) -> None:
    rows = list(read(shared_data / "questions" / "broken.csv", "csv"))
    row = rows[7]
    assert isinstance(row, Row)
    question = accept(row.fields)
    assert isinstance(question, QuestionInput)
    assert warning_about(question) == "The answer Z names no option (A to D)."


def test_a_formula_for_a_type_is_taken_as_text(shared_data: Path) -> None:
    row = list(read(shared_data / "questions" / "broken.csv", "csv"))[8]
    assert isinstance(row, Row)
    assert row.fields["type_name"] == '=HYPERLINK("http://example.org","x")'


def test_csv_and_xlsx_of_the_same_questions_are_the_same(shared_data: Path) -> None:
    folder = shared_data / "questions"
    by_csv = [row.fields for row in read(folder / "gaokao-300.csv", "csv") if isinstance(row, Row)]
    by_xlsx = [row.fields for row in read(folder / "gaokao-300.xlsx", "xlsx") if isinstance(row, Row)]
    assert len(by_csv) == 300
    assert by_csv == by_xlsx


@pytest.mark.parametrize(("name", "options"), [("gaokao-30.gift", 4), ("gaokao-30.aiken.txt", 4)])
def test_the_small_banks_are_whole(shared_data: Path, name: str, options: int) -> None:
    path = shared_data / "questions" / name
    rows = [row for row in read(path, detect(path, "")) if isinstance(row, Row)]
    assert len(rows) == 30
    assert all(len(row.fields["options"]) == options and row.fields["answer"] for row in rows)  # type: ignore[arg-type]
