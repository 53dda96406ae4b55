"""The AsyncAPI document says what is really sent."""

from __future__ import annotations

import time
from typing import Any

import jsonschema_rs
import pytest
import requests

from tests.integration.websockets.client import STUB, base64_of
from tests.integration.websockets.conftest import Subject
from tests.pages import draw_page
from web.asyncapi import build_document
from web.schemas.ocr_socket import INCOMING, OUTGOING

DOCUMENT = build_document(version="0", auth_required=True)


def validator(message: str) -> jsonschema_rs.Validator:
    payload = DOCUMENT["components"]["messages"][message]["payload"]
    return jsonschema_rs.validator_for({**payload, "components": DOCUMENT["components"]})


def test_every_message_of_the_server_is_as_the_document_has_it(guarded: Subject) -> None:
    client = guarded.connect()
    client.settle()
    client.send("auth", {"token": guarded.key("ocr")[1]}, id=1)
    client.recognize(draw_page(["page"], slow=0.3), 2)
    client.batch([draw_page(["one"]), "?"], "three")
    client.ends_of("three", 2)
    client.send("nonsense", id=4)
    client.send("ocr_request", {"image": 5})
    client.settle()
    for message in client.messages:
        validator(f"ocr.server.{message['type']}").validate(message)
    assert {message["type"] for message in client.messages} == OUTGOING.keys() - {"encrypted"}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("auth", {"token": "tb_x"}),
        ("ping", {}),
        ("ocr_request", {"image": base64_of(b"x"), "requirements": STUB}),
        ("ocr_request", {"images": ["QUJD"], "requirements": {"batch_processing": True}}),
        ("ocr_cancel", {"request_id": 5}),
        ("encrypted", {"jwe": "a..b.c.d"}),
    ],
)
def test_what_clients_send_is_as_the_document_has_it(kind: str, data: Any) -> None:
    validator(f"ocr.client.{kind}").validate({"type": kind, "data": data, "timestamp": time.time(), "id": 1})
    assert kind in INCOMING


def test_connections_and_outcomes_are_among_the_figures(subject: Subject) -> None:
    client = subject.connected()
    client.recognize(draw_page(["counted"]), 1)
    client.recognize("?", 2)
    client.request(draw_page(["long"], slow=60), 3)
    client.settle()
    figures = requests.get(f"http://127.0.0.1:{subject.port}/metrics", timeout=20).text
    assert "taskbeam_ocr_socket_connections 1.0" in figures
    assert "taskbeam_ocr_socket_requests_in_flight 1.0" in figures
    assert 'taskbeam_ocr_socket_images{outcome="COMPLETE"}' in figures
    assert 'taskbeam_ocr_socket_images{outcome="INVALID_IMAGE"}' in figures
