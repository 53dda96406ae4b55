from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select, update

from models import ImportBadRow, Question, Task
from services.auth import LOCAL
from services.banks import job
from services.banks.question_service import QuestionQuery
from services.banks.service import ImportOptions
from services.errors import UnitError
from services.runners.base import Unit, UnitContext
from services.tasks.recorder import LeaseLostError
from tests.integration.banks.conftest import BankHouse

Plan = Callable[[UnitContext], list[Unit]]


def lines(count: int) -> bytes:
    return b"".join(orjson.dumps({"stem": f"question {n}"}) + b"\n" for n in range(1, count + 1))


def stems(house: BankHouse, bank_id: int = 1) -> list[str]:
    rows = house.database.fetch_all(
        select(Question.stem).where(Question.bank_id == bank_id).order_by(Question.import_row)
    )
    return [row.stem for row in rows]


def test_good_rows_come_in_and_bad_ones_are_listed(house: BankHouse) -> None:
    content = b'{"stem": "one", "options": ["x", "y"], "colour": 1}\n\n{"stem": ""}\n{"stem": "two"}\nnot json\n'
    result = house.imported(content)
    assert {key: result[key] for key in ("bank_id", "imported", "bad", "skipped")} == {
        "bank_id": 1,
        "imported": 2,
        "bad": 2,
        "skipped": 1,
    }
    assert [(row["line"], row["code"]) for row in result["bad_rows"]] == [(3, "missing"), (5, "not_json")]
    assert result["notes"] == [{"note": "Ignored, because unknown: colour.", "rows": 1}]
    page = house.questions.list(1, QuestionQuery())
    assert [question["stem"] for question in page.items] == ["one", "two"]
    assert 2 == page.total == house.banks.get(1)["question_count"]


def test_a_bad_row_is_shown_as_people_find_it(house: BankHouse) -> None:
    content = '题型,题干,A,答案\n单选题,"两行\n题干",甲,A\n单选题,,甲,B\n,"x",甲,"' + "答" * 20_001 + '"\n'
    result = house.imported(content.encode(), "bank.csv")
    rows = result["bad_rows"]
    assert result["layout"] == {
        "format": "csv",
        "columns": [["题型", "type_name"], ["题干", "stem"], ["A", "A"], ["答案", "answer"]],
        "delimiter": ",",
        "encoding": "utf-8",
    }
    assert [row["line"] for row in rows] == [4, 5]
    assert [row["reason"] for row in rows] == [
        "Record 2: stem is missing.",
        "Record 3: answer is longer than 20,000 characters (20,001).",
    ]
    assert [row["excerpt"][:5] for row in rows] == ["单选题 B", "x 答答答"]


def test_a_file_of_faults_only_completes_and_imports_nothing(house: BankHouse) -> None:
    result = house.imported(b'{"stem": 1}\n' * 3)
    assert (result["imported"], result["bad"], len(result["bad_rows"])) == (0, 3, 3)


def test_the_list_of_bad_rows_is_bounded_and_their_number_is_not(
    house: BankHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.banks.job.STORED_BAD_ROWS", 700)
    context = house.begin(b'{"stem": 1}\n' * 1_200)
    result = house.compute(context)
    assert (result["bad"], len(result["bad_rows"])) == (1_200, 100)
    assert house.banks.bad_rows(context.task_id).total == 700
    first = house.banks.bad_rows(context.task_id, limit=2)
    second = house.banks.bad_rows(context.task_id, limit=2, cursor=first.next_cursor)
    assert [row["line"] for row in (*first.items, *second.items)] == [1, 2, 3, 4]


def test_rows_get_the_defaults_that_they_do_not_say(house: BankHouse) -> None:
    aiken = b"1+1=?\nA) 1\nB) 2\nANSWER: B\n"
    house.imported(aiken, "quiz.txt", options=ImportOptions(defaults={"subject_name": "数学", "type_name": "其他"}))
    question = house.questions.list(1, QuestionQuery()).items[0]
    assert tuple(question[k] for k in ("subject_name", "type_name", "channel_code")) == ("数学", "单选题", "default")


def test_units_cover_every_row_once_and_in_order(house: BankHouse, units_of: Plan) -> None:
    context = house.begin(lines(4_500))
    units = units_of(context)
    assert [unit.size for unit in units] == [2_000, 2_000, 500, 0]
    for unit in reversed(units):
        house.job.run_unit(unit, context)
    assert [f"question {n}" for n in range(1, 4_501)] == stems(house)


@pytest.mark.parametrize("committed", [0, 1, 2])
def test_a_unit_that_died_goes_on_behind_its_last_committed_batch(
    house: BankHouse, units_of: Plan, monkeypatch: pytest.MonkeyPatch, committed: int
) -> None:
    context = house.begin(lines(1_300))
    units = units_of(context)
    left = itertools.count(committed, -1)
    write = job._write

    def dying(*arguments: object) -> None:
        if next(left) == 0:
            raise KeyboardInterrupt  # as abrupt as a kill: nothing catches it
        write(*arguments)

    monkeypatch.setattr("services.banks.job._write", dying)
    with pytest.raises(KeyboardInterrupt):
        house.job.run_unit(units[0], context)
    monkeypatch.setattr("services.banks.job._write", write)
    assert committed * 500 == len(stems(house)) == house.banks.get(1)["question_count"]

    results = [house.job.run_unit(unit, context) for unit in units]
    assert house.job.finish(results, context)["imported"] == 1_300
    assert [f"question {n}" for n in range(1, 1_301)] == stems(house)
    assert house.banks.get(1)["question_count"] == 1_300


def test_a_unit_that_was_finished_but_not_recorded_adds_nothing(house: BankHouse, units_of: Plan) -> None:
    context = house.begin(lines(700))
    units = units_of(context)
    house.job.run_unit(units[0], context)
    assert house.job.run_unit(units[0], context) == {"imported": 700}
    assert len(stems(house)) == 700


def test_a_plan_that_was_cut_short_leaves_no_bad_row_twice(house: BankHouse, units_of: Plan) -> None:
    context = house.begin(b'{"stem": 1}\n' * 600 + lines(10))
    plan = iter(house.job.plan(context))
    next(plan)
    again = house.take(context.task_id)
    assert 600 == house.compute(again)["bad"] == house.banks.bad_rows(context.task_id).total


def test_who_lost_the_lease_writes_nothing(house: BankHouse, units_of: Plan) -> None:
    context = house.begin(lines(10) + b"bad\n")
    units = units_of(context)
    house.take(context.task_id)
    with pytest.raises(LeaseLostError):
        house.job.run_unit(units[0], context)
    with pytest.raises(LeaseLostError):
        list(house.job.plan(context))
    assert stems(house) == []
    assert len(house.database.fetch_all(select(ImportBadRow.id))) == 1


def test_a_cancelled_import_stops_between_two_batches(house: BankHouse, units_of: Plan) -> None:
    context = house.begin(lines(10))
    units = units_of(context)
    with house.database.transaction() as session:
        session.execute(update(Task).where(Task.id == context.task_id).values(status="cancelled"))
    with pytest.raises(LeaseLostError):
        house.job.run_unit(units[0], context)


def test_the_files_are_gone_when_the_import_is_done(house: BankHouse) -> None:
    house.imported(lines(3))
    assert list((house.data_dir / "uploads").iterdir()) == []


def test_an_upload_that_is_gone_is_said_to_be_gone(house: BankHouse) -> None:
    context = house.begin(lines(3))
    for file in (house.data_dir / "uploads").iterdir():
        file.unlink()
    with pytest.raises(UnitError, match="gone"):
        house.compute(context)


def test_an_import_tried_again_after_its_bank_was_deleted_says_so(house: BankHouse, units_of: Plan) -> None:
    bank = house.banks.create("short-lived")
    context = house.begin(lines(3), bank_id=bank["id"])
    units = units_of(context)
    house.tasks.cancel(context.task_id, by=LOCAL)
    house.banks.delete(bank["id"])
    again = house.take(context.task_id)
    for step in (lambda: house.job.run_unit(units[0], again), lambda: units_of(again)):
        with pytest.raises(UnitError, match="was deleted"):
            step()


@pytest.mark.parametrize(
    ("name", "imported", "bad", "skipped"),
    [
        ("broken.jsonl", 10, 11, 1),
        ("broken.csv", 7, 6, 0),
        ("gaokao-300.csv", 300, 0, 0),
        ("gaokao-300.xlsx", 300, 0, 0),
        ("gaokao-30.gift", 30, 0, 0),
        ("gaokao-30.aiken.txt", 30, 0, 0),
    ],
)
def test_the_shared_banks_come_in_as_their_readme_says(
    house: BankHouse, shared_data: Path, name: str, imported: int, bad: int, skipped: int
) -> None:
    result = house.imported((shared_data / "questions" / name).read_bytes(), name)
    assert (imported, bad, skipped) == (result["imported"], result["bad"], result["skipped"])
    assert imported == len(stems(house))


def test_a_file_with_other_headers_comes_in_by_its_mapping(house: BankHouse) -> None:
    mapping = {"Question text": "stem", "1st": "A", "2nd": "B", "Remarks": ""}
    content = b"Question text;1st;2nd;Remarks\nSky?;blue;green;easy\n;x;y;\n"
    result = house.imported(content, "bank.csv", options=ImportOptions(mapping=mapping))
    assert (result["imported"], result["bad"], result["notes"]) == (1, 1, [])
    [question] = house.questions.list(1, QuestionQuery()).items
    assert (question["stem"], question["options"]) == ("Sky?", ["blue", "green"])
