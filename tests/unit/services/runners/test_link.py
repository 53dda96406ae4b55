from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from services.runners.link import LoopbackLink


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def call(link: LoopbackLink, greeting: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", link.settings()["port"]))
    connection.sendall(greeting)
    return connection


def test_strangers_on_loopback_are_turned_away_until_the_worker_calls(process: subprocess.Popen[bytes]) -> None:
    link = LoopbackLink()
    secret = bytes.fromhex(link.environment()["TASKBEAM_WORKER_SECRET"])
    strangers = [call(link, os.urandom(32) + b"c"), call(link, secret + b"x"), call(link, b"GET /")]
    strangers[2].shutdown(socket.SHUT_WR)
    output, channel = call(link, secret + b"o"), call(link, secret + b"c")
    twice = call(link, secret + b"c")
    ends = link.connect(process, patience=20)
    link.close()
    channel.sendall(b"channel")
    output.sendall(b"output")
    assert [end.recv(10) for end in ends] == [b"channel", b"output"]
    for stranger in strangers:
        assert stranger.recv(1) == b""
    for connection in (*strangers, output, channel, twice, *ends):
        connection.close()


def test_a_worker_that_ends_before_it_calls_is_not_waited_for(process: subprocess.Popen[bytes]) -> None:
    link = LoopbackLink()
    threading.Timer(0.2, process.kill).start()
    with pytest.raises(ConnectionError):
        link.connect(process, patience=60)
    link.close()
