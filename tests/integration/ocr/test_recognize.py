"""One picture read at once, by a real worker."""

from __future__ import annotations

import importlib.util
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from models import Database, OcrResult
from services.config import Settings
from services.errors import (
    ImageTooLargeError,
    InvalidImageError,
    InvalidInputError,
    ModelLoadError,
    NoTextDetectedError,
    UnitCancelledError,
    UnitError,
    UnitTimeoutError,
    WorkerLostError,
)
from services.ocr.requirements import Requirements
from services.ocr.service import OcrService
from services.runners.worker_pool import CancelToken
from tests.integration.ocr.conftest import STUB, OcrHouse
from tests.pages import draw_page

UNCACHED = Requirements(engines=["stub"], cache=False)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One is enough here: the cache, all that is stored, has tests of its own on both."""
    return sqlite_url


def stored(database: Database) -> int:
    from sqlalchemy import func, select

    return database.fetch_all(select(func.count()).select_from(OcrResult))[0][0]


def with_settings(house: OcrHouse, **values: Any) -> OcrService:
    settings = Settings(data_dir=house.data_dir, **values)
    return OcrService(house.database, house.tasks, house.banks, house.pool, settings)


def test_a_picture_is_read_as_the_contract_says(idle: OcrHouse) -> None:
    result = idle.ocr.recognize(draw_page(["first line", "第二行"]), STUB)
    assert result["text"] == "first line\n第二行"
    assert (result["selected_models"], result["strategy"], result["cached"]) == (["stub"], "single", False)
    assert (result["rotation"], result["width"] > 0, result["height"] > 0) == (0, True, True)
    assert [region["text"] for region in result["regions"]] == ["first line", "第二行"]
    assert {"bbox", "polygon", "text", "confidence"} <= set(result["regions"][0])
    assert {"confidence", "processing_time", "language", "document_type"} <= set(result)


def test_progress_never_falls_and_speaks_of_lines(idle: OcrHouse) -> None:
    heard: list[dict[str, Any]] = []
    idle.ocr.recognize(draw_page([str(n) for n in range(10)], slow=1), UNCACHED, on_progress=heard.append)
    figures = [report["progress"] for report in heard]
    assert figures == sorted(figures)
    assert all(0 <= figure <= 100 for figure in figures)
    assert any(report["stage"] == "recognition" and report["lines"] for report in heard)


def test_the_same_bytes_and_requirements_are_not_read_twice(idle: OcrHouse) -> None:
    page = draw_page(["known"])
    first = idle.ocr.recognize(page, STUB)
    heard: list[dict[str, Any]] = []
    again = idle.ocr.recognize(page, STUB, on_progress=heard.append)
    assert again == {**first, "cached": True}
    assert heard == []


def test_other_requirements_or_no_cache_read_anew(idle: OcrHouse) -> None:
    page = draw_page(["text"])
    idle.ocr.recognize(page, STUB)
    other = Requirements(engines=["stub"], document_type="receipt")
    assert not idle.ocr.recognize(page, other)["cached"]
    assert not idle.ocr.recognize(page, UNCACHED)["cached"]
    assert idle.ocr.recognize(page, Requirements(engines=["stub"], real_time=True))["cached"] is False
    assert stored(idle.database) >= 2


def test_a_page_that_a_task_found_empty_is_refused_here_all_the_same(house: OcrHouse) -> None:
    empty = draw_page([], size=(300, 300))
    house.read(empty)
    with pytest.raises(NoTextDetectedError):
        house.ocr.recognize(empty, STUB)


def test_a_cache_of_no_size_keeps_nothing(idle: OcrHouse) -> None:
    ocr = with_settings(idle, ocr_cache_mb=0)
    for _ in range(2):
        assert not ocr.recognize(draw_page(["text"]), STUB)["cached"]
    assert stored(idle.database) == 0


def test_a_cancel_stops_it_within_two_seconds(idle: OcrHouse) -> None:
    token = CancelToken()
    threading.Timer(0.5, token.cancel).start()
    began = time.monotonic()
    with pytest.raises(UnitCancelledError):
        idle.ocr.recognize(draw_page(["slow"], slow=60), STUB, cancel=token)
    assert time.monotonic() - began < 2.5


def test_a_picture_that_takes_too_long_is_given_up(idle: OcrHouse) -> None:
    with pytest.raises(UnitTimeoutError):
        with_settings(idle, unit_timeout=1).recognize(draw_page(["slow"], slow=60), STUB)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", InvalidImageError),
        (b"just text", InvalidImageError),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", InvalidImageError),
        (b"\x89PNG\r\n\x1a\n cut off", InvalidImageError),
        (draw_page([], size=(300, 300)), NoTextDetectedError),
    ],
    ids=["empty", "text", "svg", "cut off", "no text"],
)
def test_a_refused_picture_comes_back_as_its_own_error(idle: OcrHouse, data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        idle.ocr.recognize(data, STUB)


def test_a_picture_over_the_limit_is_not_looked_at(idle: OcrHouse) -> None:
    with pytest.raises(ImageTooLargeError, match="TASKBEAM_MAX_IMAGE_MB"):
        with_settings(idle, max_image_mb=0.5).recognize(os.urandom(2**19 + 1), STUB)


def test_the_hostile_files_are_refused_with_their_codes(idle: OcrHouse, shared_data: Path) -> None:
    folder = shared_data / "ocr" / "hostile"
    expected = {path.name: "INVALID_IMAGE" for path in folder.iterdir()}
    expected |= {name: "IMAGE_TOO_LARGE" for name in expected if name.startswith(("bomb", "giant"))}
    found = {}
    for path in folder.iterdir():
        with pytest.raises(Exception) as caught:  # noqa: PT011
            idle.ocr.recognize(path.read_bytes(), STUB)
        found[path.name] = caught.value.code  # type: ignore[attr-defined]
    assert expected == found


def test_engines_that_are_not_there_are_told_before_anything_is_read(idle: OcrHouse) -> None:
    from services.ocr.engines import registry

    missing = next((name for name, why in registry.available().items() if why and name != "stub"), None)
    if missing is None:
        pytest.skip("every engine is installed here")
    with pytest.raises(ModelLoadError):
        idle.ocr.recognize(draw_page(["x"]), Requirements(engines=[missing]))  # type: ignore[list-item]


def test_weights_are_looked_for_where_the_settings_say(idle: OcrHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.ocr.models_store import EASYOCR_WEIGHTS, easyocr_folder

    if any(importlib.util.find_spec(name) is None for name in ("easyocr", "torch", "torchvision")):
        pytest.skip("EasyOCR is not installed")
    monkeypatch.setenv("TASKBEAM_DATA_DIR", "/nowhere")  # as where an .env file names the folder
    folder = easyocr_folder(idle.data_dir)
    folder.mkdir(parents=True)
    for name in EASYOCR_WEIGHTS:
        (folder / name).touch()
    assert idle.start(draw_page(["x"]), requirements=Requirements(engines=["easyocr"])) > 0


def test_what_an_engine_trips_over_is_no_fault_of_the_client(idle: OcrHouse) -> None:
    with pytest.raises(UnitError) as caught:
        idle.ocr.recognize(draw_page(["x"], fail=True), STUB)
    assert not isinstance(caught.value, InvalidInputError)


def test_a_picture_whose_worker_was_lost_is_read_by_another(idle: OcrHouse) -> None:
    def kill() -> None:
        [worker.kill() for worker in list(idle.pool._dispatcher._workers) if worker.ticket is not None]

    killer = threading.Timer(0.5, kill)
    killer.start()
    assert idle.ocr.recognize(draw_page(["still here"], slow=1.5), UNCACHED)["text"] == "still here"
    killer.join()
    with pytest.raises(WorkerLostError):
        idle.ocr.recognize(draw_page(["poison"], crash=True), UNCACHED)


def test_estimates_follow_what_was_seen_and_outlive_the_server(idle: OcrHouse) -> None:
    page = draw_page(["slow"], slow=1)
    first_guess = idle.ocr.estimate(UNCACHED, len(page))
    idle.ocr.recognize(page, UNCACHED)
    learned = idle.ocr.estimate(UNCACHED, len(page))
    assert 0 < first_guess < 1 <= learned
    idle.ocr.tidy()
    assert with_settings(idle).estimate(UNCACHED, len(page)) == pytest.approx(learned, rel=0.1)


def test_a_busy_pool_makes_the_estimate_longer(idle: OcrHouse) -> None:
    free = idle.ocr.estimate(UNCACHED, 10_000)
    tokens = [CancelToken() for _ in range(4)]

    def ask(token: CancelToken) -> None:
        with pytest.raises(UnitCancelledError):
            idle.ocr.recognize(draw_page(["slow"], slow=60), UNCACHED, cancel=token)

    callers = [threading.Thread(target=ask, args=(token,)) for token in tokens]
    for caller in callers:
        caller.start()
    deadline = time.monotonic() + 30
    while idle.pool.stats().waiting < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert idle.ocr.estimate(UNCACHED, 10_000) > free
    for token, caller in zip(tokens, callers, strict=True):
        token.cancel()
        caller.join()


def test_somebody_who_waits_goes_before_the_pages_of_a_task(house: OcrHouse) -> None:
    task_id = house.start(*(draw_page([f"{n}"], slow=1.5) for n in range(12)))
    house.wait(task_id, lambda task: "recognition" in task["message"])
    house.ocr.recognize(draw_page(["now"]), Requirements(engines=["stub"], real_time=True))
    assert house.tasks.get(task_id)["processed"] < 8
