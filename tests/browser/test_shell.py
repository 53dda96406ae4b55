"""What surrounds every page: language, colours, keyboard, connection, keys; and the settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.screens import DESKTOP_EN, PHONE_EN, SCREENS, Screen, Visit
from tests.server import Server

VisitPage = Callable[[str, Screen], Visit]


def running(server: Server, name: str, processed: int) -> int:
    task_id: int = server.call("POST", "/api/external/tasks", {"task_name": name, "total": 100})["data"]["id"]
    server.call("PATCH", f"/api/external/tasks/{task_id}", {"processed": processed})
    return task_id


def test_language_and_colours_change_without_a_reload_and_are_remembered(visit: VisitPage):
    there = visit("/settings", DESKTOP_EN)
    page = there.page
    page.get_by_role("button", name="Language").click()
    page.get_by_role("menuitem", name="中文").click()
    page.get_by_role("heading", name="设置", exact=True).wait_for()
    page.get_by_role("button", name="配色").click()
    page.get_by_role("menuitem", name="浅色").click()
    page.reload()
    page.get_by_role("heading", name="设置", exact=True).wait_for()
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dataset.theme]") == [
        "zh-CN",
        "light",
    ]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(246, 248, 247)"


def test_the_keyboard_reaches_the_content_first_and_then_every_page(visit: VisitPage):
    page = visit("/tasks", DESKTOP_EN).page
    page.get_by_role("heading", name="Tasks").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.get_by_role("navigation").get_by_role("link", name="Settings").press("Enter")
    page.get_by_role("heading", name="Settings").wait_for()
    assert page.title() == "Settings · Taskbeam"
    page.wait_for_function("document.activeElement.id === 'main'")


def test_a_server_that_dies_is_missed_and_caught_up_with_when_it_is_back(
    visit_at: Callable[..., Visit], built: None, tmp_path: Path
):
    with Server(tmp_path / "server", TASKBEAM_WORKERS="1") as server:
        first = running(server, "before", 25)
        there = visit_at(server.url, "/tasks", PHONE_EN)
        there.page.get_by_text("25%").wait_for()
        there.page.get_by_text(there.text("connection.live"), exact=True).first.wait_for(state="attached")
        server.kill()
        since = there.text("connection.reconnectingSince").partition("{time}")
        there.page.get_by_text(re.compile(rf"{re.escape(since[0])}\d\d:\d\d:\d\d")).wait_for()
        there.page.get_by_text(re.compile(r"\d\d:\d\d:\d\d")).nth(1).wait_for()  # the row, too, says as of when
        there.assert_accessible()
        server.start()
        server.call("PATCH", f"/api/external/tasks/{first}", {"processed": 75})
        running(server, "while away", 50)
        for text in ("75%", "50%"):
            there.page.get_by_text(text).wait_for(timeout=3000 + 7000)  # 3 s where nothing else runs
        assert there.page.get_by_text(there.text("connection.stale")).count() == 0


# As a proxy does that lets none through: an error, and no word why.
NO_WEBSOCKETS = """
window.WebSocket = class extends EventTarget {
  constructor() {
    super();
    setTimeout(() => { this.onerror?.(new Event("error")); this.onclose?.(new CloseEvent("close")); });
  }
  close() {}
  send() {}
};
"""


def test_where_websockets_do_not_come_through_polling_does(visit_at: Callable[..., Visit], server: Server):
    there = visit_at(server.url, "/tasks", DESKTOP_EN, before=NO_WEBSOCKETS)
    there.page.get_by_text(there.text("connection.live"), exact=True).wait_for()
    running(server, "by polling", 33)
    there.page.get_by_text("33%").wait_for()


@pytest.fixture(scope="module")
def guarded(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"TASKBEAM_WORKERS": "1", "TASKBEAM_AUTH": "required"}
    with Server(tmp_path_factory.mktemp("guarded"), **settings) as running_server:
        yield running_server


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_where_keys_are_asked_for_one_signs_in(visit_at: Callable[..., Visit], guarded: Server, screen: Screen):
    key = guarded.make_key("tasks:read")
    there = visit_at(guarded.url, "/tasks", screen)
    page = there.page
    page.get_by_role("heading", name=there.text("signIn.title")).wait_for()
    there.assert_accessible()
    page.get_by_label(there.text("signIn.key")).fill("tb_wrong")
    page.get_by_role("button", name=there.text("signIn.action")).click()
    page.get_by_role("alert").get_by_text(there.text("errors.UNAUTHORIZED.title")).wait_for()
    page.get_by_label(there.text("signIn.key")).fill(key)
    page.get_by_role("button", name=there.text("signIn.action")).click()
    page.get_by_text(there.text("tasks.none"), exact=True).wait_for()
    page.get_by_text(there.text("connection.live"), exact=True).first.wait_for(state="attached")
    page.reload()
    page.get_by_text(there.text("tasks.none"), exact=True).wait_for()
    assert page.evaluate("[sessionStorage, localStorage].map((store) => store.getItem('taskbeam.token') !== null)") == [
        True,
        False,
    ]
    page.get_by_role("button", name=there.text("signOut")).click()
    page.get_by_role("heading", name=there.text("signIn.title")).wait_for()


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_a_key_is_made_shown_once_and_revoked(visit: VisitPage, server: Server, screen: Screen):
    there = visit("/settings", screen)
    page, name = there.page, f"key of {screen}"
    page.get_by_role("button", name=there.text("settings.keys.new")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(there.text("settings.keys.name")).fill(name)
    dialog.get_by_text("camera:view").click()
    there.assert_accessible()
    dialog.get_by_role("button", name=there.text("settings.keys.make")).click()
    dialog.get_by_text("tb_").wait_for()
    dialog.get_by_role("button", name=there.text("settings.keys.kept")).click()
    made = server.call("GET", "/api/keys")["data"][0]
    assert (made["name"], made["scopes"]) == (name, ["camera:view", "tasks:read"])
    page.get_by_role("button", name=there.text("settings.keys.revokeOf").format(name=name)).click()
    page.get_by_role("dialog").get_by_role("button", name=there.text("settings.keys.revoke")).click()
    page.get_by_role("button", name=there.text("settings.keys.revokeOf").format(name=name)).wait_for(state="detached")
    assert server.call("GET", "/api/keys")["data"][0]["revoked_at"] is not None
    there.assert_accessible()


def test_the_servers_state_and_its_checks_are_shown(visit: VisitPage):
    there = visit("/settings", SCREENS[0])
    there.page.get_by_text("SQLite").wait_for()
    there.page.get_by_role("button", name=there.text("settings.checks.run")).click()
    there.page.get_by_text("taskbeam.db").wait_for(timeout=60_000)
    there.assert_accessible()
