"""The cameras page, as people use it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.screens import DESKTOP_EN, SCREENS, Screen, Visit
from tests.server import Server


def figure(there: Visit, name: str) -> str:
    return there.page.locator("dl > div", has_text=there.text(name)).locator("dd").first.inner_text()


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_a_cameras_frames_are_shown_as_they_come(visit: Callable[..., Visit], screen: Screen):
    there = visit("/cameras", screen)
    there.page.get_by_text("160×120").wait_for()
    assert there.page.evaluate("document.querySelector('canvas').width") == 160
    there.assert_accessible()


def test_a_camera_is_added_and_says_when_it_gives_no_picture_and_is_deleted(visit: Callable[..., Visit]):
    there = visit("/cameras", DESKTOP_EN)
    page, text = there.page, there.text
    page.get_by_role("button", name=text("cameras.add")).click()
    page.get_by_label(text("cameras.source")).fill("test:320x240@5")
    page.get_by_label(text("cameras.name"), exact=True).fill("Second")
    page.get_by_role("button", name=text("save")).click()
    page.get_by_text("320×240").wait_for()
    page.get_by_role("button", name="More about Second").click()
    page.get_by_role("menuitem", name=text("delete")).click()
    page.get_by_role("dialog").get_by_role("button", name=text("delete")).click()
    page.get_by_role("heading", name="Second").wait_for(state="detached")


def test_a_camera_without_a_picture_says_why_to_everybody_who_comes(visit: Callable[..., Visit], server: Server):
    film = server.data_dir / "cameras" / "broken.mp4"
    film.parent.mkdir(exist_ok=True)
    film.write_bytes(b"no film at all")
    made = server.call("POST", "/api/cameras", {"source": film.name, "name": "Broken"})["data"]
    for _ in range(2):  # the second comes to a camera that has been tried already
        there = visit("/cameras", DESKTOP_EN)
        there.page.get_by_role("article", name="Broken").get_by_text(
            there.text("errors.CAMERA_UNAVAILABLE.title")
        ).wait_for()
        there.assert_accessible()
    server.call("DELETE", f"/api/cameras/{made['id']}")


def test_a_source_that_is_not_allowed_is_refused_with_what_to_do(visit: Callable[..., Visit]):
    there = visit("/cameras", DESKTOP_EN)
    there.page.get_by_role("button", name=there.text("cameras.add")).click()
    there.page.get_by_label(there.text("cameras.source")).fill("/etc/passwd")
    there.page.get_by_role("button", name=there.text("save")).click()
    there.page.get_by_role("alert").wait_for()
    there.complaints.clear()  # Chromium tells the console of every refusal


def test_a_frame_becomes_a_recognition_and_a_clip_is_recorded(visit: Callable[..., Visit], server: Server):
    there = visit("/cameras", DESKTOP_EN)
    page, text = there.page, there.text
    page.get_by_text("160×120").wait_for()
    page.get_by_role("button", name=text("cameras.record")).click()
    page.get_by_role("button", name=text("cameras.stop")).click()
    page.get_by_text(text("cameras.clip.completed")).wait_for()
    page.get_by_role("button", name=text("cameras.read")).click()
    page.wait_for_url("**/ocr/*")
    task_id = int(page.url.rpartition("/")[2])
    assert server.await_status(task_id)["kind"] == "ocr"
