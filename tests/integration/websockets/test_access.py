"""Who may come in, how many, and how they go."""

from __future__ import annotations

import signal

import pytest
import websocket

from tests.integration.sockets.client import Client
from tests.integration.transport.clients import RawClient
from tests.integration.websockets.conftest import StartSubject, Subject
from tests.pages import draw_page


@pytest.mark.parametrize("given", ["auth token", "auth api_key", "bearer", "x-api-key", "query"])
def test_a_key_is_taken_wherever_it_is_given(guarded: Subject, given: str) -> None:
    _, key = guarded.key("ocr")
    headers = {"bearer": {"Authorization": f"Bearer {key}"}, "x-api-key": {"X-API-Key": key}}.get(given)
    client = guarded.connect(headers=headers, query=f"?token={key}" if given == "query" else "")
    first = client.await_type("connection_status")["data"]
    if given.startswith("auth"):
        assert first["status"] == "auth_required"
        client.send("auth", {given.split()[1]: key}, id="a")
        assert client.await_type("connection_status", 2)["id"] == "a"
    assert client.of_type("connection_status")[-1]["data"]["status"] == "connected"
    assert client.of_type("connection_status")[-1]["data"]["client_id"] == first["client_id"]
    assert client.recognize(draw_page(["let in"]))["type"] == "ocr_complete"


def test_a_bad_key_is_told_so_and_closed_4401(guarded: Subject) -> None:
    by_message = guarded.connect()
    by_message.await_type("connection_status")
    by_message.send("auth", {"token": "tb_wrong"})
    empty = guarded.connect()
    empty.send("auth", {})
    for client in (by_message, empty, guarded.connect(query="?token=tb_wrong")):
        assert client.await_close() == 4401
        assert client.of_type("error")[-1]["data"]["error_code"] == "UNAUTHORIZED"


def test_a_stranger_may_only_ping_and_show_a_key(guarded: Subject) -> None:
    client = guarded.connect()
    client.settle()
    client.request(draw_page(["let me"]), "r")
    client.send("ocr_cancel", {"request_id": "r"})
    for refusal in (client.await_type("error"), client.await_type("error", 2)):
        assert refusal["data"]["error_code"] == "UNAUTHORIZED"
    assert client.is_open
    _, key = guarded.key("ocr")
    client.send("auth", {"token": key})  # and at once what it came for, without waiting
    client.request(draw_page(["now"]) + bytes(3_000_000), "now")
    assert client.end_of("now")["type"] == "ocr_complete"


def test_a_stranger_s_messages_are_small(guarded: Subject) -> None:
    client = guarded.connect()
    client.send_raw("x" * 1_100_000)
    assert client.await_close() == 1009


def test_who_shows_no_key_in_time_is_sent_away(guarded: Subject) -> None:
    client = guarded.connect()
    client.settle()
    assert client.await_close() == 4401
    assert client.of_type("error")[-1]["data"]["error_code"] == "UNAUTHORIZED"


def test_a_key_without_the_scope_is_forbidden_to_have_pages_read(guarded: Subject) -> None:
    _, key = guarded.key("tasks:read")
    client = guarded.connected(query=f"?token={key}")
    client.request(draw_page(["no"]), "r")
    refusal = client.await_type("error")["data"]
    assert (refusal["error_code"], refusal["request_id"]) == ("FORBIDDEN", "r")
    client.settle()


def test_a_revoked_key_ends_its_connections_and_frees_their_workers(guarded: Subject) -> None:
    number, key = guarded.key("ocr")
    _, other_key = guarded.key("ocr")
    client, other = guarded.connected(query=f"?token={key}"), guarded.connected(query=f"?token={other_key}")
    client.request(draw_page(["long"], slow=60), "long")
    guarded.await_state(busy=1)
    guarded.call("DELETE", f"/test/keys/{number}")
    assert client.await_close() == 4401
    assert client.of_type("error")[-1]["data"]["error_code"] == "UNAUTHORIZED"
    guarded.await_state(busy=0)
    other.settle()


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_foreign_page_is_refused_before_the_upgrade(subject: Subject, origin: str) -> None:
    for port in (subject.port, subject.alone):
        assert RawClient(port, "/ws/ocr", {"Origin": origin}).status == 403


def test_our_own_page_may_dial_either_port(subject: Subject) -> None:
    for port in (subject.port, subject.alone):
        assert RawClient(port, "/ws/ocr", {"Origin": f"http://127.0.0.1:{subject.port}"}).status == 101


def test_the_port_of_its_own_serves_nothing_else(subject: Subject) -> None:
    assert subject.connected(port=subject.alone).recognize(draw_page(["old client"]))["type"] == "ocr_complete"
    for path in ("/", "/healthz", "/socket.io/?EIO=4&transport=websocket", "/ws/ocr/", "/api/tasks"):
        assert RawClient(subject.alone, path).status == 404


def test_places_are_counted_together_with_socket_io(start_subject: StartSubject) -> None:
    subject = start_subject("max_connections_per_client=3")
    first, _ = subject.connected(), subject.connected(port=subject.alone)
    with Client(subject.port):
        refused = subject.connect()
        assert refused.await_close() == 1013
        assert refused.of_type("error")[0]["data"]["error_code"] == "TOO_MANY_CONNECTIONS"
    first.close()
    subject.await_state(connections=1)
    subject.connected()


def test_a_key_has_its_own_places_wherever_it_is_used(guarded: Subject) -> None:
    (_, one), (_, two) = guarded.key("ocr"), guarded.key("ocr")
    for key in (one, one, one, one, one, two):
        guarded.connected(query=f"?token={key}")
    assert guarded.connect(query=f"?token={one}").await_close() == 1013
    late = guarded.connect()
    late.send("auth", {"token": one})
    assert late.await_close() == 1013
    assert late.of_type("error")[0]["data"]["error_code"] == "TOO_MANY_CONNECTIONS"


def test_who_connects_too_often_is_told_to_wait(start_subject: StartSubject) -> None:
    subject = start_subject("rate_limit=5/minute")
    for _ in range(5):
        subject.connected().close()
    refused = subject.connect()
    assert refused.await_close() == 1013
    assert refused.of_type("error")[0]["data"]["error_code"] == "RATE_LIMIT_EXCEEDED"


def test_a_silent_connection_is_closed_by_the_clock_and_a_talking_one_is_not() -> None:
    """The clock itself is tested with the transport (test_rawsocket); here, that it is the contract's."""
    import inspect

    from web.transport.rawsocket import raw_websocket

    assert inspect.signature(raw_websocket).parameters["idle_timeout"].default == 90


def test_a_server_that_stops_says_what_becomes_of_requests_and_closes_1001(start_subject: StartSubject) -> None:
    subject = start_subject()
    client, idle = subject.connected(), subject.connected(port=subject.alone)
    for number in range(5):
        client.request(draw_page([f"long {number}"], slow=60), number)
    client.settle()
    subject.process.send_signal(signal.SIGTERM)
    for one in (client, idle):
        assert one.await_close() == 1001
    ends = [client.end_of(number)["data"] for number in range(5)]
    assert {end["error_code"] for end in ends} == {"CANCELLED"}
    assert "stopping" in ends[0]["error_message"]
    assert subject.process.wait(20) == 0


def test_a_plain_request_is_not_upgraded(subject: Subject) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(f"ws://127.0.0.1:{subject.port}/ws/ocr2", timeout=5, suppress_origin=True)
    assert RawClient(subject.port, "/ws/ocr", {"Sec-WebSocket-Version": "8"}).status == 426
