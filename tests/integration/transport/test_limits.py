"""What a hostile client may not do, before and after it has connected to a namespace."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.integration.transport.clients import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    PollingClient,
    RawClient,
    SocketIOClient,
    connect,
    frame,
)
from tests.integration.transport.conftest import Server, StartServer

LIMIT = 200_000


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server({"socketio": {"max_message_bytes": LIMIT}})
    yield server
    server.kill()


def open_session(server: Server) -> RawClient:
    """An engine.io session that has not connected to any namespace."""
    return SocketIOClient(server.port, namespaces=())


def test_no_compression_is_agreed_for_socket_io(server: Server) -> None:
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    client = RawClient(server.port, "/socket.io/?EIO=4&transport=websocket", offer)
    assert client.status == 101
    assert "extensions" not in client.response.lower()


def test_a_message_is_measured_whole_however_it_is_cut(server: Server) -> None:
    # engineio measures each frame: fragments that never end would grow the server before any connect.
    client = open_session(server)
    client.send_frame(TEXT, b"4" * 60_000, final=False)
    client.send_frame(0, b"4" * 60_000, final=False)
    client.send_frame(0, b"4" * 80_000, final=False)
    client.send_frame(PING, b"still here?")
    assert client.read_frame() == (PONG, b"still here?")
    client.send_frame(0, b"4", final=False)
    assert client.read_close()[0] == 1009


def test_an_announced_length_over_the_limit_is_refused_before_it_comes(server: Server) -> None:
    client = open_session(server)
    client.sock.sendall(frame(TEXT, b"4" * (LIMIT + 1))[:20])
    assert client.read_close()[0] == 1009


def test_the_reason_reaches_a_client_that_is_still_sending(server: Server) -> None:
    client = open_session(server)
    client.sock.sendall(frame(BINARY, bytes(LIMIT * 200)))
    assert client.read_close()[0] == 1009


def test_a_message_at_the_limit_passes_in_fragments_with_pings_between(server: Server) -> None:
    client = SocketIOClient(server.port)
    text = b'421["echo","' + b"x" * (LIMIT - 14) + b'"]'
    assert len(text) == LIMIT
    for at in range(0, LIMIT, 1000):
        client.send_frame(0 if at else TEXT, text[at : at + 1000], final=at + 1000 >= LIMIT)
        if at % 50_000 == 0:
            client.send_frame(PING, b"")
    assert client.read_message() == f'431["{"x" * (LIMIT - 14)}"]'


def test_a_flood_of_tiny_fragments_costs_no_memory(server: Server) -> None:
    client = open_session(server)
    before = server.stats()["rss"]
    client.send_frame(TEXT, b"4", final=False)
    client.sock.sendall(frame(0, b"x", final=False) * (LIMIT - 2))
    client.send_frame(PING, b"")
    assert client.read_frame() == (PONG, b"")
    assert server.stats()["rss"] - before < 20_000_000


def test_a_client_that_never_stops_sending_does_not_keep_the_server_to_itself(server: Server) -> None:
    # Data that is always there is read without a wait, and eventlet switches only where something waits.
    rude, other = open_session(server), SocketIOClient(server.port)
    flood = frame(PONG, b"") * 5000
    stop = threading.Event()

    def send_on() -> None:
        deadline = time.monotonic() + 10
        while not stop.is_set() and time.monotonic() < deadline:
            rude.sock.sendall(flood)

    sender = threading.Thread(target=send_on)
    sender.start()
    time.sleep(0.2)
    answers = [other.call("echo", number) for number in range(3)]
    sent_on = sender.is_alive()
    stop.set()
    sender.join()
    assert answers == [0, 1, 2]
    assert sent_on


BROKEN = {
    "an unmasked frame": frame(TEXT, b"40", mask=False),
    "a reserved bit": frame(TEXT, b"40", reserved=0x40),
    "an unknown opcode": frame(3, b""),
    "a fragmented ping": frame(PING, b"", final=False),
    "a long ping": frame(PING, bytes(126)),
    "a continuation of nothing": frame(0, b"40"),
    "a message inside a message": frame(TEXT, b"4", final=False) + frame(TEXT, b"0"),
    "a close code nobody may send": frame(CLOSE, (1005).to_bytes(2, "big")),
    "half a close code": frame(CLOSE, b"\x03"),
    "an empty engine.io packet": frame(TEXT, b""),
    "no engine.io packet": frame(TEXT, b"x"),
    "an unknown engine.io type": frame(TEXT, b"9"),
    "no Socket.IO packet": frame(TEXT, b"4x"),
    "an unknown Socket.IO type": frame(TEXT, b"47[1]"),
    "a server's Socket.IO type": frame(TEXT, b'44{"message":"no"}'),
    "damaged JSON": frame(TEXT, b'42["echo",'),
    "an event without a name": frame(TEXT, b"42{}"),
    "an event named by a number": frame(TEXT, b"42[1]"),
    "an ack without a list": frame(TEXT, b"431{}"),
    "a billion attachments": frame(TEXT, b'451000000000-["echo"]'),
    "text for an attachment": frame(TEXT, b'451-["echo",{"_placeholder":true,"num":0}]') + frame(TEXT, b"42[]"),
    "an attachment for nothing": frame(BINARY, b"abc"),
    "a placeholder for nothing": frame(TEXT, b'451-["echo",{"_placeholder":true,"num":7}]') + frame(BINARY, b"abc"),
    "JSON deeper than any stack": frame(TEXT, b'42["echo",' + b"[" * 50_000 + b"]" * 50_000 + b"]"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_stream_is_closed_as_a_protocol_error(server: Server, what: str) -> None:
    client = SocketIOClient(server.port)
    client.sock.sendall(BROKEN[what])
    assert client.read_close()[0] == 1002


def test_text_that_is_not_utf8_is_closed_as_invalid_data(server: Server) -> None:
    client = open_session(server)
    client.send_frame(TEXT, b"4\xff\xfe")
    assert client.read_close()[0] == 1007


def test_a_client_s_close_is_answered_with_its_code(server: Server) -> None:
    client = SocketIOClient(server.port)
    client.send_frame(CLOSE, (1001).to_bytes(2, "big"))
    assert client.read_close()[0] == 1000


def test_a_flood_of_pings_from_a_client_that_reads_nothing_is_no_backlog(start_server: StartServer) -> None:
    server = start_server(send_buffer=4096)
    client = SocketIOClient(server.port, namespaces=(), receive_buffer=4096)
    for _ in range(200):
        client.sock.sendall(frame(PING, bytes(125)) * 100)
    stats = server.stats()
    assert (stats["clients"], stats["queued_messages"]) == (1, 1)


def test_a_polling_body_over_the_limit_is_refused(server: Server) -> None:
    client = PollingClient(server.port)
    assert client.post('42["echo","' + "x" * LIMIT + '"]') == 400


def test_a_broken_polling_body_ends_the_session(server: Server) -> None:
    client = PollingClient(server.port)
    assert client.request("POST", b"\xff\xfe")[0] == 400
    assert client.request("GET")[0] == 400


def test_two_long_polls_at_once_end_the_session(server: Server) -> None:
    client = PollingClient(server.port)
    first = connect(server.port)
    first.sendall(f"GET /socket.io/?EIO=4&transport=polling&sid={client.sid} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    time.sleep(0.3)
    assert client.request("GET")[0] == 400


def test_a_client_in_no_namespace_does_not_keep_its_connection(start_server: StartServer) -> None:
    server = start_server(socketio={"ping_interval": 0.5})
    refused, mute, thrown_out = (SocketIOClient(server.port, namespaces=()) for _ in range(3))
    refused.send('40{"refuse":0.1}')
    thrown_out.join_namespace("/")
    thrown_out.emit("throw_me_out")
    for client in (refused, mute, thrown_out):
        assert client.read_close() == (1000, "connected to no namespace")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://[", "x"])
def test_a_foreign_origin_is_refused(server: Server, origin: str) -> None:
    client = RawClient(server.port, "/socket.io/?EIO=4&transport=websocket", {"Origin": origin})
    assert client.status == 403
    status, _ = server.request("GET", "/socket.io/?EIO=4&transport=polling", Origin=origin)
    assert status == 403


def test_the_page_s_own_origin_is_let_in(server: Server) -> None:
    own = {"Origin": f"http://127.0.0.1:{server.port}"}
    assert RawClient(server.port, "/socket.io/?EIO=4&transport=websocket", own).status == 101


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Upgrade": "h2c"}, 400),
    ],
)
def test_a_handshake_that_is_none_is_refused(server: Server, headers: dict[str, str], status: int) -> None:
    clients = server.stats()["clients"]
    assert RawClient(server.port, "/socket.io/?EIO=4&transport=websocket", headers).status == status
    assert server.stats()["clients"] <= clients


def test_nothing_of_all_this_was_logged_as_our_error(start_server: StartServer) -> None:
    server = start_server(socketio={"max_message_bytes": LIMIT})
    for stream in BROKEN.values():
        client = SocketIOClient(server.port)
        client.sock.sendall(stream)
        client.read_close()
    client = SocketIOClient(server.port)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    client.close()
    assert server.get("/stats")["clients"] == 0
    errors = server.terminate()
    assert "Traceback" not in errors
    assert "ERROR" not in errors
