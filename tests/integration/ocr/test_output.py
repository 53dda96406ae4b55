"""What was read leaves again: as files, and as questions of a bank."""

from __future__ import annotations

import os
import time

import orjson
import pytest

from services.auth import LOCAL
from services.banks.question_service import QuestionQuery
from services.errors import ConflictError, InvalidInputError, NotFoundError
from services.ocr.export import EXPORT_FORMATS
from services.ocr.output import export_pages
from tests.integration.ocr.conftest import OcrHouse
from tests.pages import draw_page

PAPER = [
    "1. Which one is even?",
    "A. 1",
    "B. 2",
    "C. 3",
    "D. 5",
    "2. Which one is odd?",
    "A. 2",
    "B. 7",
    "C. 4",
    "D. 8",
]


def test_pages_are_exported_in_order_with_the_reasons_of_those_that_failed(house: OcrHouse) -> None:
    task_id = house.read(draw_page(["one"]), draw_page(["two"], fail=True), draw_page(["three"]))["id"]
    text = b"".join(house.ocr.export(task_id, "txt").chunks).decode()
    assert [page.split(".")[0].strip() for page in text.split("\f")][::2] == ["one", "three"]
    assert "SERVER_ERROR" in text.split("\f")[1]
    pages = list(export_pages(house.database, task_id, house.data_dir))
    assert [(page.page, page.file_name, page.page_in_file) for page in pages] == [
        (number, f"file {number}", 1) for number in (1, 2, 3)
    ]
    assert pages[0].image is not None
    assert pages[0].image().startswith(b"\xff\xd8\xff")


def test_every_format_is_written_by_a_worker_and_leaves_no_file_behind(house: OcrHouse) -> None:
    task_id = house.read(draw_page(["some text"]), draw_page(["more of it"]))["id"]
    for file_format in EXPORT_FORMATS:
        export = house.ocr.export(task_id, file_format)
        assert export.file_name == f"ocr-{task_id}{EXPORT_FORMATS[file_format].suffix}"
        assert len(b"".join(export.chunks)) > 10
        assert list((house.data_dir / "exports").iterdir()) == []


def test_a_download_that_is_given_up_stops_its_worker(house: OcrHouse) -> None:
    task_id = house.read(*(draw_page([f"page {number}"]) for number in range(30)))["id"]
    chunks = house.ocr.export(task_id, "pdf").chunks
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert list((house.data_dir / "exports").iterdir()) == []
    deadline = time.monotonic() + 5
    while house.pool.stats().busy:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_a_dying_server_left_is_discarded(house: OcrHouse) -> None:
    folder = house.data_dir / "exports"
    folder.mkdir(parents=True)
    (folder / "old").write_bytes(b"x")
    (folder / "young").write_bytes(b"x")
    os.utime(folder / "old", (1, 1))
    house.ocr.tidy()
    assert [path.name for path in folder.iterdir()] == ["young"]


def test_an_export_of_what_there_is_not_is_refused_at_once(house: OcrHouse) -> None:
    task_id = house.read(draw_page(["text"]))["id"]
    with pytest.raises(InvalidInputError, match="docx"):
        house.ocr.export(task_id, "docx")
    with pytest.raises(NotFoundError):
        house.ocr.export(99, "txt")


def test_a_corrected_page_is_exported_as_corrected(house: OcrHouse) -> None:
    task_id = house.read(draw_page(["wrnog"]))["id"]
    house.ocr.correct(task_id, 1, 0, "right")
    exported = b"".join(house.ocr.export(task_id, "json").chunks)
    assert b"right" in exported
    assert b"wrnog" not in exported
    assert orjson.loads(exported)


def test_questions_go_from_the_pages_into_a_bank(house: OcrHouse) -> None:
    task_id = house.read(draw_page(PAPER))["id"]
    started = house.ocr.make_questions(
        task_id, 1, defaults={"subject_name": "math", "channel_code": "scan"}, task_name="from paper", by=LOCAL
    )
    task = house.wait(started["id"])
    assert (task["kind"], task["task_name"], task["status"]) == ("import", "from paper", "completed")
    assert (task["result"]["imported"], task["result"]["bad"]) == (2, 0)
    questions = house.banks.questions.list(1, QuestionQuery()).items
    assert [question["options"] for question in questions] == [["1", "2", "3", "5"], ["2", "7", "4", "8"]]
    assert "Which one is even?" in questions[0]["stem"]
    assert {(each["source"], each["subject_name"], each["channel_code"]) for each in questions} == {
        ("file 1, page 1", "math", "scan")
    }


def test_where_there_are_no_questions_none_are_made(house: OcrHouse) -> None:
    task_id = house.read(draw_page(["a letter without any numbers"]))["id"]
    with pytest.raises(InvalidInputError):
        house.ocr.make_questions(task_id, 1, by=LOCAL)
    with pytest.raises(NotFoundError):
        house.ocr.make_questions(task_id, 99, by=LOCAL)
    with pytest.raises(NotFoundError):
        house.ocr.make_questions(99, 1, by=LOCAL)
    assert [path for path in house.uploads.iterdir() if path.stat().st_size == 0] == []


def test_questions_are_not_made_of_half_a_task(house: OcrHouse) -> None:
    task_id = house.start(draw_page(["slow"], slow=60))
    with pytest.raises(ConflictError):
        house.ocr.make_questions(task_id, 1, by=LOCAL)
    house.tasks.cancel(task_id, by=LOCAL)
