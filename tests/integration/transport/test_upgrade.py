"""The move from long-polling to WebSocket, while events go on."""

from __future__ import annotations

import json
import time

from tests.integration.transport.clients import PollingClient, RawClient
from tests.integration.transport.conftest import Server, StartServer


def probe(server: Server, sid: str) -> RawClient:
    websocket = RawClient(server.port, f"/socket.io/?EIO=4&transport=websocket&sid={sid}")
    websocket.send("2probe")
    assert websocket.read_message() == "3probe"
    return websocket


def numbers(packets: list[str]) -> list[int]:
    return [json.loads(packet[2:])[1]["n"] for packet in packets if packet.startswith("42")]


def test_no_event_is_lost_repeated_or_displaced(server: Server) -> None:
    client = PollingClient(server.port)
    client.join("moving")
    news = {"event": "news", "rooms": ["moving"]}
    server.emit({**news, "first": 0, "times": 3})
    assert numbers(client.poll()) == [0, 1, 2]
    websocket = probe(server, client.sid)
    server.emit({**news, "first": 3, "times": 4})
    websocket.send("5")
    server.emit({**news, "first": 7, "times": 3})
    assert numbers([str(websocket.read_message()) for _ in range(7)]) == [3, 4, 5, 6, 7, 8, 9]


def test_a_long_poll_that_waits_is_answered_when_the_probe_comes(server: Server) -> None:
    client = PollingClient(server.port)
    websocket = RawClient(server.port, f"/socket.io/?EIO=4&transport=websocket&sid={client.sid}")
    websocket.send("2probe")
    assert client.poll() == ["6"]
    assert websocket.read_message() == "3probe"


def test_a_probe_that_is_broken_off_leaves_the_session_on_long_polling(server: Server) -> None:
    client = PollingClient(server.port)
    client.join("staying")
    websocket = probe(server, client.sid)
    server.emit({"event": "news", "rooms": ["staying"]})
    websocket.close()
    deadline = time.monotonic() + 5
    while (packets := client.poll()) == ["6"]:
        assert time.monotonic() < deadline
    assert numbers(packets) == [0]


def test_a_second_upgrade_is_refused(server: Server) -> None:
    client = PollingClient(server.port)
    websocket = probe(server, client.sid)
    assert RawClient(server.port, f"/socket.io/?EIO=4&transport=websocket&sid={client.sid}").status == 400
    websocket.send("5")
    websocket.send('423["echo",1]')
    assert websocket.read_message() == "433[1]"


def test_an_upgrade_to_a_session_that_is_gone_is_refused(start_server: StartServer) -> None:
    server = start_server()
    assert RawClient(server.port, "/socket.io/?EIO=4&transport=websocket&sid=gone").status == 400
    assert "ERROR" not in server.terminate()
