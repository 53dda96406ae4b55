"""Who is let in, how many, and for how long."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import websocket

from tests.integration.sockets.client import Client, RefusedError, TurnedAwayError
from tests.integration.sockets.conftest import Subject, running_subject
from tests.integration.transport.clients import RawClient


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """A server that wants a key, and allows a principal three connections."""
    folder = tmp_path_factory.mktemp("guarded")
    with running_subject(folder / "data", "auth=required", "max_connections_per_client=3") as subject, subject.clients:
        yield subject


def key_for(subject: Subject, *scopes: str) -> str:
    return str(subject.call("POST", "/test/keys", {"name": "a key", "scopes": scopes})["key"])


def refusal(port: int, **options: Any) -> dict[str, Any]:
    with pytest.raises(RefusedError) as refused:
        Client(port, **options)
    answer = refused.value.answer
    assert answer["message"] == answer["data"]["message"]
    return dict(answer["data"])


def is_turned_away(port: int, **options: Any) -> bool:
    """Closed, not refused: to Socket.IO's own clients a refusal is final, and this one may come in later."""
    with pytest.raises(TurnedAwayError) as turned_away:
        Client(port, **options)
    return (turned_away.value.code, turned_away.value.reason) == (1013, "TOO_MANY_CONNECTIONS")


@pytest.mark.parametrize("place", ["auth", "bearer", "x-api-key", "query"])
def test_the_key_is_taken_from_wherever_a_client_can_put_it(guarded: Subject, place: str) -> None:
    key = key_for(guarded, "tasks:read")
    options: dict[str, Any] = {
        "auth": {"auth": {"token": key}},
        "bearer": {"headers": {"Authorization": f"Bearer {key}"}},
        "x-api-key": {"headers": {"X-API-Key": key}},
        "query": {"query": f"&token={key}"},
    }[place]
    with Client(guarded.port, **options) as client:
        assert client.wait_event("connected")["sid"] == client.sid


@pytest.mark.parametrize("auth", [None, {}, {"token": "tb_nonsense"}, {"token": 5}, "tb_text", ["tb_list"], 7])
def test_a_client_without_a_valid_key_is_told_so_and_not_let_in(guarded: Subject, auth: Any) -> None:
    assert refusal(guarded.port, auth=auth)["code"] == "UNAUTHORIZED"


def test_a_key_that_may_not_read_tasks_is_not_let_in(guarded: Subject) -> None:
    assert refusal(guarded.port, auth={"token": key_for(guarded, "ocr")})["code"] == "FORBIDDEN"


def test_a_key_that_may_only_read_watches_and_changes_nothing(guarded: Subject) -> None:
    with Client(guarded.port, auth={"token": key_for(guarded, "tasks:read")}) as client:
        assert client.call("task_created", {"id": "x"})["code"] == "FORBIDDEN"
        assert client.call("start_task", {"task_id": 1})["code"] == "FORBIDDEN"
        assert client.call("join_task", {"task_id": 1})["code"] == "NOT_FOUND"


def test_a_principal_has_no_more_connections_than_it_may_until_it_closes_one(guarded: Subject) -> None:
    auth = {"token": key_for(guarded, "tasks:read")}
    clients = [guarded.connect(auth=auth) for _ in range(3)]
    assert is_turned_away(guarded.port, auth=auth)
    with Client(guarded.port, auth={"token": key_for(guarded, "tasks:read")}) as other:
        other.wait_event("connected")
    clients[0].close()
    clients[1].settle()
    with Client(guarded.port, auth=auth) as again:
        again.wait_event("connected")


def test_the_server_has_no_more_connections_than_it_may(start_subject: Callable[..., Subject]) -> None:
    subject = start_subject("max_connections=2")
    for _ in range(2):
        subject.connect().wait_event("connected")
    assert is_turned_away(subject.port)


def test_clients_that_go_while_they_are_let_in_do_not_count(start_subject: Callable[..., Subject]) -> None:
    subject = start_subject("max_connections=2")
    polling = f"{subject.url}/socket.io/?EIO=4&transport=polling"
    for _ in range(5):
        session = json.loads(requests.get(polling, timeout=10).text[1:])["sid"]
        requests.post(f"{polling}&sid={session}", data="40\x1e1", timeout=10)
        raw = RawClient(subject.port, "/socket.io/?EIO=4&transport=websocket")
        raw.send("40")
        raw.close()
    for _ in range(2):
        client = subject.connect()
        client.wait_event("connected")
        client.settle()
    assert is_turned_away(subject.port)


def test_a_revoked_key_ends_the_connections_it_opened(guarded: Subject) -> None:
    made = guarded.call("POST", "/test/keys", {"name": "short-lived", "scopes": ["tasks:read"]})
    client = guarded.connect(auth={"token": made["key"]})
    client.wait_event("connected")
    guarded.call("DELETE", f"/test/keys/{made['id']}")
    assert client.wait_event("error")["code"] == "UNAUTHORIZED"
    client.wait(lambda: ("disconnected", None) in client.log or not client.is_open)


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", "http://127.0.0.1:1"])
def test_a_page_from_elsewhere_is_refused_on_every_transport(subject: Subject, origin: str) -> None:
    polling = requests.get(f"{subject.url}/socket.io/?EIO=4&transport=polling", headers={"Origin": origin}, timeout=10)
    assert polling.status_code == 403
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        Client(subject.port, headers={"Origin": origin})
    with Client(subject.port, headers={"Origin": subject.url}) as ours:
        ours.wait_event("connected")


def test_a_name_that_was_bent_to_loopback_does_not_open_the_socket(subject: Subject) -> None:
    # DNS rebinding: to the browser the page and this server are one origin.
    bent = {"Host": "evil.example", "Origin": "http://evil.example"}
    polling = requests.get(f"{subject.url}/socket.io/?EIO=4&transport=polling", headers=bent, timeout=10)
    assert (polling.status_code, polling.json()["code"]) == (403, "HOST_REFUSED")
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        Client(subject.port, headers={"Origin": "http://evil.example"}, host="evil.example")


@pytest.mark.parametrize("forged", ["connect", "disconnect"])
def test_an_event_that_calls_itself_connect_is_just_an_unknown_event(guarded: Subject, forged: str) -> None:
    with Client(guarded.port, auth={"token": key_for(guarded, "tasks:read")}) as client:
        answer = client.call(forged, {"REMOTE_ADDR": "6.6.6.6"}, {"token": "tb_other"})
        assert answer["code"] == "UNKNOWN_EVENT"
        assert client.call("join_lobby")["ok"]
        assert len(client.named("connected")) == 1
