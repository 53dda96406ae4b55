"""A client that does not read holds up itself: no memory, no worker, and not for ever."""

from __future__ import annotations

import itertools
import json
import time

import pytest

from tests.integration.transport.clients import TEXT, RawClient
from tests.integration.websockets.client import STUB, base64_of
from tests.integration.websockets.conftest import StartSubject, Subject
from tests.pages import draw_page


def ask(client: RawClient, request_id: int, image: str) -> None:
    data = {"image": image, "requirements": STUB}
    client.send_frame(TEXT, json.dumps({"type": "ocr_request", "data": data, "id": request_id}).encode())


def ask_for_ever(client: RawClient, image: str) -> None:
    for number in itertools.count():
        ask(client, number, image)


def test_a_client_that_reads_nothing_keeps_no_worker_and_is_let_go(start_subject: StartSubject) -> None:
    subject = start_subject("outgoing.STALL_SECONDS=2", "rate_limit=1000000/minute")
    page = draw_page([f"line {number} {'x' * 200}" for number in range(60)])
    other = subject.connected()
    other.recognize(page)  # from now on it comes from the cache, 30 kB a time
    stalled = RawClient(subject.port, "/ws/ocr", receive_buffer=4096)
    stalled.sock.settimeout(1)
    with pytest.raises(TimeoutError):  # it is not read any more, either
        ask_for_ever(stalled, base64_of(page))
    assert other.recognize(draw_page(["other"]), "other")["type"] == "ocr_complete"
    assert subject.state()["rss"] < 400_000_000
    subject.await_state(connections=1, requests_in_flight=0, held_bytes=0, busy=0)


def test_progress_waits_for_nobody_and_the_newest_is_what_a_slow_reader_gets(subject: Subject) -> None:
    reader = RawClient(subject.port, "/ws/ocr", receive_buffer=4096)
    ask(reader, 1, base64_of(draw_page([f"line {number}" for number in range(60)], slow=2)))
    time.sleep(3)
    messages = []
    while not messages or messages[-1]["type"] != "ocr_complete":
        messages.append(json.loads(str(reader.read_message())))
    assert messages[-1]["data"]["result"]["text"].count("\n") == 59
    shown = [message["data"]["progress"] for message in messages if message["type"] == "ocr_progress"]
    assert shown == sorted(shown)


def test_a_half_open_connection_is_found_out_and_its_worker_freed(subject: Subject) -> None:
    client = RawClient(subject.port, "/ws/ocr")
    ask(client, 1, base64_of(draw_page(["long"], slow=60)))
    subject.await_state(busy=1)
    client.sock.shutdown(1)  # it will say nothing more; whether it still reads nobody can know
    subject.await_state(busy=0, connections=0)
