"""OCR tasks of a real server, when it or its workers die, and when people change their minds."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from PIL import Image

from services.ocr.engines.registry import STUB_VARIABLE
from services.ocr.engines.stub import JOURNAL_VARIABLE
from tests.load.kill_rounds import events
from tests.load.watcher import Watcher
from tests.pages import draw_page
from tests.server import HttpError, Server

REQUIREMENTS = {"engines": ["stub"], "cache": False}
PROMPT = 2.0  # seconds in which a cancel stops a page
PATIENCE = 60.0


class OcrServer(Server):
    """One whose pages leave a trace of each time that they are read."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._journal = folder / "journal"
        traced = {STUB_VARIABLE: "1", JOURNAL_VARIABLE: str(self._journal)}
        super().__init__(folder / "var", TASKBEAM_WORKERS=str(workers), **traced)

    def readings(self) -> Counter[str]:
        """{line: how often a reading of it was begun}."""
        text = self._journal.read_text(encoding="utf-8") if self._journal.exists() else ""
        return Counter(text.splitlines())

    def forget_readings(self) -> None:
        self._journal.unlink(missing_ok=True)

    def send(self, *files: bytes, **fields: str) -> int:
        parts = [("files[]", (f"file {number}", content)) for number, content in enumerate(files, start=1)]
        data = {"requirements": json.dumps(REQUIREMENTS), **fields}
        made = requests.post(f"{self.url}/api/ocr/tasks", files=parts, data=data, timeout=60)
        assert made.status_code == 201, made.text
        return int(made.json()["data"]["id"])

    def pages(self, task_id: int) -> list[dict[str, Any]]:
        pages: list[dict[str, Any]] = self.call("GET", f"/api/ocr/tasks/{task_id}/pages?limit=500")["data"]
        return pages

    def texts(self, task_id: int) -> list[str | None]:
        return [page["result"] and page["result"]["text"] for page in self.pages(task_id)]

    def workers(self) -> list[psutil.Process]:
        assert self.process is not None
        return [child for child in psutil.Process(self.process.pid).children() if _is_worker(child)]


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OcrServer]:
    with OcrServer(tmp_path_factory.mktemp("two"), workers=2) as server:
        yield server


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OcrServer]:
    with OcrServer(tmp_path_factory.mktemp("one"), workers=1) as server:
        yield server


@pytest.fixture
def server(two_workers: OcrServer) -> OcrServer:
    two_workers.forget_readings()
    return two_workers


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "services.runners.worker" in process.cmdline()
    except psutil.NoSuchProcess:  # it ended meanwhile
        return False


@pytest.fixture
def lonely(one_worker: OcrServer) -> OcrServer:
    """Its only worker is the one that reads."""
    one_worker.forget_readings()
    return one_worker


def document(pages: Sequence[bytes]) -> bytes:
    pictures = [Image.open(io.BytesIO(page)) for page in pages]
    out = io.BytesIO()
    pictures[0].save(out, "TIFF", save_all=True, append_images=pictures[1:], compression="tiff_deflate")
    return out.getvalue()


def until(look: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, look
        time.sleep(0.02)
    return found


def is_being_read(server: OcrServer, line: str, times: int = 1) -> None:
    until(lambda: server.readings()[line] >= times)


def have_been_read(server: OcrServer, task_id: int, count: int) -> list[dict[str, Any]]:
    def done() -> list[dict[str, Any]] | None:
        pages = [page for page in server.pages(task_id) if page["status"] == "completed"]
        return pages if len(pages) >= count else None

    found: list[dict[str, Any]] = until(done)
    return found


def without_times(pages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    timeless = {"processing_time", "timings"}
    return [
        page | {"result": {name: value for name, value in page["result"].items() if name not in timeless}}
        for page in pages
    ]


@contextmanager
def watched(server: OcrServer, task_id: int) -> Iterator[None]:
    """From here to the task's end one client sees exactly the log, in which no number is missing or twice."""
    with Watcher(server.url, task_id) as watcher:
        yield
        log = events(server, task_id)
        assert [row["seq"] for row in log] == list(range(1, len(log) + 1))
        watcher.await_seq(log[-1]["seq"])
    assert watcher.seen == [(row["seq"], row["event"]) for row in log]


def test_a_server_that_is_killed_inside_a_document_goes_on_where_it_was(server: OcrServer) -> None:
    lines = [f"page {number}" for number in range(1, 13)]
    scan = document([draw_page([line], slow=0.3) for line in lines])
    undisturbed = server.send(scan)
    assert server.await_status(undisturbed)["status"] == "completed"
    server.forget_readings()
    task_id = server.send(scan)
    with watched(server, task_id):
        done = have_been_read(server, task_id, 4)
        server.kill()
        began = set(server.readings())
        server.start()
        task = server.await_status(task_id)
    assert (task["status"], task["processed_pages"], task["total_pages"]) == ("completed", 12, 12)
    assert without_times(server.pages(task_id)) == without_times(server.pages(undisturbed))
    assert [page for page in server.pages(task_id) if page["page"] in {each["page"] for each in done}] == done
    readings = server.readings()
    assert set(readings) == set(lines)
    assert all(readings[f"page {page['page']}"] == 1 for page in done)
    twice = {line for line, times in readings.items() if times == 2}
    assert max(readings.values()) <= 2
    assert twice <= began - {f"page {page['page']}" for page in done}
    assert len(twice) <= 2, "as many as there are workers may have been cut off"


def test_a_page_whose_worker_is_killed_is_read_again_once(lonely: OcrServer) -> None:
    task_id = lonely.send(draw_page(["first"]), draw_page(["second", "half", "rest"], slow=3), draw_page(["third"]))
    with watched(lonely, task_id):
        is_being_read(lonely, "half")
        (worker,) = lonely.workers()
        worker.kill()
        task = lonely.await_status(task_id)
    assert (task["status"], task["processed"], task["total"]) == ("completed", 3, 3)
    assert lonely.texts(task_id) == ["first", "second\nhalf\nrest", "third"]
    assert lonely.readings() == {"first": 1, "second": 2, "half": 2, "rest": 1, "third": 1}


def test_a_cancel_inside_a_page_stops_it_and_leaves_what_was_read(server: OcrServer) -> None:
    task_id = server.send(draw_page(["kept"]), draw_page(["slow", "never"], slow=100))
    have_been_read(server, task_id, 1)
    is_being_read(server, "slow")
    before = {worker.pid for worker in server.workers()}
    began = time.monotonic()
    server.call("POST", f"/api/tasks/{task_id}/cancel")
    until(lambda: before - {worker.pid for worker in server.workers()}, PROMPT)  # who read it is gone
    assert server.await_status(task_id)["status"] == "cancelled"
    assert time.monotonic() - began < PROMPT
    assert [page["status"] for page in server.pages(task_id)] == ["completed", "pending"]
    export = requests.get(f"{server.url}/api/ocr/tasks/{task_id}/export?format=txt", timeout=30)
    assert "kept" in export.text
    assert server.readings()["never"] == 0


def test_a_task_that_is_paused_inside_a_page_does_the_rest_when_it_is_resumed(lonely: OcrServer) -> None:
    task_id = lonely.send(draw_page(["first"]), draw_page(["second", "half"], slow=2), draw_page(["third"]))
    with watched(lonely, task_id):
        is_being_read(lonely, "second")
        lonely.call("POST", f"/api/tasks/{task_id}/pause")
        assert lonely.await_status(task_id, "paused")["processed"] == 1
        asleep = lonely.readings()
        time.sleep(1.5)
        assert lonely.readings() == asleep
        lonely.call("POST", f"/api/tasks/{task_id}/resume")
        assert lonely.await_status(task_id)["status"] == "completed"
    assert lonely.texts(task_id) == ["first", "second\nhalf", "third"]
    assert lonely.readings() == {"first": 1, "second": 2, "half": 1, "third": 1}


def test_a_retry_reads_the_pages_that_failed_and_no_others(lonely: OcrServer) -> None:
    task_id = lonely.send(draw_page(["good"]), draw_page(["bad"], fail=True), draw_page(["slow"], slow=60))
    is_being_read(lonely, "slow")
    lonely.call("POST", f"/api/tasks/{task_id}/cancel")
    lonely.await_status(task_id, "cancelled")
    task = lonely.call("POST", f"/api/tasks/{task_id}/retry")["data"]
    assert (task["status"], task["processed"], task["total"]) == ("queued", 1, 3)
    is_being_read(lonely, "slow", times=2)
    assert lonely.readings() == {"good": 1, "bad": 2, "slow": 2}
    assert [page["status"] for page in lonely.pages(task_id)] == ["completed", "failed", "pending"]
    lonely.call("POST", f"/api/tasks/{task_id}/cancel")
    lonely.await_status(task_id, "cancelled")


def test_a_page_that_kills_every_worker_fails_alone(server: OcrServer) -> None:
    others = [f"other {number}" for number in range(6)]
    pages = [draw_page([line], slow=0.2) for line in others]
    task_id = server.send(pages[0], draw_page(["fatal"], crash=True), *pages[1:])
    with watched(server, task_id):
        task = server.await_status(task_id)
    assert task["status"] == "completed"
    assert server.texts(task_id) == [others[0], None, *others[1:]]
    assert server.pages(task_id)[1]["error"]["code"] == "WORKER_LOST"
    readings = server.readings()
    assert {line: readings[line] for line in others} == dict.fromkeys(others, 1)
    assert task["result"]["failed_pages"][0]["page"] == 2


def test_a_deleted_task_leaves_no_file_behind(lonely: OcrServer) -> None:
    task_id = lonely.send(draw_page(["first"]), draw_page(["second"]))
    lonely.await_status(task_id)
    assert requests.get(f"{lonely.url}/api/ocr/tasks/{task_id}/export?format=pdf", timeout=30).ok
    kept = files_of(lonely)
    lonely.call("DELETE", f"/api/tasks/{task_id}")
    assert len(kept - files_of(lonely)) == 2
    with pytest.raises(HttpError, match="404"):
        lonely.pages(task_id)


def files_of(server: OcrServer) -> set[Path]:
    folders = (server.data_dir / name for name in ("uploads", "exports", "tmp"))
    return {path for folder in folders if folder.exists() for path in folder.rglob("*") if path.is_file()}
