"""Clients of OCR over REST as they are: impatient, many at once, asking twice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from services.ocr.engines.registry import STUB_VARIABLE
from tests.pages import draw_page
from tests.server import Server

STUB = {"requirements": json.dumps({"engines": ["stub"], "cache": False})}
AT_ONCE, PAGES = 30, 3
FOREVER = 100.0  # seconds that no test waits for


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("clients"), TASKBEAM_WORKERS="1", **{STUB_VARIABLE: "1"}) as server:
        yield server


def recognize(server: Server, content: bytes, timeout: float = 30) -> requests.Response:
    return requests.post(f"{server.url}/api/ocr/recognize", files={"file": content}, data=STUB, timeout=timeout)


def start(server: Server, *pages: bytes, **headers: str) -> requests.Response:
    files = [("files[]", (f"{number}.png", page)) for number, page in enumerate(pages)]
    return requests.post(f"{server.url}/api/ocr/tasks", files=files, data=STUB, headers=headers, timeout=60)


def counted(server: Server, what: str) -> float:
    lines = requests.get(f"{server.url}/metrics", timeout=30).text.splitlines()
    [figure] = [line.split()[1] for line in lines if line.startswith(f"taskbeam_workers_{what} ")]
    return float(figure)


def until(look: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_client_that_hangs_up_keeps_no_worker(server: Server) -> None:
    with pytest.raises(requests.ReadTimeout):
        recognize(server, draw_page(["never read"], slow=FOREVER), timeout=1)
    until(lambda: counted(server, "busy") == 0)
    assert recognize(server, draw_page(["next"])).json()["data"]["text"] == "next"


def test_nor_does_one_that_hangs_up_in_the_queue(server: Server) -> None:
    with ThreadPoolExecutor() as clients:
        first = clients.submit(recognize, server, draw_page(["first"], slow=4))
        until(lambda: counted(server, "busy") == 1)
        with pytest.raises(requests.ReadTimeout):
            recognize(server, draw_page(["never read"], slow=FOREVER), timeout=1)
        until(lambda: counted(server, "waiting") == 0)
        assert first.result().json()["data"]["text"] == "first"
        until(lambda: counted(server, "busy") == 0)
    assert "Traceback" not in server.log


def test_many_at_once_are_all_answered_and_a_task_goes_on_between_them(server: Server) -> None:
    task_id = start(server, *(draw_page([f"page {number}"]) for number in range(PAGES))).json()["data"]["id"]
    is_over = threading.Event()

    def ask(client: int) -> list[str]:
        picture = draw_page([f"picture {client}"], slow=0.02)
        answers = [recognize(server, picture).json()["data"]["text"]]
        while not is_over.is_set():
            answers.append(recognize(server, picture).json()["data"]["text"])
        return answers

    with ThreadPoolExecutor(AT_ONCE) as clients:
        asking = [clients.submit(ask, client) for client in range(AT_ONCE)]
        try:
            assert server.await_status(task_id)["processed"] == PAGES
        finally:
            is_over.set()
        for client, answers in enumerate(asking):
            assert set(answers.result()) == {f"picture {client}"}


def test_a_task_that_is_asked_for_twice_under_one_key_is_made_once(server: Server) -> None:
    pages, key = [draw_page(["one"]), draw_page(["two"])], {"Idempotency-Key": "once"}
    first, again = start(server, *pages, **key), start(server, *pages, **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["data"]["id"] == again.json()["data"]["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    other = start(server, draw_page(["three"]), **key)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    server.await_status(first.json()["data"]["id"])
    kept = list((server.data_dir / "uploads").iterdir())
    assert len(kept) == len(pages) + PAGES, "what came a second time is not kept"
