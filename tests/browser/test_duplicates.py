"""The review of duplicates, as people do it: alone, by keyboard, and two at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.screens import DESKTOP_EN, DESKTOP_ZH, PHONE_ZH, SCREENS, Screen, Visit
from tests.server import Server

TaskId = int


@pytest.fixture(scope="module")
def task(server: Server) -> TaskId:
    """What a task found in the sample bank."""
    filling = server.call("POST", "/api/banks/sample", {"name": "Sample of the review"})["data"]
    server.await_status(filling["id"])
    body = {"task_name": "示例 duplicates", "bank_id": filling["params"]["bank_id"], "auto_start": True}
    task_id: int = server.call("POST", "/api/dedup/tasks", body)["data"]["id"]
    assert server.await_status(task_id)["result"]["clusters"] > 40
    return task_id


def clusters(server: Server, task: TaskId, **filters: object) -> list[dict]:
    asked = "&".join(f"{name}={value}" for name, value in filters.items())
    found: list[dict] = server.call("GET", f"/api/dedup/tasks/{task}/clusters?limit=500&{asked}")["data"]
    return found


def cluster(server: Server, task: TaskId, cluster_id: int) -> dict:
    found: dict = server.call("GET", f"/api/dedup/tasks/{task}/clusters/{cluster_id}")["data"]
    return found


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_a_cluster_is_chosen_and_compared(visit: Callable[..., Visit], server: Server, task: TaskId, screen: Screen):
    there = visit("/duplicates", screen)
    there.page.get_by_role("link", name="示例 duplicates").click()
    first = clusters(server, task, decision="none", verdict="near")[0]
    queue = there.page.get_by_role("navigation", name=there.text("duplicates.queue"))
    figures = there.page.get_by_role("region", name=there.text("duplicates.progress"))
    figures.get_by_role("button", name=there.text("duplicates.verdict.near")).click()
    there.page.wait_for_url("**verdict=near**")
    queue.get_by_role("button").first.click()
    there.page.get_by_role("article").nth(1).wait_for()
    assert f"cluster={first['id']}" in there.page.url
    assert "verdict=near" in there.page.url
    there.page.locator("ins").first.wait_for()
    there.assert_accessible()


def test_keys_decide_go_on_and_take_back(visit: Callable[..., Visit], server: Server, task: TaskId):
    one, two = clusters(server, task, decision="none", verdict="exact")[:2]
    there = visit(f"/duplicates/{task}?verdict=exact&cluster={one['id']}", DESKTOP_EN)
    page = there.page
    heading = page.get_by_role("heading", name=f"Cluster {one['id']}")
    heading.wait_for()
    page.keyboard.press("m")
    page.get_by_role("heading", name=f"Cluster {two['id']}").wait_for()  # goes on at once
    row = page.get_by_role("navigation", name="Clusters").get_by_role("button").first
    row.get_by_text("Merged by you").wait_for()
    assert cluster(server, task, one["id"])["decision"]["action"] == "merge"
    page.keyboard.press("u")
    heading.wait_for()
    row.get_by_text("Exact").wait_for()
    assert cluster(server, task, one["id"])["decision"] is None
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys and words").wait_for()
    there.assert_accessible()


def test_a_member_is_left_out_and_another_one_kept(visit: Callable[..., Visit], server: Server, task: TaskId):
    one = clusters(server, task, decision="none", verdict="review")[0]
    there = visit(f"/duplicates/{task}?cluster={one['id']}", DESKTOP_EN)
    page = there.page
    page.get_by_text("The answers disagree", exact=True).wait_for()
    page.get_by_role("button", name="Merge 1").wait_for()  # of a pair, "merge" says it
    page.keyboard.press("x")
    page.get_by_text("Is left alone").wait_for()
    page.keyboard.press("x")
    page.keyboard.press("c")
    page.get_by_role("button", name="Keep the representative").wait_for()
    page.keyboard.press("m")
    page.get_by_text("1 of ").wait_for()
    decision = cluster(server, task, one["id"])["decision"]
    assert decision["keep_id"] == one["members"][1]["question_id"]
    server.call("DELETE", f"/api/dedup/tasks/{task}/clusters/{one['id']}/decision")


def test_two_reviewers_see_each_other_and_neither_overwrites_unseen(
    visit: Callable[..., Visit], server: Server, task: TaskId
):
    one = clusters(server, task, decision="none", verdict="exact")[0]
    address = f"/duplicates/{task}?cluster={one['id']}"
    mine, theirs = visit(address, DESKTOP_EN), visit(address, DESKTOP_ZH)
    for there in (mine, theirs):
        there.page.get_by_text(there.text("connection.live")).first.wait_for()
        there.page.get_by_role("article").nth(1).wait_for()
    theirs.page.keyboard.press("a")
    mine.page.get_by_text("All kept by somebody").first.wait_for()
    mine.page.get_by_role("time").first.wait_for()  # when

    two = clusters(server, task, decision="none", verdict="exact")[0]
    mine.page.goto(f"/duplicates/{task}?cluster={two['id']}")
    mine.page.get_by_role("heading", name=f"Cluster {two['id']}").wait_for()
    mine.page.get_by_text(mine.text("connection.live")).first.wait_for()
    mine.page.route("**/decision", lambda route: overtake(route, server, task, two["id"]))
    mine.page.keyboard.press("m")
    mine.page.get_by_role("button", name=f"Look at cluster {two['id']}").click()
    mine.page.get_by_text("Somebody decided about it meanwhile").wait_for()
    mine.page.get_by_text("Not duplicates by somebody").first.wait_for()
    assert cluster(server, task, two["id"])["decision"]["action"] == "not_duplicate"
    mine.assert_accessible()
    mine.complaints.clear()  # Chromium logs the refusal (409), which is what this is about


def test_a_decision_that_did_not_arrive_is_not_called_saved(visit: Callable[..., Visit], server: Server, task: TaskId):
    one = clusters(server, task, decision="none", verdict="variant")[0]
    there = visit(f"/duplicates/{task}?cluster={one['id']}", DESKTOP_EN)
    page = there.page
    page.get_by_role("article").nth(1).wait_for()
    page.route("**/decision", lambda route: route.abort())
    page.keyboard.press("n")
    page.get_by_role("button", name=f"Look at cluster {one['id']}").click()
    page.get_by_text("The server was not reached").wait_for()
    page.unroute("**/decision")
    page.keyboard.press("n")
    page.get_by_text("Not duplicates by you").first.wait_for()
    assert cluster(server, task, one["id"])["decision"]["action"] == "not_duplicate"


def overtake(route: Any, server: Server, task: TaskId, cluster_id: int) -> None:
    """Somebody else's decision comes to the server before the one that is on its way."""
    server.call("POST", f"/api/dedup/tasks/{task}/clusters/{cluster_id}/decision", {"action": "not_duplicate"})
    route.continue_()


def test_all_that_match_are_counted_decided_and_taken_back(visit: Callable[..., Visit], server: Server, task: TaskId):
    there = visit(f"/duplicates/{task}?verdict=near", PHONE_ZH)
    page, text = there.page, there.text
    page.get_by_role("button", name=text("duplicates.bulk.open")).click()
    page.get_by_role("radio", name=re.compile(text("duplicates.action.merge"))).wait_for()
    go = page.get_by_role("button", name=re.compile(r"^处理 \d+ 组$"))
    go.wait_for()  # counted first
    there.assert_accessible()
    count = int(re.findall(r"\d+", go.inner_text())[0])
    assert count == len(clusters(server, task, decision="none", verdict="near")) > 0
    go.click()
    page.get_by_text(f"已处理 {count} 组").last.wait_for()
    assert clusters(server, task, decision="none", verdict="near") == []
    page.get_by_role("button", name=text("duplicates.undo"), exact=True).click()
    page.get_by_text(f"{count} 组恢复为未处理").last.wait_for()
    assert len(clusters(server, task, decision="none", verdict="near")) == count


def test_a_new_task_is_tried_on_a_sample_and_started(visit: Callable[..., Visit], server: Server, task: TaskId):
    there = visit("/duplicates", DESKTOP_EN)
    page = there.page
    page.get_by_role("button", name="Find duplicates").click()
    page.get_by_role("button", name="Try on a sample").click()
    page.get_by_text("What each would find in all 189 questions.").wait_for()
    there.assert_accessible()
    page.get_by_role("radio", name="0.95").check()
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("heading", name="Duplicates in Sample of the review").wait_for()
    page.get_by_role("article").nth(1).wait_for()
