"""A request is stopped wherever it is, once, by whom it belongs to."""

from __future__ import annotations

import time

import pytest

from tests.integration.websockets.client import OcrClient
from tests.integration.websockets.conftest import Subject
from tests.pages import draw_page


def cancelled(client: OcrClient, request_id: object) -> None:
    end = client.end_of(request_id)
    assert (end["type"], end["data"]["error_code"]) == ("ocr_error", "CANCELLED")
    client.settle()
    assert len(client.of_request(request_id, "ocr_complete", "ocr_error")) == 1


def test_a_request_is_stopped_inside_a_page(subject: Subject) -> None:
    client = subject.connected()
    client.request(draw_page(["long"], slow=60), "a")
    client.wait(lambda: client.of_request("a", "ocr_progress"))
    began = time.monotonic()
    client.send("ocr_cancel", {"request_id": "a"})
    cancelled(client, "a")
    assert time.monotonic() - began < 2
    subject.await_state(busy=0)
    client.request(draw_page(["next"]), "a")
    assert client.end_of("a", 2)["type"] == "ocr_complete"


def test_a_request_that_waits_is_stopped_without_ever_having_a_worker(subject: Subject) -> None:
    client = subject.connected()
    for number in range(2):
        client.request(draw_page([f"long {number}"], slow=60), number)
    client.request(draw_page(["waits"], slow=60), "waits")
    client.send("ocr_cancel", {"request_id": "waits"})
    cancelled(client, "waits")
    assert client.of_request("waits", "ocr_progress") == []


def test_a_cancel_right_behind_its_request_stops_it(subject: Subject) -> None:
    client = subject.connected()
    for number in range(20):
        client.request(draw_page([f"page {number}"], slow=60), number)
        client.send("ocr_cancel", {"request_id": number})
    for number in range(20):
        cancelled(client, number)
    subject.await_state(busy=0, waiting=0)


def test_cancelling_twice_is_answered_once_and_the_second_time_refused_or_passed_over(subject: Subject) -> None:
    client = subject.connected()
    client.request(draw_page(["long"], slow=60), "a")
    for _ in range(5):
        client.send("ocr_cancel", {"request_id": "a"})
    cancelled(client, "a")
    assert {error["data"]["error_code"] for error in client.of_type("error")} <= {"INVALID_MESSAGE"}


@pytest.mark.parametrize("request_id", ["never", "done", 1.5, None, True, "", {}, ["a"], "x" * 1_000_000, 2**80])
def test_what_is_not_in_flight_cannot_be_stopped(subject: Subject, request_id: object) -> None:
    client = subject.connected()
    client.recognize(draw_page(["done"]), "done")
    client.send("ocr_cancel", {"request_id": request_id}, id="c")
    refusal = client.await_type("error")["data"]
    assert (refusal["error_code"], refusal["request_id"]) == ("INVALID_MESSAGE", "c")
    assert len(refusal["error_message"]) < 500


def test_nobody_stops_another_client_s_request(subject: Subject) -> None:
    owner, other = subject.connected(), subject.connected()
    owner.request(draw_page(["mine"], slow=1), "mine")
    owner.await_type("ocr_start")
    other.send("ocr_cancel", {"request_id": "mine"})
    assert other.await_type("error")["data"]["error_code"] == "INVALID_MESSAGE"
    assert owner.end_of("mine")["type"] == "ocr_complete"


def test_a_batch_is_stopped_whole_what_is_done_stays_done(subject: Subject) -> None:
    client = subject.connected()
    quick, slow = [draw_page([f"quick {number}"]) for number in range(2)], draw_page(["slow"], slow=60)
    client.batch([*quick, *[slow] * 6], "batch")
    client.ends_of("batch", 2)
    client.send("ocr_cancel", {"request_id": "batch"})
    ends = client.ends_of("batch", 8)
    codes = [end["data"].get("error_code") for end in sorted(ends, key=lambda end: int(end["data"]["index"]))]
    assert codes == [None] * 2 + ["CANCELLED"] * 6
    client.settle()
    assert len(client.of_request("batch", "ocr_complete", "ocr_error")) == 8


def test_a_client_that_leaves_frees_its_workers_at_once(subject: Subject) -> None:
    client = subject.connected()
    for number in range(10):
        client.request(draw_page([f"long {number}"], slow=60), number)
    client.settle()
    subject.await_state(busy=2)
    client.close()
    subject.await_state(seconds=2, busy=0, waiting=0, requests_in_flight=0, held_bytes=0)


def test_a_worker_that_dies_inside_a_page_is_told_of_and_replaced(subject: Subject) -> None:
    client = subject.connected()
    end = client.recognize(draw_page(["crash"], crash=True))
    assert end["data"]["error_code"] == "SERVER_ERROR"
    assert client.recognize(draw_page(["alive"]), 2)["data"]["result"]["text"] == "alive"
