"""OCR tasks through the embedded runner and real worker processes."""

from __future__ import annotations

import io
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from services.auth import LOCAL
from services.errors import ConflictError, InvalidImageError, InvalidInputError, NotFoundError, TooLargeError
from services.ocr.requirements import Requirements
from services.ocr.uploads import IncomingFile
from services.runners import execution
from tests.integration.ocr.conftest import STUB, OcrHouse
from tests.pages import draw_page
from tests.processes import WORKER, children_running

GARBAGE = b"\x89PNG\r\n\x1a\n and then nothing of the kind"


def running_with(pages: int) -> Any:
    return lambda task: task["processed"] >= pages


def tiff(*pages: bytes) -> bytes:
    pictures = [Image.open(io.BytesIO(page)) for page in pages]
    out = io.BytesIO()
    pictures[0].save(out, "TIFF", save_all=True, append_images=pictures[1:])
    return out.getvalue()


def test_each_page_of_each_file_is_read_in_order(house: OcrHouse) -> None:
    task = house.read(draw_page(["one"]), tiff(draw_page(["two"]), draw_page(["three", "3"])), draw_page(["four"]))
    assert (task["status"], task["error"], task["unit"]) == ("completed", None, "page")
    assert (task["total_pages"], task["processed_pages"]) == (4, 4)
    assert house.texts(task["id"]) == ["one", "two", "three\n3", "four"]
    places = [(page["file_name"], page["page_in_file"]) for page in house.ocr.pages(task["id"]).items]
    assert places == [("file 1", 1), ("file 2", 1), ("file 2", 2), ("file 3", 1)]


def test_a_task_says_what_was_read(house: OcrHouse) -> None:
    result = house.read(draw_page(["one"], confidence=0.9), draw_page(["three"], confidence=0.8))["result"]
    assert {"pages": 2, "completed": 2, "failed": 0, "failed_pages": [], "characters": 8}.items() <= result.items()
    assert result["confidence"] == pytest.approx(0.85, abs=0.01)
    assert sum(result["languages"].values()) == sum(result["document_types"].values()) == 2
    assert result["seconds"] >= 0


def test_a_bad_page_fails_alone_and_is_listed(house: OcrHouse) -> None:
    task = house.read(draw_page(["one"]), GARBAGE, draw_page(["three"], fail=True), draw_page(["four"]))
    assert task["status"] == "completed"
    assert house.texts(task["id"]) == ["one", None, None, "four"]
    pages = house.ocr.pages(task["id"], status="failed")
    assert [(page["page"], page["error"]["code"]) for page in pages.items] == [
        (2, "INVALID_IMAGE"),
        (3, "SERVER_ERROR"),
    ]
    assert pages.total == 2
    assert (task["result"]["completed"], task["result"]["failed"]) == (2, 2)
    assert [(each["page"], each["file_name"]) for each in task["result"]["failed_pages"]] == [
        (2, "file 2"),
        (3, "file 3"),
    ]


def test_when_no_page_can_be_read_the_task_fails_with_the_reason_of_the_first(house: OcrHouse) -> None:
    task = house.read(GARBAGE, draw_page(["two"], fail=True))
    assert (task["status"], task["error"]["code"]) == ("failed", "INVALID_IMAGE")
    assert [page["status"] for page in house.ocr.pages(task["id"]).items] == ["failed", "failed"]


def test_a_retry_reads_the_pages_again_that_failed(house: OcrHouse) -> None:
    task_id = house.start(draw_page(["once"]), GARBAGE, draw_page(["slow"], slow=60))
    house.wait(task_id, running_with(2))
    first = house.ocr.page(task_id, 1)
    house.tasks.cancel(task_id, by=LOCAL)
    [upload] = [path for path in house.uploads.iterdir() if path.read_bytes() == GARBAGE]
    upload.write_bytes(draw_page(["mended"]))
    task = house.tasks.retry(task_id, by=LOCAL)
    assert (task["processed"], task["total"]) == (1, 3)
    house.wait(task_id, running_with(2))
    assert house.texts(task_id) == ["once", "mended", None]
    assert house.ocr.page(task_id, 1) == first
    house.tasks.cancel(task_id, by=LOCAL)


def test_a_retry_of_a_task_that_has_ended_well_is_refused_and_changes_nothing(house: OcrHouse) -> None:
    task_id = house.read(draw_page(["good"]), GARBAGE)["id"]
    before = house.ocr.pages(task_id).items, house.tasks.get(task_id)
    with pytest.raises(ConflictError):
        house.tasks.retry(task_id, by=LOCAL)
    assert before == (house.ocr.pages(task_id).items, house.tasks.get(task_id))


def test_uploads_of_tasks_are_no_orphans(idle: OcrHouse) -> None:
    task_id = idle.start(draw_page(["kept"]))
    orphan = idle.file(draw_page(["left by a request that was refused"]))
    for path in idle.uploads.iterdir():
        os.utime(path, (1, 1))
    assert idle.banks.discard_orphans() == 1
    assert not orphan.path.exists()
    assert len(list(idle.uploads.iterdir())) == 1
    assert idle.tasks.get(task_id)["status"] == "queued"


def test_an_empty_page_is_a_page_without_text(house: OcrHouse) -> None:
    task = house.read(draw_page([], size=(400, 300)))
    assert (task["status"], house.texts(task["id"])) == ("completed", [""])


def test_only_the_pages_asked_for_are_read_of_each_document(house: OcrHouse) -> None:
    document = tiff(*(draw_page([str(number)]) for number in range(1, 5)))
    task = house.read(document, draw_page(["picture"]), requirements=Requirements(engines=["stub"], pages="2,4-"))
    assert house.texts(task["id"]) == ["2", "4", None]
    assert house.ocr.page(task["id"], 3)["error"]["code"] == "INVALID_INPUT"


def test_pages_are_listed_while_the_task_runs(house: OcrHouse) -> None:
    task_id = house.start(draw_page(["quick"]), draw_page(["slow"], slow=30), draw_page(["also quick"]))
    house.wait(task_id, running_with(2))
    pages = house.ocr.pages(task_id)
    assert [page["status"] for page in pages.items] == ["completed", "pending", "completed"]
    assert (pages.items[1]["result"], pages.items[1]["error"], pages.total) == (None, None, 3)
    house.tasks.cancel(task_id, by=LOCAL)


def test_pages_come_in_pages_and_by_status(house: OcrHouse) -> None:
    task = house.read(*(draw_page([str(number)]) for number in range(1, 6)))
    first = house.ocr.pages(task["id"], limit=3)
    rest = house.ocr.pages(task["id"], limit=3, cursor=first.next_cursor)
    assert [page["page"] for page in [*first.items, *rest.items]] == [1, 2, 3, 4, 5]
    assert (first.total, rest.next_cursor) == (5, None)
    assert house.ocr.pages(task["id"], status="pending").items == []


def test_a_page_or_task_that_is_not_there_is_not_found(house: OcrHouse) -> None:
    task = house.read(draw_page(["one"]))
    for call in (lambda: house.ocr.page(task["id"], 2), lambda: house.ocr.page(99, 1), lambda: house.ocr.pages(99)):
        with pytest.raises(NotFoundError):
            call()


def test_progress_inside_a_page_is_told_in_words(house: OcrHouse) -> None:
    task_id = house.start(draw_page([f"line {number}" for number in range(20)], slow=1))
    house.wait(task_id)
    said = [event.data["message"] for event in house.house.log_of(task_id) if event.event == "task_progress"]
    assert any(text.startswith("Page 1: recognition, ") and text.endswith(" of 20 lines") for text in said), said


def test_a_page_whose_worker_dies_is_read_again_once(house: OcrHouse, tmp_path: Path) -> None:
    task_id = house.start(draw_page(["first"]), draw_page(["slow"], slow=4), draw_page(["third"]))
    house.wait(task_id, running_with(2))
    [busy] = [worker for worker in house.pool._dispatcher._workers if worker.ticket is not None]
    busy.kill()
    task = house.wait(task_id)
    assert (task["status"], task["processed"], task["total"]) == ("completed", 3, 3)
    assert house.texts(task_id) == ["first", "slow", "third"]


def test_a_page_that_kills_every_worker_fails_alone(house: OcrHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "_LOSSES", 2)
    task = house.read(draw_page(["one"]), draw_page(["two"], crash=True), draw_page(["three"]))
    assert task["status"] == "completed"
    assert house.texts(task["id"]) == ["one", None, "three"]
    assert house.ocr.page(task["id"], 2)["error"]["code"] == "WORKER_LOST"


def test_a_page_that_takes_too_long_fails_alone(idle: OcrHouse) -> None:
    idle.run(unit_timeout=8)  # a worker's first page takes its imports, too, on a machine that has other work
    task = idle.read(draw_page(["quick"]), draw_page(["slow"], slow=60))
    assert (task["status"], idle.texts(task["id"])) == ("completed", ["quick", None])
    assert idle.ocr.page(task["id"], 2)["error"]["code"] == "PROCESSING_TIMEOUT"


def test_a_cancel_inside_a_page_stops_it_within_two_seconds(house: OcrHouse) -> None:
    task_id = house.start(draw_page(["slow"], slow=60))
    house.wait(task_id, lambda task: "recognition" in task["message"])
    began = time.monotonic()
    house.tasks.cancel(task_id, by=LOCAL)
    while house.pool.stats().busy:
        assert time.monotonic() - began < 2
        time.sleep(0.01)
    assert house.tasks.get(task_id)["status"] == "cancelled"


def test_a_resumed_task_reads_only_what_is_left(house: OcrHouse) -> None:
    quick = [draw_page([str(number)]) for number in range(4)]
    task_id = house.start(*quick, draw_page(["slow"], slow=3), requirements=Requirements(engines=["stub"], cache=False))
    house.wait(task_id, running_with(4))
    before = {page["page"]: page["result"] for page in house.ocr.pages(task_id).items if page["result"]}
    house.tasks.pause(task_id, by=LOCAL)
    house.tasks.resume(task_id, by=LOCAL)
    task = house.wait(task_id)
    assert (task["status"], task["processed"]) == ("completed", 5)
    after = {page["page"]: page["result"] for page in house.ocr.pages(task_id).items}
    assert len(before) >= 4
    assert {number: after[number] for number in before} == before


def test_the_same_page_asked_again_is_not_read_again(house: OcrHouse) -> None:
    page = draw_page(["known"])
    first, second = house.read(page), house.read(page)
    results = [house.ocr.page(task["id"], 1)["result"] for task in (first, second)]
    assert [result.pop("cached") for result in results] == [False, True]
    assert results[0] == results[1]


def test_files_without_a_known_hash_are_told_apart(house: OcrHouse) -> None:
    files = [replace(house.file(draw_page([text])), sha256="") for text in ("one", "another")]
    task = house.wait(house.ocr.start(files, STUB, by=LOCAL)["id"])
    assert house.texts(task["id"]) == ["one", "another"]


def test_a_deleted_task_leaves_neither_files_nor_rows(house: OcrHouse) -> None:
    task = house.read(draw_page(["one"]), draw_page(["two"]))
    assert len(list(house.uploads.iterdir())) == 2
    house.tasks.delete(task["id"], by=LOCAL)
    assert list(house.uploads.iterdir()) == []
    with pytest.raises(NotFoundError):
        house.ocr.pages(task["id"])


def test_files_from_elsewhere_are_moved_below_the_data_directory(house: OcrHouse, tmp_path: Path) -> None:
    content = draw_page(["from elsewhere"])
    path = tmp_path / "elsewhere"
    path.write_bytes(content)
    task = house.ocr.start([IncomingFile(path, "scan.png", len(content), "0" * 64)], STUB, by=LOCAL)
    assert not path.exists()
    house.wait(task["id"])
    assert house.texts(task["id"]) == ["from elsewhere"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "a\0b\x1b[2J.png", "", "\ud800"]
)
def test_a_hostile_name_is_only_shown(house: OcrHouse, name: str) -> None:
    task = house.ocr.start([house.file(draw_page(["text"]), name)], STUB, by=LOCAL)
    house.wait(task["id"])
    page = house.ocr.page(task["id"], 1)
    assert (page["status"], page["result"]["text"]) == ("completed", "text")
    assert page["file_name"].isprintable()
    assert not set(page["file_name"]) & {"/", "\\", "\0"}


def test_what_is_refused_at_once_leaves_nothing_behind(idle: OcrHouse) -> None:
    refused = [
        (InvalidImageError, [idle.file(b"just text"), idle.file(b"")]),
        (TooLargeError, [idle.file(b"x") for _ in range(201)]),
        (InvalidInputError, []),
    ]
    for error, files in refused:
        with pytest.raises(error):
            idle.ocr.start(files, STUB, by=LOCAL)
    assert list(idle.uploads.iterdir()) == []
    assert idle.tasks.active() == []


def test_a_task_waits_for_its_start_when_it_is_told_to(idle: OcrHouse) -> None:
    task_id = idle.start(draw_page(["one"]), auto_start=False)
    assert idle.tasks.get(task_id)["status"] == "pending"
    assert idle.ocr.pages(task_id).items == []


def test_workers_killed_at_random_lose_and_double_nothing(house: OcrHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "_LOSSES", 9)
    task_id = house.start(*(draw_page([f"page {number}"], slow=0.3) for number in range(8)))
    for _ in range(5):
        time.sleep(0.3)
        for worker in children_running(WORKER)[:1]:
            worker.kill()
    task = house.wait(task_id)
    assert (task["status"], task["processed"], task["total"]) == ("completed", 8, 8)
    assert house.texts(task_id) == [f"page {number}" for number in range(8)]


def test_a_list_of_pages_that_say_very_much_is_cut_short_and_can_be_gone_on_with(
    house: OcrHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = house.start(*(draw_page([f"page {number}", "more"]) for number in range(3)))
    house.wait(task_id)
    monkeypatch.setattr("services.ocr.pages._MOST_REGIONS", 3)
    first = house.ocr.pages(task_id, limit=3)
    assert ([page["page"] for page in first.items], first.total) == ([1, 2], 3)
    rest = house.ocr.pages(task_id, limit=3, cursor=first.next_cursor)
    assert ([page["page"] for page in rest.items], rest.next_cursor) == ([3], None)
