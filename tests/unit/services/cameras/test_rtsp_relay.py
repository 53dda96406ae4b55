from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from services.cameras.sources.rtsp_relay import RtspRelay


class Server:
    """Answers each request with the same bytes, in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.asked: list[bytes] = []
        self._pieces = pieces
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with client:
                self.asked.append(client.recv(65536))
                for piece in self._pieces:
                    try:
                        client.sendall(piece)
                    except OSError:  # it was cut off
                        break
                    threading.Event().wait(0.02)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def heard_through_a_relay(*pieces: bytes) -> tuple[bytes, list[bytes]]:
    server = Server(*pieces)
    relay = RtspRelay(f"rtsp://user:word@camera.example.org:{server.port}/stream", ["127.0.0.1"])
    with socket.create_connection(("127.0.0.1", int(relay.url.rpartition(":")[2].partition("/")[0]))) as caller:
        caller.settimeout(5)
        caller.sendall(b"OPTIONS * RTSP/1.0\r\n\r\n")
        heard = b""
        while data := caller.recv(65536):
            heard += data
    relay.close()
    server.close()
    return heard, server.asked


@pytest.fixture
def relay() -> Iterator[RtspRelay]:
    relay = RtspRelay("rtsps://user:word@camera.example.org/live?channel=1", [])
    yield relay
    relay.close()


def test_ffmpeg_is_given_the_relays_address_with_the_login_and_the_path(relay: RtspRelay) -> None:
    assert relay.url.startswith("rtsp://user:word@127.0.0.1:")
    assert relay.url.endswith("/live?channel=1")


def test_requests_and_answers_go_through_as_they_are() -> None:
    answer = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n" + bytes(range(256)) * 1000
    heard, asked = heard_through_a_relay(answer)
    assert heard == answer
    assert asked == [b"OPTIONS * RTSP/1.0\r\n\r\n"]


@pytest.mark.parametrize(
    "pieces",
    [
        [b"RTSP/1.0 302 Moved\r\nLocation: rtsp://10.0.0.1/\r\n\r\n"],
        [b"RTSP/1.0 200 OK\r\n\r\n", b"RTSP/1.0 301 Moved\r\n\r\n"],
        [b"RT", b"SP/1.0 30", b"2 Moved\r\n\r\n"],
        [b"RTSP/9.9\t  +0302\r\n\r\n"],
        [b"RT\rSP/1.0 3\r02 Moved\r\n\r\n"],
        [b"RTSP/" + b"1" * 3000, b" " * 900 + b"307 Moved\r\n\r\n"],
    ],
)
def test_a_redirect_is_cut_off_before_its_line_is_whole(pieces: list[bytes]) -> None:
    heard, _ = heard_through_a_relay(*pieces)
    assert b"Location" not in heard
    assert b"Moved" not in heard
    assert not heard.rpartition(b"RTSP")[2].endswith(b"\n") or b"200" in heard


def test_a_server_that_is_not_there_ends_the_call(relay: RtspRelay) -> None:
    with socket.create_connection(("127.0.0.1", int(relay.url.rpartition(":")[2].partition("/")[0]))) as caller:
        caller.settimeout(5)
        assert caller.recv(10) == b""
