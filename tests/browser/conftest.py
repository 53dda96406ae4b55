"""A real Chromium before a real server with the dashboard as it is built."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.screens import Screen, Visit
from tests.conftest import absent
from tests.server import Server
from web.dashboard_files import DashboardFiles

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (make test does it)")

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[playwright.Browser]:
    """One for a whole module: a start takes longer than most tests."""
    if not CHROMIUM.exists():
        absent(f"no Chromium at {CHROMIUM} (Debian: apt install chromium)")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def built() -> None:
    if not DashboardFiles().is_built:
        absent("the dashboard is not built (make test does it, with Node 20 or newer)")


@pytest.fixture(scope="module")
def server(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), TASKBEAM_WORKERS="1", TASKBEAM_CAMERAS="test:160x120@5") as running:
        yield running


@pytest.fixture
def visit_at(chromium: playwright.Browser) -> Iterator[Callable[..., Visit]]:
    """`visit_at(url, "/tasks", PHONE_ZH)` opens a page there; in the end none of them may have complained."""
    opened: list[Visit] = []

    def open_page(url: str, path: str, screen: Screen, before: str = "") -> Visit:
        opened.append(Visit.begin(chromium, url, path, screen, before))
        return opened[-1]

    yield open_page
    for visited in opened:
        visited.end()
    assert [complaint for visited in opened for complaint in visited.complaints] == []


@pytest.fixture
def visit(server: Server, visit_at: Callable[..., Visit]) -> Callable[..., Visit]:
    """`visit("/tasks", PHONE_ZH)`: the same at the module's own server."""
    return lambda path, screen: visit_at(server.url, path, screen)
