"""Windows in which pages are looked at, and what is looked for in every one of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin, urlsplit

from tests.conftest import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

AXE = ROOT / "web" / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
PATIENCE = 20_000  # ms; under load everything takes its time


@dataclass(frozen=True, slots=True)
class Screen:
    width: int
    height: int
    language: str
    theme: str = "light"

    def __str__(self) -> str:
        return f"{self.width}-{self.language}-{self.theme}"

    def text(self, name: str) -> str:
        """The text of a name like "tasks.title" in this screen's language, as the dashboard has it."""
        page, _, rest = name.partition(".")
        messages = _messages(page, self.language)
        for part in (rest if messages is not None else name).split("."):
            messages = (messages if messages is not None else _messages("", self.language) or {})[part]
        assert isinstance(messages, str), name
        return messages


@cache
def _messages(page: str, language: str) -> Any:
    folder = ROOT / "web" / "dashboard" / "src"
    path = folder / "pages" / page / f"{language}.json" if page else folder / "locales" / f"{language}.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


PHONE_EN, PHONE_ZH = Screen(360, 740, "en"), Screen(390, 844, "zh", "dark")
DESKTOP_EN, DESKTOP_ZH = Screen(1440, 900, "en", "dark"), Screen(1280, 800, "zh")
SCREENS = (PHONE_EN, PHONE_ZH, DESKTOP_EN, DESKTOP_ZH)


@dataclass
class Visit:
    """A page in a window; `complaints` gathers what it said on its console."""

    context: BrowserContext
    page: Page
    screen: Screen
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, browser: Browser, url: str, path: str, screen: Screen, before: str = "") -> Self:
        """`before`: a script that runs before any of the page's."""
        page = urlsplit(urljoin(url, path))
        visit = cls._prepare(browser, url, screen, f"{page.scheme}://{page.netloc}")
        visit.context.add_init_script(before)
        visit.page.goto(path)
        return visit

    @classmethod
    def _prepare(cls, browser: Browser, url: str, screen: Screen, origin: str) -> Self:
        context = browser.new_context(
            base_url=url,
            viewport={"width": screen.width, "height": screen.height},
            locale={"en": "en-US", "zh": "zh-CN"}[screen.language],
            color_scheme=screen.theme,  # type: ignore[arg-type]
            is_mobile=screen.width < 600,
            has_touch=screen.width < 600,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        visit = cls(context, context.new_page(), screen)
        visit.page.on("console", visit._note)
        visit.page.on("request", lambda request: visit._must_be_ours(request.url, url, origin))
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        return visit

    def text(self, name: str) -> str:
        return self.screen.text(name)

    def _must_be_ours(self, asked: str, server: str, origin: str) -> None:
        """The page needs nothing from the net, but its server and, where others built it, its own origin."""
        if not asked.startswith((server, origin, server.replace("http", "ws", 1), "blob:", "data:")):
            self.complaints.append(f"asked for {asked}")

    def _note(self, message: ConsoleMessage) -> None:
        # Chromium itself says so of every answer that is no success, whatever the page makes of it.
        if (
            message.type in {"error", "warning"}
            and "Failed to load resource" not in message.text
            and "ERR_CONNECTION" not in message.text
        ):
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def end(self) -> None:
        self.context.close()

    def assert_accessible(self) -> None:
        """axe-core finds nothing; and nothing is wider than the window."""
        self.page.evaluate(AXE.read_text("utf-8"))
        violations = self.page.evaluate(
            "async (tags) => (await axe.run({ runOnly: tags })).violations"
            ".map(({ id, nodes }) => [id, nodes.map((node) => node.html + ' ' + node.failureSummary)])",
            RULES,
        )
        assert violations == []
        assert self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
