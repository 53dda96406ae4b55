"""Pages that others build: the two examples of taskbeam-client, and one that knows nothing of it."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens import DESKTOP_EN, Visit
from tests.conftest import ROOT, absent
from tests.pages import draw_text_page
from tests.server import Server

CLIENT = ROOT / "web" / "client"
SOCKET_IO = ROOT / "tests" / "node" / "node_modules" / "socket.io-client" / "dist" / "socket.io.min.js"
PATIENCE = 30_000  # ms; a worker loads its models first

expect.set_options(timeout=PATIENCE)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another origin than the server's, as others' pages have."""
    if shutil.which("node") is None or not (CLIENT / "node_modules" / "vite").is_dir() or not SOCKET_IO.is_file():
        absent("needs Node, and `npm ci` in web/client and tests/node")
    folder = tmp_path_factory.mktemp("pages") / "built"
    build = ["node", "node_modules/vite/bin/vite.js", "build", "--config", "examples/vite.config.ts"]
    subprocess.run([*build, "--outDir", str(folder), "--logLevel", "warn"], cwd=CLIENT, check=True, timeout=60)
    for file in (*(ROOT / "tests" / "browser" / "pages").iterdir(), SOCKET_IO):
        shutil.copy(file, folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, pages: str) -> Iterator[Server]:
    settings = {"TASKBEAM_WORKERS": "1", "TASKBEAM_CAMERAS": "test:320x240@10", "TASKBEAM_CORS_ORIGINS": pages}
    with Server(tmp_path_factory.mktemp("server") / "var", **settings) as running:
        yield running


@pytest.fixture
def open_page(visit: Callable[..., Visit], pages: str, server: Server) -> Callable[[str], Page]:
    def open_at(path: str) -> Page:
        page = visit(f"{pages}/{path}?server={server.url}", DESKTOP_EN).page
        page.set_default_timeout(PATIENCE)
        return page

    return open_at


def report(server: Server, name: str, **figures: object) -> int:
    task_id: int = server.call("POST", "/api/external/tasks", {"task_name": name})["data"]["id"]
    server.call("PATCH", f"/api/external/tasks/{task_id}", figures)
    return task_id


@pytest.mark.parametrize("framework", ["vue", "react"])
def test_an_example_shows_tasks_reads_a_picture_and_shows_a_camera(
    open_page: Callable[[str], Page], server: Server, framework: str, tmp_path: Path
) -> None:
    page = open_page(f"{framework}/index.html")
    expect(page.get_by_role("status")).to_contain_text("live")
    task_id = report(server, f"for {framework}", progress=20, message="reading")
    page.get_by_role("button", name=f"for {framework}").click()
    shown = page.get_by_role("region", name="Task")
    expect(shown).to_contain_text("running, 20 %, reading")
    server.call("PATCH", f"/api/external/tasks/{task_id}", {"progress": 65})
    expect(shown).to_contain_text("65 %")
    expect(page.get_by_role("list", name="Active tasks, live")).to_contain_text("65 %")
    shown.get_by_role("button", name="Cancel").click()
    expect(shown).to_contain_text("cancelled, 65 %")
    expect(page.get_by_role("listitem")).to_have_count(0)

    (tmp_path / "page.png").write_bytes(draw_text_page(["Read in a page"]))
    page.get_by_label("Read a picture").set_input_files(tmp_path / "page.png")
    expect(page.get_by_text("Read in a page")).to_be_visible()
    (tmp_path / "broken.png").write_text("no picture")
    page.get_by_label("Read a picture").set_input_files(tmp_path / "broken.png")
    expect(page.get_by_role("alert")).not_to_be_empty()

    page.get_by_role("button", name="Watch").click()
    expect(page.get_by_text("live, ")).to_be_visible()
    await_viewers(server, page, 1)
    soon(page, lambda: drawn_colours(page) > 1)
    hide(page, hidden=True)
    await_viewers(server, page, 0)
    expect(page.get_by_text("paused, ")).to_be_visible()
    hide(page, hidden=False)
    await_viewers(server, page, 1)
    page.get_by_role("button", name="Stop").click()
    await_viewers(server, page, 0)


def test_a_restart_of_the_server_is_said_and_then_forgotten_without_a_reload(
    open_page: Callable[[str], Page], server: Server
) -> None:
    task_id = report(server, "lives on", progress=30)
    both = [open_page("vue/index.html"), open_page("react/index.html")]
    for page in both:
        page.get_by_role("button", name="lives on").click()
        expect(page.get_by_role("region", name="Task")).to_contain_text("30 %")
    server.kill()
    for page in both:
        expect(page.get_by_role("status")).to_contain_text("offline")
        expect(page.get_by_role("region", name="Task")).to_contain_text("offline since")
        expect(page.get_by_role("list", name="Active tasks, offline")).to_be_attached()
    server.start()
    server.call("PATCH", f"/api/external/tasks/{task_id}", {"progress": 80})
    for page in both:
        expect(page.get_by_role("status")).to_contain_text("live")
        expect(page.get_by_role("region", name="Task")).to_contain_text("80 %")
        expect(page.get_by_role("region", name="Task")).not_to_contain_text("since")
        expect(page.get_by_role("list", name="Active tasks, live")).to_contain_text("80 %")
    server.call("POST", f"/api/tasks/{task_id}/cancel")


def test_a_page_that_speaks_plain_socket_io_works_as_it_is(open_page: Callable[[str], Page], server: Server) -> None:
    questions = [{"stem": f"{n} + 1 = ?", "type_name": "单选题"} for n in range(20)]
    server.call("POST", "/api/banks/1/questions", {"questions": questions})
    page = open_page("plain.html")
    page.wait_for_function("seen.connected && seen.active_tasks")
    assert page.evaluate("Object.keys(seen.connected[0])") == ["message", "sid", "version"]
    assert page.evaluate("seen.active_tasks[0].tasks") == []

    job = page.evaluate("dedup()")
    task_id = job["made"]["body"]["data"]["id"]
    assert (job["made"]["status"], job["started"]["status"]) == (201, 202)
    assert (job["first"]["status"], job["first"]["data"]["id"]) == ("pending", task_id)
    assert job["progress"]
    for progress in job["progress"]:
        assert {"processed_groups", "total_groups", "progress_percentage", "current_group", "message"} <= set(progress)
    assert job["completed"]["result"]["questions"] == 20
    assert job["completed"]["data"]["progress_percentage"] == 100.0
    assert set(job["left"]) == {"message", "task_id"}

    for end in ("completed", "failed"):
        own = page.evaluate("(end) => report(end)", end)
        assert own["created"]["formData"] == {"subject": "数学"}
        assert own["progress"]["message"] == "on the way"
        assert own["ended"].get("result") == {"found": 2} or own["ended"]["error"] == "no paper"
    refusal = page.evaluate("wrong()")
    assert set(refusal) == {"message", "code"}


def await_viewers(server: Server, page: Page, count: int) -> None:
    soon(page, lambda: server.call("GET", "/api/cameras/1/status")["data"]["viewers"] == count)


def drawn_colours(page: Page) -> int:
    """Looked at in a copy: Chromium warns a page that reads its canvas often."""
    colours: int = page.get_by_role("img", name="Camera 1").evaluate(
        """(canvas) => {
            const { width, height } = canvas;
            const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
            copy.drawImage(canvas, 0, 0);
            return new Set(new Uint32Array(copy.getImageData(0, 0, width, height).data.buffer)).size;
        }"""
    )
    return colours


def soon(page: Page, look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while not look():
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)


def hide(page: Page, *, hidden: bool) -> None:
    """As when another tab is chosen; Chromium without a window has no such thing."""
    page.evaluate(
        "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )
