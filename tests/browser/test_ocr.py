"""The OCR pages, as people use them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.browser.screens import DESKTOP_EN, DESKTOP_ZH, PHONE_ZH, SCREENS, Screen, Visit
from tests.pages import draw_text_page
from tests.server import Server

EXAM = [
    "1. How long does the earth take to turn once?",
    "A. 12 hours",
    "B. 24 hours",
    "2. Name the longest river of Africa.",
]
RIVER = "2. Name the longest river of Africa."


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "exam.png"
    path.write_bytes(draw_text_page(EXAM))
    return path


@pytest.fixture(scope="module")
def task_id(server: Server, exam: Path) -> int:
    """A page that can be read, and one that is nothing of the kind."""
    files = [("files[]", ("exam.png", exam.read_bytes())), ("files[]", ("notes.png", b"no picture"))]
    task = requests.post(f"{server.url}/api/ocr/tasks", files=files, timeout=60).json()["data"]
    assert server.await_status(task["id"])["status"] == "completed"
    return int(task["id"])


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_a_page_is_shown_with_its_boxes_and_its_text(visit: Callable[..., Visit], task_id: int, screen: Screen):
    there = visit(f"/ocr/{task_id}", screen)
    there.page.get_by_role("button", name=RIVER).wait_for()
    there.page.locator("svg polygon").first.wait_for()
    there.assert_accessible()


def test_a_page_that_failed_says_why(visit: Callable[..., Visit], task_id: int):
    there = visit(f"/ocr/{task_id}?page=1", DESKTOP_EN)
    there.page.get_by_role("button", name="Page 2 · notes.png, failed").click()
    there.page.get_by_text(there.text("errors.INVALID_IMAGE.title")).wait_for()
    there.assert_accessible()


def test_a_dropped_picture_is_read_corrected_undone_and_cut_into_questions(
    visit: Callable[..., Visit], server: Server, exam: Path
):
    there = visit("/ocr", DESKTOP_ZH)
    page, text = there.page, there.text
    page.locator("input[type=file]").set_input_files(exam)
    page.get_by_role("button", name="识别 1 个文件").click()
    region = page.get_by_role("button", name=RIVER)
    region.click(timeout=60_000)
    page.get_by_role("textbox", name="文字").fill("2. Name the longest river of Asia.")
    page.get_by_role("button", name=text("save")).click()
    page.get_by_role("button", name="2. Name the longest river of Asia.").wait_for()
    page.get_by_role("button", name=text("ocr.undo")).click()
    page.get_by_role("button", name=text("ocr.undo")).wait_for(state="detached")
    page.get_by_role("button", name=text("ocr.questions.title")).click()
    page.get_by_role("button", name=text("ocr.questions.make")).click()
    page.get_by_text("已有 2 道试题放入题库。").wait_for()
    there.assert_accessible()
    stems = [question["stem"] for question in server.call("GET", "/api/banks/1/questions")["data"]]
    assert any("the earth take to turn" in stem for stem in stems)


def test_what_was_read_is_saved_as_a_file(visit: Callable[..., Visit], task_id: int):
    there = visit(f"/ocr/{task_id}", DESKTOP_EN)
    there.page.get_by_role("button", name=there.text("ocr.export")).click()
    with there.page.expect_download() as download:
        there.page.get_by_role("menuitem", name="JSON").click()
    assert RIVER in Path(download.value.path()).read_text("utf-8")


def test_the_empty_list_says_what_to_do_first(visit: Callable[..., Visit]):
    there = visit("/ocr", PHONE_ZH)
    there.page.get_by_text(there.text("ocr.drop.title")).wait_for()
    there.assert_accessible()
