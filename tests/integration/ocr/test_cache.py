from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from models import Database, OcrResult
from services.ocr import cache
from services.ocr.cache import ResultCache, key_of
from services.ocr.requirements import Requirements
from tests.integration.ocr.conftest import STUB

ENGINES = {"rapidocr": None, "tesseract": None, "stub": None}


def kept(database: Database) -> list[str]:
    return [row.key for row in database.fetch_all(select(OcrResult.key).order_by(OcrResult.key))]


def used(database: Database, key: str, at: float) -> None:
    with database.transaction() as session:
        session.execute(update(OcrResult).where(OcrResult.key == key).values(used_at=at))


def test_what_was_put_in_comes_out_and_nothing_else(database: Database) -> None:
    cache = ResultCache(database)
    cache.put("a" * 64, {"text": "题____", "regions": []})
    assert cache.get("a" * 64) == {"text": "题____", "regions": []}
    assert cache.get("b" * 64) is None


def test_the_first_of_two_results_stays(database: Database) -> None:
    cache = ResultCache(database)
    for said in ("first", "second"):
        cache.put("a" * 64, {"text": said})
    assert cache.get("a" * 64) == {"text": "first"}


def test_a_result_that_would_push_out_many_is_not_kept(database: Database) -> None:
    cache = ResultCache(database)
    cache.put("a" * 64, {"text": "x" * 5_000_000})
    assert kept(database) == []


def test_what_cannot_be_kept_costs_nobody_the_result(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    with database.transaction() as session:
        session.execute(text("DROP TABLE ocr_results"))
    ResultCache(database).put("a" * 64, {"text": "read"})
    assert "was not written" in caplog.text


def test_what_was_used_longest_ago_goes_first(database: Database) -> None:
    cache = ResultCache(database)
    for age, key in enumerate("abcde"):
        cache.put(key, {"text": "x" * 1_000})
        used(database, key, time.time() - 100_000 + age)
    cache.get("a")  # used again now
    assert cache.evict(5 * 1_100) == 0
    assert cache.evict(4 * 1_100) == 2
    assert kept(database) == ["a", "d", "e"]
    assert cache.evict(0) == 3
    assert kept(database) == []


@pytest.mark.parametrize(
    "other",
    [
        ("f" * 64, 1, STUB),
        ("e" * 64, 2, STUB),
        ("e" * 64, 1, Requirements(engines=["stub"], region=[0, 0, 10, 10])),
        ("e" * 64, 1, Requirements(engines=["stub"], real_time=True)),
    ],
    ids=["bytes", "page", "region", "speed"],
)
def test_whatever_leads_to_another_result_makes_another_key(other: tuple[str, int, Requirements]) -> None:
    assert key_of("e" * 64, 1, STUB, ENGINES) == key_of("e" * 64, 1, STUB, ENGINES)
    assert key_of("e" * 64, 1, STUB, ENGINES) != key_of(*other, ENGINES)


def test_an_engine_more_makes_another_key() -> None:
    without = {**ENGINES, "tesseract": "It is not installed."}
    assert key_of("e" * 64, 1, STUB, ENGINES) != key_of("e" * 64, 1, STUB, without)


def test_another_version_of_tesseract_makes_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for version in ("5.3.0", "5.5.0"):
        program = tmp_path / version / "tesseract"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho tesseract {version}\necho eng\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
        found.append(cache._surroundings.__wrapped__())
    assert found[0] != found[1]


def test_the_pages_chosen_of_a_document_do_not_change_what_each_says() -> None:
    chosen = Requirements(engines=["stub"], pages="1-2", batch_processing=True)
    assert key_of("e" * 64, 1, STUB, ENGINES) == key_of("e" * 64, 1, chosen, ENGINES)
