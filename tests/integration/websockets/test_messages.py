"""Whatever a client sends, it is told what was wrong, and nobody else notices."""

from __future__ import annotations

import json
import random
import time
import zlib
from typing import Any

import orjson
import pytest

from tests.integration.transport.clients import BINARY, CLOSE, PING, TEXT, RawClient, frame
from tests.integration.websockets.client import STUB, base64_of
from tests.integration.websockets.conftest import StartSubject, Subject
from tests.pages import draw_page

COMPRESSED = 0x40
OFFER = {"Sec-WebSocket-Extensions": "permessage-deflate"}


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize(
    "message",
    [
        "",
        " ",
        "null",
        "5",
        '"ping"',
        "[]",
        '[{"type":"ping"}]',
        "{}",
        '{"type":null}',
        '{"type":5}',
        '{"type":""}',
        '{"type":["ping"]}',
        '{"type":"ping","data":5}',
        '{"type":"ping","data":[]}',
        '{"type":"ping","data":"x"}',
        '{"type":"ping","id":1.5}',
        '{"type":"ping","id":true}',
        '{"type":"ping","id":{}}',
        '{"type":"ping","id":""}',
        '{"type":"ping"',
        '{"type":"ping"}{"type":"ping"}',
        '{"type":NaN}',
        '{"type":"\\ud800"}',
        '{"type":"ping","id":"' + "x" * 1_000_000 + '"}',
        '{"type":"ping","data":' + nested(900) + "x}",
        '{"type":"ping","data":' + nested(100_000) + "}",
        "[" * 1_000_000,
        "[" + "[]," * 300_000 + "[]]",
    ],
    ids=lambda message: message[:30] or "nothing",
)
def test_what_is_no_message_is_invalid_and_the_connection_stays_open(subject: Subject, message: str) -> None:
    client = subject.connected()
    client.send_raw(message)
    refusal = client.await_type("error")["data"]
    assert refusal["error_code"] == "INVALID_MESSAGE"
    assert len(refusal["error_message"]) < 500
    assert refusal["suggestions"]
    client.settle()


@pytest.mark.parametrize("kind", ["pong", "connect", "ocr_start", "OCR_REQUEST", "x" * 100, "类型", "__class__"])
def test_an_unknown_type_is_named(subject: Subject, kind: str) -> None:
    client = subject.connected()
    client.send(kind, id=3)
    refusal = client.await_type("error")["data"]
    assert (refusal["error_code"], refusal["request_id"]) == ("UNKNOWN_TYPE", 3)
    assert kind in refusal["error_message"]
    client.settle()


def test_a_type_of_a_million_characters_is_not_sent_back(subject: Subject) -> None:
    client = subject.connected()
    client.send("x" * 1_000_000)
    refusal = client.await_type("error")
    assert refusal["data"]["error_code"] == "INVALID_MESSAGE"
    assert len(json.dumps(refusal)) < 2000


def test_a_binary_frame_is_invalid_and_the_connection_stays_open(subject: Subject) -> None:
    client = subject.connected()
    client.send_raw(draw_page(["raw"]))
    assert client.await_type("error")["data"]["error_code"] == "INVALID_MESSAGE"
    client.settle()


def test_a_message_without_data_or_with_null_is_as_one_with_none(subject: Subject) -> None:
    client = subject.connected()
    for message in ('{"type":"ping"}', '{"type":"ping","data":null,"id":null}', '{"type":"ping","timestamp":"now"}'):
        client.send_raw(message)
    client.await_type("pong", 3)


def test_a_frame_over_the_limit_closes_1009(subject: Subject) -> None:
    limit = int(4 / 3 * 10 * 2**20 * 1.25) + 65536
    client = subject.connected()
    client.send_raw("x" * limit)  # no message, but not too long
    client.await_type("error")
    client.send_raw("x" * (limit + 1))
    assert client.await_close() == 1009


def test_a_batch_has_the_room_of_one_message_for_all_its_images(subject: Subject) -> None:
    client = subject.connected()
    picture = base64_of(draw_page(["sum"]) + bytes(4_000_000))
    client.batch([picture] * 3, "fits")
    assert {end["type"] for end in client.ends_of("fits", 3)} == {"ocr_complete"}
    client.batch([picture] * 4, "over")
    assert client.await_close() == 1009


def test_fragments_are_one_message_and_bounded_together(subject: Subject) -> None:
    client = RawClient(subject.port, "/ws/ocr")
    client.read_message()
    message = json.dumps({"type": "ping", "data": {}, "id": "in pieces"}).encode()
    client.send_frame(TEXT, message[:1], final=False)
    for at in range(1, len(message) - 1):
        client.send_frame(0, message[at : at + 1], final=False)
        client.send_frame(PING, b"")
    client.send_frame(0, message[-1:])
    assert json.loads(str(client.read_message()))["id"] == "in pieces"
    client.send_frame(TEXT, b"", final=False)
    for _ in range(20):
        client.send_frame(0, bytes(1_000_000), final=False)
    assert client.read_close()[0] == 1009


def test_text_that_is_no_utf_8_closes_1007(subject: Subject) -> None:
    client = RawClient(subject.port, "/ws/ocr")
    client.send_frame(TEXT, b'{"type":"\xff"}')
    assert client.read_close()[0] == 1007


def test_compressed_messages_are_read_and_bounded(subject: Subject) -> None:
    client = RawClient(subject.port, "/ws/ocr", OFFER)
    client.read_frame()
    page = {"image": base64_of(draw_page(["packed"])), "requirements": STUB}
    request = json.dumps({"type": "ocr_request", "data": page, "id": "z"}).encode()
    client.send_frame(TEXT, deflated(request), reserved=COMPRESSED)
    kinds: list[str] = []
    while "ocr_complete" not in kinds:
        opcode, payload = client.read_frame() or (0, b"{}")
        text = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff") if opcode & COMPRESSED else payload
        kinds.append(json.loads(text)["type"])
    before = subject.state()["rss"]
    client.send_frame(TEXT, deflated(b"x" * 200_000_000), reserved=COMPRESSED)
    assert client.read_close()[0] == 1009
    assert subject.state()["rss"] - before < 60_000_000


def test_nobody_waits_for_the_largest_messages(subject: Subject) -> None:
    """Of brackets alone the parser would make millions of objects; the worst is now one parse of 14 MB of text."""
    client, other = subject.connected(), subject.connected()
    brackets = "[" + "[]," * 5_000_000 + "[]]"
    began = time.monotonic()
    orjson.loads(brackets)
    parsing = time.monotonic() - began
    image = base64_of(draw_page(["large"]) + random.Random(1).randbytes(10 * 2**20 - 50_000))
    subject.state()
    client.send_raw(brackets)
    client.await_type("error")
    for number in range(3):
        client.request(image, number)
        other.settle()
    client.end_of(2)
    assert subject.state()["hub"] < parsing / 2


def test_a_client_over_its_rate_is_told_when_to_go_on(start_subject: StartSubject) -> None:
    subject = start_subject("rate_limit=10/minute")
    client = subject.connected()
    for number in range(15):
        client.send("ping", id=number)
    refusal = client.await_type("error", 5)["data"]
    assert refusal["error_code"] == "RATE_LIMIT_EXCEEDED"
    assert 0 < refusal["details"]["retry_after"] <= 60
    assert isinstance(refusal["request_id"], int)
    assert len(client.of_type("pong")) == 9  # the connection itself was the first
    for number in range(1000):
        client.send("ping", id=number)
    time.sleep(1)
    assert len(client.of_type("error")) < 30  # a flood is read slowly
    assert client.is_open


def test_more_images_than_the_server_holds_are_refused_with_a_hint(start_subject: StartSubject) -> None:
    subject = start_subject("max_image_mb=1")
    client = subject.connected()
    for number in range(10):
        client.request(draw_page([f"page {number}"], slow=3) + bytes(900_000), number)
    client.settle()
    refused = [end["data"] for end in client.of_type("ocr_error")]
    assert 5 <= len(refused) <= 7
    assert {each["error_code"] for each in refused} == {"RATE_LIMIT_EXCEEDED"}
    assert subject.state()["held_bytes"] < 4 * 2**20
    client.close()
    subject.await_state(held_bytes=0)


def test_rubbish_of_every_kind_disturbs_nobody(subject: Subject) -> None:
    steady = subject.connected()
    chance = random.Random(7)
    for _ in range(60):
        client = RawClient(subject.port, "/ws/ocr")
        for _ in range(chance.randint(1, 5)):
            client.sock.sendall(rubbish(chance))
        if chance.random() < 0.5:
            client.send_frame(CLOSE, b"\x03\xe8")
        client.close()
    assert steady.recognize(draw_page(["steady"]))["type"] == "ocr_complete"


def rubbish(chance: random.Random) -> bytes:
    opcode = chance.choice([TEXT, TEXT, BINARY, 0, 3, PING, CLOSE])
    content = chance.choice(
        [
            chance.randbytes(chance.randint(0, 300)),
            json.dumps(
                {"type": "ocr_request", "data": {"image": "QUJD"}, "id": chance.choice([1, "a", None])}
            ).encode(),
            json.dumps({"type": "ocr_cancel", "data": {"request_id": 1}}).encode(),
            json.dumps({"type": "auth", "data": {"token": [1]}}).encode(),
            json.dumps({"type": "encrypted", "data": {"jwe": "a.b.c.d.e"}}).encode(),
        ]
    )
    whole = frame(opcode, content[:125] if opcode >= CLOSE else content, final=chance.random() < 0.8)
    return whole[: chance.randint(1, len(whole))] if chance.random() < 0.2 else whole


def deflated(data: bytes) -> Any:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
