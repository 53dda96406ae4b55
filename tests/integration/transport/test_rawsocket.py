"""Raw WebSockets: failures, limits, silence, compression, and messages larger than any buffer."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.transport.clients import BINARY, PING, PONG, TEXT, RawClient, SocketIOClient, frame
from tests.integration.transport.conftest import Server, StartServer

COMPRESSED = 0x40
OFFER = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server({"send_buffer": 4096})
    yield server
    server.kill()


def test_messages_come_back_as_they_were_sent(server: Server) -> None:
    client = RawClient(server.port, "/raw")
    for message in ("题目", b"\x00\xff", "", b""):
        client.send(message)
        assert client.read_message() == message


def test_a_message_larger_than_the_kernel_s_buffers_arrives_whole(server: Server) -> None:
    # simple-websocket calls send() once and loses what the kernel did not take.
    client = RawClient(server.port, "/raw", receive_buffer=4096)
    message = bytes(range(256)) * 20_000
    client.send(message)
    time.sleep(0.3)
    client.send_frame(PING, b"in between")
    assert client.read_message() == message
    assert client.read_frame() == (PONG, b"in between")


def test_a_handler_that_fails_closes_1011_and_writes_nothing_else(server: Server) -> None:
    client = RawClient(server.port, "/raw")
    client.send("fail")
    assert client.read_rest() == b"\x88\x10\x03\xf3internal error"


def test_a_handler_that_fails_is_logged(start_server: StartServer) -> None:
    server = start_server()
    client = RawClient(server.port, "/raw")
    client.send("fail")
    assert client.read_close() == (1011, "internal error")
    assert "the handler failed" in server.terminate()


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_foreign_origin_is_refused_before_the_upgrade(server: Server, origin: str) -> None:
    client = RawClient(server.port, "/raw", {"Origin": origin})
    assert client.status == 403


def test_a_plain_request_is_not_upgraded(server: Server) -> None:
    assert server.request("GET", "/raw")[0] == 400
    assert RawClient(server.port, "/raw", {"Sec-WebSocket-Version": "12"}).status == 426


def test_a_message_over_the_limit_closes_1009(start_server: StartServer) -> None:
    server = start_server(raw={"max_message_bytes": 100_000})
    fragments = frame(TEXT, b"x" * 60_000, final=False) + frame(0, b"x" * 60_000)
    for stream in (frame(BINARY, bytes(100_001)), fragments):
        client = RawClient(server.port, "/raw")
        client.sock.sendall(stream)
        assert client.read_close()[0] == 1009


def test_a_small_frame_that_unpacks_beyond_the_limit_closes_1009(start_server: StartServer) -> None:
    server = start_server(raw={"max_message_bytes": 100_000})
    client = RawClient(server.port, "/raw", OFFER)
    before = server.stats()["peak"]
    client.send_frame(BINARY, deflated(bytes(90_000_000)), reserved=COMPRESSED)
    assert client.read_close()[0] == 1009
    assert server.stats()["peak"] - before < 40_000_000


def test_compression_is_agreed_where_it_is_offered_and_never_imposed(server: Server) -> None:
    client, plain = RawClient(server.port, "/raw", OFFER), RawClient(server.port, "/raw")
    assert "permessage-deflate; server_no_context_takeover; client_no_context_takeover" in client.response
    assert "Extensions" not in plain.response
    text = "单选题 " * 1000
    client.send_frame(TEXT, deflated(text.encode()), reserved=COMPRESSED)
    opcode, payload = client.read_frame() or (0, b"")
    assert opcode == TEXT | COMPRESSED
    assert inflated(payload) == text.encode()
    client.send("short")
    assert client.read_frame() == (TEXT, b"short")


def test_a_window_we_cannot_promise_is_not_agreed(server: Server) -> None:
    client = RawClient(
        server.port, "/raw", {"Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=8"}
    )
    assert client.status == 101
    assert "Extensions" not in client.response


def test_damaged_compressed_data_closes_1007(server: Server) -> None:
    client = RawClient(server.port, "/raw", OFFER)
    client.send_frame(TEXT, b"\xff\xff\xff", reserved=COMPRESSED)
    assert client.read_close()[0] == 1007


def test_a_client_that_only_pongs_is_silent_in_the_end(start_server: StartServer) -> None:
    server = start_server(raw={"ping_interval": 0.2, "idle_timeout": 1.0})
    client = RawClient(server.port, "/raw")
    code = None
    while (got := client.read_frame()) is not None:
        if got[0] == PING:
            client.send_frame(PONG, got[1])
        else:
            code = int.from_bytes(got[1][:2], "big")
            break
    assert code == 4408


def test_a_client_that_speaks_is_kept_and_one_that_does_not_even_pong_is_cut_off(start_server: StartServer) -> None:
    server = start_server(raw={"ping_interval": 0.3, "idle_timeout": None})
    talking, dead = RawClient(server.port, "/raw"), RawClient(server.port, "/raw")
    for number in range(15):
        time.sleep(0.1)
        talking.send(str(number))
        assert talking.read_message() == str(number)
    assert dead.read_close() == (None, "")


def test_a_busy_handler_makes_its_client_wait_instead_of_queueing(start_server: StartServer) -> None:
    server = start_server(raw={"ping_interval": 0.3, "idle_timeout": 1.0})
    client = RawClient(server.port, "/busy")
    before = server.stats()["rss"]
    sent = send_until_full(client, bytes(1_000_000))
    assert sent < 60
    assert server.stats()["rss"] - before < 40_000_000
    client.sock.settimeout(20)
    client.send("the last")  # neither the wait nor the silence in it has closed the connection
    deadline = time.monotonic() + 10
    while len(server.get("/handled")) < sent + 1:
        assert time.monotonic() < deadline


def send_until_full(client: RawClient, message: bytes) -> int:
    """Whole messages sent before the connection took no more for half a second; the last one is completed."""
    client.sock.settimeout(0.5)
    for number in range(100):
        rest = memoryview(frame(BINARY, message))
        while rest:
            try:
                rest = rest[client.sock.send(rest) :]
            except TimeoutError:
                client.sock.settimeout(20)
                client.sock.sendall(rest)
                return number + 1
    return 100


def test_a_stalled_reader_slows_its_own_sender_only(server: Server) -> None:
    RawClient(server.port, "/stream", receive_buffer=4096)
    before = server.stats()["rss"]
    other = SocketIOClient(server.port)
    time.sleep(1)
    assert other.call("echo", 1) == 1
    assert server.stats()["rss"] - before < 5_000_000


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def inflated(data: bytes) -> Any:
    return zlib.decompressobj(-15).decompress(data + b"\x00\x00\xff\xff")
