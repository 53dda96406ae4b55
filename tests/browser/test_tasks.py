"""The tasks, as people watch and steer them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.screens import DESKTOP_EN, PHONE_ZH, SCREENS, Screen, Visit
from tests.server import Server

VisitPage = Callable[[str, Screen], Visit]


def report(server: Server, name: str, **figures: object) -> int:
    """A task of our own, as another program reports it."""
    task_id: int = server.call("POST", "/api/external/tasks", {"task_name": name, "total": 1000})["data"]["id"]
    if figures:
        server.call("PATCH", f"/api/external/tasks/{task_id}", figures)
    return task_id


@pytest.fixture(scope="module")
def tasks(server: Server) -> dict[str, int]:
    made = {
        "running": report(server, "数学题库 2025 春季", processed=420),
        "failed": report(server, "Physics, all channels", status="failed", error="The disk is full."),
        "completed": report(server, "Camera 1", status="completed", result={"pages": 1}),
    }
    assert server.call("GET", "/api/tasks")["meta"]["total"] == len(made)
    return made


@pytest.fixture(scope="module")
def dedup(server: Server, tasks: dict[str, int]) -> dict[str, Any]:
    """The sample bank's duplicates; `tasks` come first, for their test counts them."""
    server.await_status(server.call("POST", "/api/banks/sample", {})["data"]["id"])
    body = {"task_name": "示例题库", "bank_id": 2, "auto_start": True}
    return server.await_status(server.call("POST", "/api/dedup/tasks", body)["data"]["id"])


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_tasks_are_listed_with_status_and_progress(visit: VisitPage, tasks: dict[str, int], screen: Screen):
    there = visit("/", screen)
    there.page.get_by_role("heading", name=there.text("tasks.title")).wait_for()
    there.page.get_by_role("link", name="数学题库 2025 春季").wait_for()
    assert there.page.locator("tr, li").get_by_text(there.text("status.failed"), exact=True).is_visible()
    assert there.page.get_by_text("42%").is_visible()
    there.assert_accessible()


def test_a_new_task_and_its_progress_appear_by_themselves(visit: VisitPage, server: Server, tasks: dict[str, int]):
    there = visit("/tasks", DESKTOP_EN)
    there.page.get_by_text(there.text("connection.live")).wait_for()
    there.page.get_by_role("link", name="Camera 1").wait_for()
    task_id = report(server, "Just come", processed=370)
    there.page.get_by_role("progressbar", name="Progress of Just come").wait_for()
    server.call("PATCH", f"/api/external/tasks/{task_id}", {"processed": 710})
    there.page.get_by_text("71%").wait_for()
    server.call("POST", f"/api/tasks/{task_id}/cancel")


def test_filters_are_the_address_and_survive_a_reload(visit: VisitPage, tasks: dict[str, int]):
    there = visit("/tasks", DESKTOP_EN)
    page = there.page
    page.get_by_role("link", name="Camera 1").wait_for()
    page.get_by_role("combobox", name=there.text("tasks.status")).select_option("failed")
    page.get_by_role("searchbox").fill("physics")
    page.wait_for_url("**/tasks?status=failed&q=physics")
    for _ in range(2):
        page.get_by_role("link", name="Physics, all channels").wait_for()
        assert page.get_by_role("link", name="Camera 1").count() == 0
        page.reload()
    page.get_by_role("searchbox").fill("nothing has this name")
    page.get_by_role("button", name=there.text("tasks.clear")).click()
    page.get_by_role("link", name="Camera 1").wait_for()
    page.wait_for_url("**/tasks")


def test_what_is_done_with_all_that_match_is_counted_first(visit: VisitPage, server: Server, tasks: dict[str, int]):
    made = [report(server, f"bulk {number}") for number in range(3)]
    there = visit("/tasks?q=bulk", PHONE_ZH)
    there.page.get_by_role("button", name=there.text("tasks.bulk.matching")).click()
    there.page.get_by_role("menuitem", name=there.text("tasks.actions.cancel")).click()
    dialog = there.page.get_by_role("dialog")
    dialog.get_by_text("取消任务：3 个任务？").wait_for()
    there.assert_accessible()
    dialog.get_by_role("button", name=there.text("tasks.actions.cancel")).click()
    there.page.get_by_text("取消任务：3 个任务。").first.wait_for()
    assert {server.call("GET", f"/api/tasks/{task_id}")["data"]["status"] for task_id in made} == {"cancelled"}


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_a_task_shows_its_life_its_groups_and_its_result(visit: VisitPage, dedup: dict[str, Any], screen: Screen):
    there = visit(f"/tasks/{dedup['id']}", screen)
    page = there.page
    page.get_by_role("heading", name="示例题库").wait_for()
    timeline = page.get_by_role("region", name=there.text("tasks.timeline")).get_by_role("listitem")
    expected = [there.text(f"status.{status}") for status in ("completed", "running", "queued")]
    for number, word in enumerate(expected):
        timeline.nth(number).get_by_text(word).wait_for()
    page.get_by_role("img", name=there.text("tasks.curveText").partition("{")[0]).wait_for()
    page.get_by_role("cell", name="数学 · 单选题 · default").wait_for()
    questions = page.get_by_text(there.text("tasks.result.questions"), exact=True).first
    assert questions.locator("xpath=..").get_by_text(str(dedup["result"]["questions"])).is_visible()
    there.assert_accessible()


def test_a_failed_task_says_why_and_what_to_do_and_can_be_deleted(
    visit: VisitPage, server: Server, tasks: dict[str, int]
):
    task_id = report(server, "Lost", status="failed", error="The disk is full.")
    there = visit(f"/tasks/{task_id}", PHONE_ZH)
    there.page.get_by_role("alert").get_by_text("The disk is full.").wait_for()
    assert there.page.get_by_role("alert").get_by_text(there.text("errors.EXTERNAL.remedy")).is_visible()
    there.page.get_by_role("button", name=there.text("tasks.actions.delete")).click()
    there.page.get_by_role("dialog").get_by_role("button", name=there.text("tasks.actions.delete")).click()
    there.page.wait_for_url("**/tasks")
    there.page.get_by_role("link", name="Camera 1").wait_for()
    assert there.page.get_by_role("link", name="Lost").count() == 0


def test_a_task_that_is_not_there_says_so(visit: VisitPage, server: Server):
    there = visit("/tasks/99999", DESKTOP_EN)
    there.page.get_by_role("alert").get_by_text(there.text("errors.NOT_FOUND.title")).wait_for()
    there.page.goto("/ocr/not/a/page")
    there.page.get_by_role("heading", name=there.text("notFound.title")).wait_for()
