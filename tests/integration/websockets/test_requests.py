"""A page goes in, what is on it comes out: start, true progress, one end."""

from __future__ import annotations

import base64
import io
import time
from typing import Any

import pytest
from PIL import Image

from services.version import VERSION
from tests.integration.websockets.client import ENDS, STUB, base64_of
from tests.integration.websockets.conftest import Subject
from tests.pages import draw_page

STAGES = ["preprocessing", "detection", "recognition", "postprocessing"]


def test_a_client_is_greeted_with_its_id_and_what_the_server_is(subject: Subject) -> None:
    first, second = subject.connect(), subject.connect()
    greeting = first.await_type("connection_status")["data"]
    assert greeting["status"] == "connected"
    assert greeting["server_info"]["version"] == VERSION
    assert greeting["server_info"]["uptime"] >= 0
    other = second.await_type("connection_status")["data"]
    assert greeting["client_id"] != other["client_id"]
    assert other["server_info"]["active_connections"] == 2


def test_a_ping_is_answered_with_the_server_s_time_and_the_ping_s_id(subject: Subject) -> None:
    client = subject.connected()
    client.send("ping", id=7)
    pong = client.await_type("pong")
    assert pong["id"] == 7
    assert abs(pong["data"]["server_time"] - time.time()) < 5
    assert abs(pong["timestamp"] - time.time()) < 5
    assert pong["data"]["uptime"] > 0


def test_a_page_is_started_progresses_and_is_completed(subject: Subject) -> None:
    client = subject.connected()
    end = client.recognize(draw_page(["第一行", "second line", "3 + 4 = 7"], slow=1.0), "page-1")
    answers = client.of_request("page-1")
    assert [answer["type"] for answer in answers] == ["ocr_start", *["ocr_progress"] * (len(answers) - 2), end["type"]]
    assert all(answer["id"] == "page-1" for answer in answers)
    assert answers[0]["data"]["estimated_time"] > 0
    result = end["data"]["result"]
    assert result["text"] == "第一行\nsecond line\n3 + 4 = 7"
    assert (result["selected_models"], result["strategy"], result["rotation"]) == (["stub"], "single", 0)
    assert [len(region["bbox"]) for region in result["regions"]] == [4, 4, 4]
    assert result["confidence"] == pytest.approx(0.99)
    assert not result["cached"]
    progress = [answer["data"] for answer in answers[1:-1]]
    assert [each["progress"] for each in progress] == sorted(each["progress"] for each in progress)
    assert 0 <= progress[0]["progress"] < progress[-1]["progress"] <= 100
    stages = [STAGES.index(each["stage"]) for each in progress]
    assert stages == sorted(stages)
    assert "recognition" in [each["stage"] for each in progress]
    assert all(each["message"] for each in progress)


def test_the_same_page_again_comes_from_the_cache(subject: Subject) -> None:
    client = subject.connected()
    page = draw_page(["seen before"])
    assert client.recognize(page, 1)["data"]["result"]["cached"] is False
    assert client.recognize(page, 2)["data"]["result"]["cached"] is True
    assert client.recognize(page, 3, cache=False)["data"]["result"]["cached"] is False


@pytest.mark.parametrize("dress", ["data_url", "data_url_with_name", "lines", "url_safe", "unpadded", "spaces_around"])
def test_base64_is_understood_as_clients_write_it(subject: Subject, dress: str) -> None:
    page = draw_page(["any dress"])
    text = base64_of(page)
    dressed = {
        "data_url": f"data:image/png;base64,{text}",
        "data_url_with_name": f"DATA:image/png;name=a.png;BASE64,{text}",
        "lines": base64.encodebytes(page).decode().replace("\n", "\r\n"),
        "url_safe": base64.urlsafe_b64encode(page).decode(),
        "unpadded": text.rstrip("="),
        "spaces_around": f" \n{text}\t ",
    }[dress]
    assert subject.connected().recognize(dressed)["data"]["result"]["text"] == "any dress"


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("", "INVALID_IMAGE"),
        ("not base64!", "INVALID_IMAGE"),
        ("题目", "INVALID_IMAGE"),
        ("QUJD=QUJD", "INVALID_IMAGE"),
        ("A", "INVALID_IMAGE"),
        ("data:image/png,raw", "INVALID_IMAGE"),
        ("http://127.0.0.1/page.png", "INVALID_IMAGE"),
        (base64_of(b"plain text, no picture"), "INVALID_IMAGE"),
        (base64_of(draw_page(["cut"])[:200]), "INVALID_IMAGE"),
        (base64_of(draw_page([], size=(4, 4))), "NO_TEXT_DETECTED"),
    ],
)
def test_what_is_no_readable_image_ends_with_its_code(subject: Subject, image: str, code: str) -> None:
    client = subject.connected()
    end = client.recognize(image, "bad")
    assert (end["type"], end["data"]["error_code"]) == ("ocr_error", code)
    assert end["data"]["error_message"].endswith((".", ")"))
    assert isinstance(end["data"]["details"], dict)
    assert end["data"]["suggestions"]
    client.settle()


def draw_page_of(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height)).save(file, "PNG")
    return file.getvalue()


def test_a_tiny_image_is_too_small_and_one_over_the_limit_too_large(subject: Subject) -> None:
    client = subject.connected()
    tiny = draw_page_of(3, 3)
    assert client.recognize(tiny, 1)["data"]["error_code"] == "IMAGE_TOO_SMALL"
    assert client.recognize(b"\x89PNG" + bytes(11_000_000), 2)["data"]["error_code"] == "IMAGE_TOO_LARGE"


def test_a_request_without_an_id_is_given_one(subject: Subject) -> None:
    client = subject.connected()
    client.request(draw_page(["nameless"]))
    given = client.await_type("ocr_start")["data"]["request_id"]
    assert isinstance(given, str)
    assert client.end_of(given)["data"]["result"]["text"] == "nameless"


@pytest.mark.parametrize("request_id", [0, -5, 2**53, "0", "x" * 200, "编号"])
def test_an_id_comes_back_as_it_was_sent(subject: Subject, request_id: Any) -> None:
    end = subject.connected().recognize(draw_page(["id"]), request_id)
    assert end["type"] == "ocr_complete"
    assert [type(end["data"]["request_id"]), end["data"]["request_id"]] == [type(request_id), request_id]


def test_a_number_and_its_text_are_two_ids(subject: Subject) -> None:
    client = subject.connected()
    client.request(draw_page(["number"], slow=0.5), 1)
    client.request(draw_page(["text"], slow=0.5), "1")
    assert client.end_of(1)["data"]["result"]["text"] == "number"
    assert client.end_of("1")["data"]["result"]["text"] == "text"


def test_an_id_in_flight_is_refused_and_free_again_at_the_end(subject: Subject) -> None:
    client = subject.connected()
    client.request(draw_page(["first"], slow=1), "same")
    client.request(draw_page(["second"]), "same")
    refusal = client.await_type("error")["data"]
    assert (refusal["error_code"], refusal["request_id"]) == ("INVALID_MESSAGE", "same")
    assert client.end_of("same")["data"]["result"]["text"] == "first"
    client.request(draw_page(["third"]), "same")
    assert client.end_of("same", 2)["data"]["result"]["text"] == "third"


def test_a_batch_has_one_answer_for_each_image_and_one_progress(subject: Subject) -> None:
    client = subject.connected()
    client.batch([draw_page([f"page {number}"], slow=0.3) for number in range(5)], "batch")
    ends = client.ends_of("batch", 5)
    assert {end["data"]["index"]: end["data"]["result"]["text"] for end in ends} == {
        number: f"page {number}" for number in range(5)
    }
    assert {end["data"]["total"] for end in ends} == {5}
    assert client.of_request("batch", "ocr_start")[0]["data"]["total"] == 5
    progress = [each["data"]["progress"] for each in client.of_request("batch", "ocr_progress")]
    assert progress == sorted(progress)
    assert len(client.of_request("batch", "ocr_start")) == 1


def test_one_bad_image_of_a_batch_fails_alone(subject: Subject) -> None:
    client = subject.connected()
    client.batch([draw_page(["good"]), "?", draw_page(["stained"], fail=True), draw_page(["fine"])], "batch")
    ends = {end["data"]["index"]: end["data"] for end in client.ends_of("batch", 4)}
    assert [ends[0]["result"]["text"], ends[3]["result"]["text"]] == ["good", "fine"]
    assert [ends[1]["error_code"], ends[2]["error_code"]] == ["INVALID_IMAGE", "SERVER_ERROR"]


def test_a_batch_of_nothing_but_bad_images_is_answered_for_each(subject: Subject) -> None:
    client = subject.connected()
    client.batch(["?", "!"], "batch")
    assert [end["data"]["error_code"] for end in client.ends_of("batch", 2)] == ["INVALID_IMAGE"] * 2


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "image"),
        ({"image": 5}, "image"),
        ({"image": None}, "image"),
        ({"images": ["QUJD"]}, "images"),
        ({"image": "QUJD", "requirements": {"batch_processing": True}}, "images"),
        ({"images": [], "requirements": {"batch_processing": True}}, "images"),
        ({"images": ["QUJD", 5], "requirements": {"batch_processing": True}}, "images.1"),
        ({"images": ["QUJD"] * 1000, "requirements": {"batch_processing": True}}, "images"),
        ({"image": "QUJD", "requirements": []}, "requirements"),
        ({"image": "QUJD", "requirements": {"language": "klingon"}}, "requirements.language"),
        ({"image": "QUJD", "requirements": {"engines": ["nosuch"]}}, "requirements.engines.0"),
    ],
)
def test_a_request_that_says_nothing_sensible_is_an_invalid_message(subject: Subject, data: Any, field: str) -> None:
    client = subject.connected()
    client.send("ocr_request", data, id="odd")
    refusal = client.await_type("error")["data"]
    assert (refusal["error_code"], refusal["request_id"]) == ("INVALID_MESSAGE", "odd")
    assert field.partition(".")[0] in refusal["error_message"]
    assert refusal["suggestions"]
    client.settle()
    assert client.of_request("odd", *ENDS) == []


def test_requirements_of_a_newer_app_are_no_fault(subject: Subject) -> None:
    client = subject.connected()
    data = {"image": base64_of(draw_page(["new"])), "requirements": {**STUB, "gpu": True}, "device": "phone"}
    client.send("ocr_request", data, id=1, version=9)
    assert client.end_of(1)["data"]["result"]["text"] == "new"


def test_many_requests_in_flight_are_all_answered_and_no_more_than_the_bound(subject: Subject) -> None:
    client = subject.connected()
    pages = [draw_page([f"page {number}"], slow=0.1) for number in range(40)]
    for number, page in enumerate(pages):
        client.request(page, number)
    ends = [client.end_of(number) for number in range(40)]
    codes = [end["data"].get("error_code") for end in ends]
    assert codes[:32] == [None] * 32
    refused = [end["data"] for end in ends if end["type"] == "ocr_error"]
    assert {each["error_code"] for each in refused} == {"RATE_LIMIT_EXCEEDED"}
    assert all(each["details"]["retry_after"] > 0 for each in refused)


def test_a_real_time_request_passes_those_that_wait(subject: Subject) -> None:
    client = subject.connected()
    for number in range(8):
        client.request(draw_page([f"slow {number}"], slow=0.4), number)
    client.request(draw_page(["now"]), "now", real_time=True)
    client.end_of("now")
    client.end_of(7)
    order = [message["data"]["request_id"] for message in client.messages if message["type"] == "ocr_complete"]
    assert order.index("now") < 5


def test_a_batch_does_not_hold_up_the_request_behind_it(subject: Subject) -> None:
    client, single = subject.connected(), draw_page(["single"], slow=0.3)
    client.batch([draw_page([f"page {number}"], slow=0.3) for number in range(10)], "batch")
    client.request(single, "single")
    client.end_of("single")
    assert len(client.of_request("batch", *ENDS)) < 8
    client.ends_of("batch", 10)


def test_a_client_with_many_requests_leaves_room_for_another(subject: Subject) -> None:
    greedy, modest = subject.connected(), subject.connected()
    for number in range(20):
        greedy.request(draw_page([f"greedy {number}"], slow=0.5), number)
    greedy.settle()
    state = subject.state()
    assert state["busy"] + state["waiting"] == 2  # of twenty: it has no more lanes than there are workers
    assert modest.recognize(draw_page(["modest"], slow=0.2))["type"] == "ocr_complete"
    assert len([message for message in greedy.messages if message["type"] == "ocr_complete"]) < 8
