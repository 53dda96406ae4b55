from __future__ import annotations

import os

import orjson
import pytest
from sqlalchemy import update

from models import Question
from services.auth import LOCAL
from services.banks.question_service import QuestionQuery
from services.banks.questions import QuestionChange, QuestionInput
from services.banks.service import ImportOptions
from services.errors import ConflictError, InvalidInputError, NotFoundError, UnsupportedFormatError
from tests.integration.banks.conftest import BankHouse


def question(stem: str = "1+1=?", **fields: object) -> QuestionInput:
    return QuestionInput.model_validate({"stem": stem, **fields})


def found(house: BankHouse, **query: object) -> list[str]:
    return [each["stem"] for each in house.questions.list(1, QuestionQuery(**query)).items]  # type: ignore[arg-type]


def test_the_default_bank_is_there_and_stays(house: BankHouse) -> None:
    assert house.banks.get(1)["name"] == "default"
    with pytest.raises(ConflictError):
        house.banks.delete(1)


def test_banks_are_created_listed_renamed_and_deleted(house: BankHouse) -> None:
    bank = house.banks.create("数学", "grade 9")
    assert {"name": "数学", "description": "grade 9", "question_count": 0}.items() <= bank.items()
    renamed = house.banks.update(bank["id"], name="math")
    assert (renamed["name"], renamed["description"]) == ("math", "grade 9")
    assert [each["name"] for each in house.banks.list().items] == ["default", "math"]
    house.questions.create_many(bank["id"], [question(str(n)) for n in range(250)])
    house.banks.delete(bank["id"])
    with pytest.raises(NotFoundError):
        house.banks.get(bank["id"])
    assert [each["name"] for each in house.banks.list().items] == ["default"]


def test_two_banks_cannot_have_one_name(house: BankHouse) -> None:
    bank = house.banks.create("math")
    with pytest.raises(ConflictError, match="math"):
        house.banks.create("math")
    with pytest.raises(ConflictError, match="default"):
        house.banks.update(bank["id"], name="default")


def test_banks_are_paged_and_found_by_part_of_their_name(house: BankHouse) -> None:
    for name in ("a%b", "a_b", "axb"):
        house.banks.create(name)
    assert [each["name"] for each in house.banks.list(q="%").items] == ["a%b"]
    first = house.banks.list(limit=3)
    assert (first.total, len(first.items)) == (4, 3)
    assert [each["name"] for each in house.banks.list(limit=3, cursor=first.next_cursor).items] == ["axb"]


def test_a_bank_is_not_deleted_under_a_task_that_is_not_done(house: BankHouse) -> None:
    bank = house.banks.create("busy")
    path = house.upload(b'{"stem": "x"}\n')
    task = house.banks.start_import(bank["id"], path, "bank.jsonl", by=LOCAL)
    with pytest.raises(ConflictError, match=str(task["id"])):
        house.banks.delete(bank["id"])
    house.tasks.cancel(task["id"], by=LOCAL)
    house.banks.delete(bank["id"])


@pytest.mark.parametrize("bank_id", [99, 2**62])
def test_what_is_not_there_is_said_not_to_be(house: BankHouse, bank_id: int) -> None:
    for call in (
        lambda: house.banks.get(bank_id),
        lambda: house.banks.update(bank_id, name="x"),
        lambda: house.banks.delete(bank_id),
        lambda: house.questions.list(bank_id, QuestionQuery()),
        lambda: house.questions.groups(bank_id),
        lambda: house.questions.create(bank_id, question()),
        lambda: house.questions.export(bank_id, "csv"),
        lambda: house.questions.get(1, bank_id),
        lambda: house.questions.delete(1, bank_id),
        lambda: house.questions.update(1, bank_id, QuestionChange(stem="x")),
    ):
        with pytest.raises(NotFoundError):
            call()


def test_a_question_is_created_read_changed_and_deleted(house: BankHouse) -> None:
    created = house.questions.create(1, question(options=["1", "2"], answer="B", external_id="q-1"))
    assert created == house.questions.get(1, created["id"])
    assert (created["status"], created["merged_into"], created["channel_code"]) == ("active", None, "default")
    changed = house.questions.update(1, created["id"], QuestionChange(answer="A"))
    assert {**created, "answer": "A"} == changed
    assert changed == house.questions.update(1, created["id"], QuestionChange())
    assert house.banks.get(1)["question_count"] == 1
    house.questions.delete(1, created["id"])
    assert house.banks.get(1)["question_count"] == 0
    for call in (house.questions.get, house.questions.delete):
        with pytest.raises(NotFoundError):
            call(1, created["id"])
    assert [created["id"]] == [each["id"] for each in house.questions.list(1, QuestionQuery(status="deleted")).items]


def test_a_question_of_another_bank_is_not_found(house: BankHouse) -> None:
    other = house.banks.create("other")
    created = house.questions.create(other["id"], question())
    with pytest.raises(NotFoundError):
        house.questions.get(1, created["id"])


def test_many_questions_come_in_together_and_in_order(house: BankHouse) -> None:
    created = house.questions.create_many(1, [question(str(n)) for n in range(1_000)])
    assert [str(n) for n in range(1_000)] == [each["stem"] for each in created]
    assert sorted(each["id"] for each in created) == [each["id"] for each in created]
    assert house.banks.get(1)["question_count"] == 1_000
    for count in (0, 1_001):
        with pytest.raises(InvalidInputError):
            house.questions.create_many(1, [question()] * count)


def test_questions_are_found_by_text_names_status_and_external_id(house: BankHouse) -> None:
    house.questions.create_many(
        1,
        [
            question("100% of X", type_name="单选题", subject_name="数学"),
            question("100 of x_y", type_name="单选题", channel_code="GK"),
            question("other", external_id="q-7"),
        ],
    )
    assert found(house, q="0% o") == ["100% of X"]
    assert found(house, q="X_Y") == ["100 of x_y"]
    assert found(house, q="OF x") == ["100% of X", "100 of x_y"]
    assert found(house, q="\\") == []
    assert found(house, q="q-7") == ["other"]
    assert found(house, type_name="单选题", channel_code="GK") == ["100 of x_y"]
    assert found(house, subject_name="数学") == ["100% of X"]
    assert found(house, status="merged") == []
    assert house.questions.list(1, QuestionQuery(type_name="单选题", limit=1)).total == 2


def test_pages_neither_repeat_nor_miss_a_question(house: BankHouse) -> None:
    house.questions.create_many(1, [question(str(n)) for n in range(7)])
    seen: list[str] = []
    cursor = None
    while True:
        page = house.questions.list(1, QuestionQuery(limit=3, cursor=cursor))
        seen += [each["stem"] for each in page.items]
        assert page.total == 7
        cursor = page.next_cursor
        if cursor is None:
            break
        house.questions.delete(1, house.questions.create(1, question("passing"))["id"])
    assert [str(n) for n in range(7)] == seen


def test_groups_count_active_questions(house: BankHouse) -> None:
    created = house.questions.create_many(1, [question(str(n), type_name="单选题") for n in range(3)] + [question("x")])
    with house.database.transaction() as session:
        session.execute(update(Question).where(Question.id == created[0]["id"]).values(status="merged"))
    named = {"subject_name": "", "channel_code": "default"}
    expected = [{"type_name": "单选题", **named, "questions": 2}, {"type_name": "", **named, "questions": 1}]
    assert expected == house.questions.groups(1)


@pytest.mark.parametrize("file_format", ["jsonl", "json", "csv", "xlsx"])
def test_an_export_comes_in_again_as_it_was(house: BankHouse, file_format: str) -> None:
    originals = [
        question(
            "=1+1", type_name="=HYPERLINK(1)", options=["-1", "", "+2"], answer="A", analysis="a\nb", source="'=x"
        ),
        question(
            "many", options=[str(n) for n in range(30)], external_id="e-1", subject_name="数学", channel_code="GK"
        ),
        question('quoted "text", with comma', options=["a", ""]),
    ]
    house.questions.create_many(1, originals)
    export = house.questions.export(1, file_format)
    other = house.banks.create("copy")
    result = house.imported(b"".join(export.chunks), export.file_name, bank_id=other["id"])
    assert (result["imported"], result["bad"]) == (3, 0)
    fields = QuestionInput.model_fields
    copies = house.questions.list(other["id"], QuestionQuery()).items
    assert [each.model_dump() for each in originals] == [{name: copy[name] for name in fields} for copy in copies]


def test_an_export_of_a_search_has_only_what_was_found(house: BankHouse) -> None:
    house.questions.create_many(1, [question(str(n)) for n in range(450)])
    lines = b"".join(house.questions.export(1, "jsonl", QuestionQuery(q="44")).chunks).splitlines()
    assert ["44", "144", "244", "344", *(str(n) for n in range(440, 450))] == [
        orjson.loads(each)["stem"] for each in lines
    ]


def test_a_format_that_there_is_not_is_refused(house: BankHouse) -> None:
    with pytest.raises(InvalidInputError, match="docx"):
        house.questions.export(1, "docx")


def test_an_import_is_refused_before_there_is_a_task(house: BankHouse) -> None:
    with pytest.raises(UnsupportedFormatError, match="PDF"):
        house.banks.start_import(1, house.upload(b"%PDF-1.7"), "bank.csv", by=LOCAL)
    with pytest.raises(NotFoundError):
        house.banks.start_import(9, house.upload(b'{"stem": "x"}'), "bank.csv", by=LOCAL)
    with pytest.raises(InvalidInputError):
        house.banks.start_import(1, house.upload(b"x"), "bank", ImportOptions(format="docx"), by=LOCAL)
    assert house.tasks.active() == []


def test_an_import_is_queued_under_the_names_of_file_and_bank(house: BankHouse) -> None:
    task = house.banks.start_import(1, house.upload(b'{"stem": "x"}'), "bank.jsonl", by=LOCAL)
    assert (task["status"], task["task_name"], task["kind"]) == ("queued", "bank.jsonl → default", "import")
    assert task["params"] == {"bank_id": 1, "file_name": "bank.jsonl", "format": "jsonl", "defaults": {}, "mapping": {}}


def test_uploads_that_no_import_names_are_discarded_when_they_are_old(house: BankHouse) -> None:
    folder = house.data_dir / "uploads"
    kept = house.upload(b'{"stem": "x"}', "a.upload")
    house.banks.start_import(1, kept, "bank.jsonl", by=LOCAL)
    orphan, young = house.upload(b"x", "b.upload"), house.upload(b"x", "c.upload")
    staged = orphan.with_name(f"{orphan.name}.token.staged")
    staged.write_bytes(b"x")
    for path in (kept, orphan, staged):
        os.utime(path, (1, 1))
    assert house.banks.discard_orphans() == 2
    assert sorted(folder.iterdir()) == sorted([kept, young])
