"""The banks pages, as people use them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.screens import DESKTOP_EN, DESKTOP_ZH, PHONE_EN, PHONE_ZH, Screen, Visit
from tests.server import Server

OTHER_HEADERS = "Prompt;First;Second;Right;Remarks\nSky?;blue;green;A;easy\n;x;y;B;\nSea?;wet;dry;A;=1\n"
MAPPED = {
    "Prompt": ("field.stem", ""),
    "First": ("optionOf", "A"),
    "Second": ("optionOf", "B"),
    "Right": ("field.answer", ""),
}
DROP = """([content, name]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(content), (char) => char.charCodeAt(0))], name));
  for (const type of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def bank_of(server: Server, name: str, count: int) -> int:
    """A bank of numbered questions in two subjects."""
    bank: int = server.call("POST", "/api/banks", {"name": name})["data"]["id"]
    questions = [
        {
            "stem": f"第 {n} 题",
            "type_name": "单选题",
            "subject_name": "物理" if n % 4 else "数学",
            "options": ["甲", "乙"],
        }
        for n in range(1, count + 1)
    ]
    server.call("POST", f"/api/banks/{bank}/questions", {"questions": questions})
    return bank


def test_who_comes_first_makes_the_sample_bank_and_looks_for_its_duplicates(visit: Callable[..., Visit]):
    there = visit("/banks", DESKTOP_ZH)
    page, text = there.page, there.text
    page.get_by_role("button", name=text("banks.sample.action")).wait_for()
    there.assert_accessible()
    page.get_by_role("button", name=text("banks.sample.action")).click()
    page.get_by_role("main").get_by_text("189 道题", exact=True).wait_for()
    page.get_by_role("button", name=text("banks.duplicates.action")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("checkbox", name=text("banks.duplicates.acrossOf.channel_code")).check()
    there.assert_accessible()
    dialog.get_by_role("button", name=text("banks.duplicates.start")).click()
    page.wait_for_url("**/tasks/*")
    page.get_by_role("heading", name="示例题库 查重").wait_for()


@pytest.mark.parametrize("screen", [DESKTOP_ZH, PHONE_EN], ids=str)
def test_a_file_of_other_headers_is_dropped_mapped_seen_and_imported(
    visit: Callable[..., Visit], screen: Screen, tmp_path: Path
):
    there = visit("/banks", screen)
    page, text = there.page, there.text
    page.get_by_role("button", name=text("banks.import")).wait_for()
    page.evaluate(DROP, [base64.b64encode(OTHER_HEADERS.encode()).decode(), "other.csv"])
    page.get_by_text(text("banks.noStem")).wait_for()
    there.assert_accessible()
    for column, (meaning, letter) in MAPPED.items():
        field = page.get_by_role("combobox", name=text("banks.fieldOf").replace("{name}", column))
        field.select_option(label=text(f"banks.{meaning}").replace("{letter}", letter))
    page.get_by_text("Sky?", exact=True).wait_for()
    page.get_by_role("tab", name=text("banks.badRows")).click()
    page.get_by_role("cell", name="3", exact=True).wait_for()
    page.get_by_role("textbox", name=text("banks.name")).fill(f"Other {screen}")
    page.get_by_role("button", name=text("banks.start"), exact=True).click()
    page.get_by_text(text("banks.outcome.imported"), exact=True).wait_for()
    there.assert_accessible()
    with page.expect_download() as download:
        page.get_by_role("button", name=text("banks.downloadBad")).click()
    download.value.save_as(tmp_path / "bad.csv")
    lines = (tmp_path / "bad.csv").read_text("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == [text("banks.line"), "3"]
    page.get_by_role("link", name=text("banks.openBank")).click()
    page.get_by_role("button", name="Sea?").wait_for()


def test_what_columns_are_is_guessed_from_their_names_where_a_person_would_have_to_say_it(visit: Callable[..., Visit]):
    there = visit("/banks/import", DESKTOP_EN)
    page, text = there.page, there.text
    content = "Question text,Choice 1,Choice 2,Key,Question type,Remarks\nSky?,blue,green,A,single,easy\n"
    file = {"name": "other.csv", "mimeType": "text/csv", "buffer": content.encode()}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("tab", name=text("banks.goodRows")).wait_for()
    names = ("Question text", "Choice 1", "Choice 2", "Key", "Question type", "Remarks")
    fields = [page.get_by_role("combobox", name=text("banks.fieldOf").replace("{name}", name)) for name in names]
    assert [field.input_value() for field in fields] == ["stem", "A", "B", "answer", "type_name", "none"]
    page.get_by_text("Question text, Choice 1, Choice 2, Key, Question type").wait_for()
    there.assert_accessible()


@pytest.mark.parametrize("screen", [PHONE_ZH, DESKTOP_EN], ids=str)
def test_questions_are_found_read_changed_deleted_and_exported(
    visit: Callable[..., Visit], server: Server, screen: Screen, tmp_path: Path
):
    bank = bank_of(server, f"Numbered {screen}", 130)
    there = visit(f"/banks/{bank}", screen)
    page, text = there.page, there.text
    page.get_by_role("button", name="第 1 题", exact=True).wait_for()
    there.assert_accessible()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")  # the rest comes by itself
    page.get_by_text(text("shownOf").replace("{shown}", "130").replace("{total}", "130")).wait_for()
    page.get_by_role("combobox", name=text("banks.field.subject_name")).select_option(label="数学 (32)")
    page.get_by_role("searchbox", name=text("banks.search")).fill("第 4")
    page.get_by_role("main").get_by_text(
        "4 questions" if screen.language == "en" else "4 道题", exact=True
    ).wait_for()  # 4, 40, 44, 48
    page.get_by_role("button", name="第 4 题", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=text("banks.edit"), exact=True).click()
    there.assert_accessible()
    dialog.get_by_role("textbox", name=text("banks.field.stem")).fill("第 4 题，改过")
    dialog.get_by_role("button", name=text("banks.addOption")).click()
    page.keyboard.type("丙")
    dialog.get_by_role("button", name=text("save")).click()
    dialog.get_by_text("丙", exact=True).wait_for()
    page.keyboard.press("Escape")
    for stem in ("第 40 题", "第 44 题", "第 48 题"):
        page.get_by_role("checkbox", name=text("selectRow").replace("{name}", stem)).check()
    page.get_by_role("button", name=text("banks.deleteSelected")).click()
    page.get_by_role("dialog").get_by_role("button", name=text("delete")).click()
    page.get_by_role("button", name="第 4 题，改过").wait_for()
    page.get_by_role("button", name="第 40 题").wait_for(state="detached")
    page.get_by_role("button", name=text("banks.exportThese")).click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=text("banks.format.jsonl")).click()
    download.value.save_as(tmp_path / "bank.jsonl")
    [line] = (tmp_path / "bank.jsonl").read_text("utf-8").splitlines()
    assert '"options":["甲","乙","丙"]' in line
    assert server.call("GET", f"/api/banks/{bank}")["data"]["question_count"] == 127


def test_what_was_not_saved_is_not_lost_by_the_escape_key_without_a_question(
    visit: Callable[..., Visit], server: Server
):
    bank = bank_of(server, "Unsaved", 1)
    there = visit(f"/banks/{bank}", DESKTOP_EN)
    page, text = there.page, there.text
    page.get_by_role("button", name="第 1 题", exact=True).click()
    page.get_by_role("button", name=text("banks.edit"), exact=True).click()
    page.get_by_role("textbox", name=text("banks.field.stem")).fill("something else")
    page.keyboard.press("Escape")
    leave = page.get_by_role("button", name=text("banks.confirm.loseAction"))
    leave.wait_for()
    question = page.get_by_role("dialog", name=text("banks.confirm.lose"))
    # By the layers: a dialog beneath takes no clicks, so a click would find its way even if nobody saw where.
    layer_of = "(dialog) => Number(getComputedStyle(dialog).zIndex)"
    beneath = page.locator("[role=dialog]", has=page.get_by_label(text("banks.field.stem"), exact=True))
    assert question.evaluate(layer_of) > beneath.evaluate(layer_of)
    leave.click()
    page.get_by_role("dialog").get_by_text("第 1 题", exact=True).wait_for()


def test_a_bank_is_made_renamed_and_deleted(visit: Callable[..., Visit]):
    there = visit("/banks", DESKTOP_EN)
    page, text = there.page, there.text
    page.get_by_role("button", name=text("banks.new")).click()
    page.get_by_role("textbox", name=text("banks.name")).fill("Chemistry")
    page.get_by_role("button", name=text("banks.make")).click()
    page.get_by_role("heading", name="Chemistry").wait_for()
    page.get_by_text(text("banks.emptyBank")).wait_for()
    page.get_by_role("button", name="More for Chemistry").click()
    page.get_by_role("menuitem", name=text("banks.editBank")).click()
    page.get_by_role("textbox", name=text("banks.name")).fill("Chemistry, year 9")
    page.get_by_role("button", name=text("save")).click()
    page.get_by_role("heading", name="Chemistry, year 9").wait_for()
    page.get_by_role("button", name="More for Chemistry, year 9").click()
    page.get_by_role("menuitem", name=text("banks.deleteBank")).click()
    page.get_by_role("dialog").get_by_role("button", name=text("banks.deleteBank")).click()
    page.wait_for_url("**/banks")
    page.get_by_role("link", name="default", exact=True).wait_for()
    assert page.get_by_role("link", name="Chemistry").count() == 0
