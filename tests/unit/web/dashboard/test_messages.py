"""The dashboard's texts: whatever is said in one language is said in the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

SOURCES = ROOT / "web" / "dashboard" / "src"
FOLDERS = sorted(
    {path.parent for path in SOURCES.rglob("en.json")} | {path.parent for path in SOURCES.rglob("zh.json")}
)


def texts_in(messages: dict[str, Any], head: str = "") -> Iterator[tuple[str, str]]:
    for name, message in messages.items():
        if isinstance(message, dict):
            yield from texts_in(message, f"{head}{name}.")
        else:
            yield f"{head}{name}", message


def texts_of(folder: Path, language: str) -> dict[str, str]:
    return dict(texts_in(json.loads((folder / f"{language}.json").read_text("utf-8"))))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_both_languages_have_every_text_with_the_same_places(folder: Path):
    english, chinese = texts_of(folder, "en"), texts_of(folder, "zh")
    assert english.keys() <= chinese.keys()  # what the server says in English needs words in Chinese only
    for name, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[name])), name
        # Chinese has no plural, so that one form may stand for all.
        assert chinese[name].count(" | ") in {0, text.count(" | ")}, name


@pytest.mark.parametrize(
    "folder", [folder for folder in FOLDERS if folder.parent.name == "pages"], ids=lambda folder: folder.name
)
def test_every_text_that_a_page_asks_for_is_there(folder: Path):
    said = texts_of(folder, "en")
    source = "\n".join(path.read_text("utf-8") for path in [*folder.glob("*.vue"), *folder.glob("*.ts")])
    asked = re.findall(rf"""\bt\(\s*["'`]{folder.name}\.([\w.]+)["'`]""", source)
    assert set(asked) <= said.keys()
