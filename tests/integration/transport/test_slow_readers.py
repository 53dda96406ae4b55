"""Clients that read slowly or not at all: order, whole frames, bounds, and nobody else the worse for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.transport.clients import PollingClient, SocketIOClient
from tests.integration.transport.conftest import Server, StartServer

SMALL = 4096  # bytes of kernel buffer on either side, so that every message is sent in parts
ROOMY = {"outbox_messages": 100_000, "outbox_bytes": 100_000_000}


@pytest.fixture(scope="module", params=["plain", "tls"])
def narrow(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server whose kernel takes only a little at a time."""
    options: dict[str, Any] = {"send_buffer": SMALL, "socketio": ROOMY}
    if request.param == "tls":
        options["tls"] = request.getfixturevalue("certificate")
    server = Server(options)
    yield server
    server.kill()


def slow_client(server: Server, **options: Any) -> SocketIOClient:
    client = SocketIOClient(server.port, tls=server.tls, receive_buffer=SMALL, **options)
    client.join("slow")
    return client


def wait_for(server: Server, reached: Any) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while not reached(stats := server.stats()):
        assert time.monotonic() < deadline, stats
        time.sleep(0.02)
    return dict(stats)


def test_a_slow_reader_gets_everything_whole_and_in_order(narrow: Server) -> None:
    client = slow_client(narrow)
    news = {"event": "news", "rooms": ["slow"]}
    narrow.emit({**news, "pad": 300_000})  # goes out directly, and only in part
    steps = [{**news, "first": n, "pad": n * 37 % 9000, "by": "push" if n % 5 else "socketio"} for n in range(400)]
    narrow.emit(*steps)
    assert narrow.stats()["queued_bytes"] > 0  # or the test shows nothing
    narrow.emit({"event": "frame", "rooms": ["slow"], "binary": [7] * 5000})
    assert len(client.read_event()[1]["pad"]) == 300_000
    for number in range(400):
        if number % 50 == 0:
            time.sleep(0.02)
        assert ["news", {"n": number, "pad": "x" * (number * 37 % 9000)}] == client.read_event()
    assert client.read_event() == ["frame", {"n": 0, "pad": "", "binary": b"\x07" * 5000}]


def test_emits_go_on_in_order_while_the_backlog_is_being_sent(narrow: Server) -> None:
    client = slow_client(narrow)
    numbers: list[int] = []
    reader = threading.Thread(target=lambda: numbers.extend(client.read_event()[1]["n"] for _ in range(1000)))
    reader.start()
    for first in range(0, 1000, 20):
        narrow.emit({"event": "news", "rooms": ["slow"], "first": first, "times": 20, "pad": 700})
    reader.join(30)
    assert list(range(1000)) == numbers
    assert wait_for(narrow, lambda stats: stats["queued_bytes"] == 0)["queued_messages"] == 0


def test_answers_and_pings_of_a_reading_client_pass_while_another_stalls(narrow: Server) -> None:
    _stalled, brisk = slow_client(narrow), SocketIOClient(narrow.port, tls=narrow.tls)
    answer = narrow.emit({"event": "news", "rooms": ["slow"], "times": 2000, "pad": 2000})
    assert answer["seconds"] < 5  # 4 MB for a client that takes none of it: emit did not wait
    assert brisk.call("echo", {"still": "here"}) == {"still": "here"}


def test_waiting_progress_is_superseded_and_status_is_not(start_server: StartServer) -> None:
    server = start_server(send_buffer=SMALL)
    client = slow_client(server)
    server.emit({"event": "filler", "rooms": ["slow"], "times": 50, "pad": 4000})
    progress = {"event": "progress", "rooms": ["slow"], "coalesce": "task 1", "times": 100}
    status = {"event": "status", "rooms": ["slow"]}
    server.emit({**progress, "first": 0}, status, {**progress, "first": 100}, {**progress, "first": 200}, status)
    assert server.stats()["coalesced"] == 299
    received = [client.read_event() for _ in range(53)]
    # The newest progress stands after the first status, and never behind the second, which came after it.
    assert [(name, data["n"]) for name, data in received[50:]] == [("status", 0), ("progress", 299), ("status", 0)]


def test_a_client_past_its_bound_is_disconnected_with_a_reason(start_server: StartServer) -> None:
    server = start_server(send_buffer=SMALL, socketio={"outbox_messages": 50})
    client = slow_client(server)
    reached = server.emit({"event": "news", "rooms": ["slow"], "times": 200, "pad": 2000})["reached"]
    assert reached[0] == 1
    assert reached[-1] == 0
    assert client.read_close() == (1013, "outbox full")
    stats = server.stats()
    assert (stats["dropped_clients"], stats["queued_messages"], stats["clients"]) == (1, 0, 0)
    assert server.get("/handled") == [["join", "slow"], ["disconnect", "outbox full"]]


def test_the_bound_in_bytes_holds_too(start_server: StartServer) -> None:
    server = start_server(send_buffer=SMALL, socketio={"outbox_bytes": 200_000})
    client = slow_client(server)
    server.emit({"event": "news", "rooms": ["slow"], "times": 30, "pad": 20_000})
    assert server.stats()["dropped_clients"] == 1
    assert client.read_close() == (1013, "outbox full")


def test_one_message_larger_than_the_bound_still_passes(start_server: StartServer) -> None:
    server = start_server(send_buffer=SMALL, socketio={"outbox_bytes": 10_000})
    client = slow_client(server)
    server.emit({"event": "news", "rooms": ["slow"], "pad": 500_000})
    assert len(client.read_event()[1]["pad"]) == 500_000


def test_a_polling_client_past_its_bound_is_let_go(start_server: StartServer) -> None:
    server = start_server(socketio={"outbox_messages": 50})
    client = PollingClient(server.port)
    client.join("slow")
    server.emit({"event": "news", "rooms": ["slow"], "times": 60})
    wait_for(server, lambda stats: stats["clients"] == 0)
    assert client.request("GET")[0] == 400


def test_a_client_that_never_reads_again_is_cut_off(start_server: StartServer) -> None:
    server = start_server(send_buffer=SMALL, socketio={"outbox_messages": 10})
    client = slow_client(server)
    server.emit({"event": "news", "rooms": ["slow"], "times": 100, "pad": 2000})
    assert server.stats()["dropped_clients"] == 1
    time.sleep(6)  # longer than the server waits for its goodbye to be read
    assert is_cut_off(client)


def is_cut_off(client: SocketIOClient) -> bool:
    try:
        for _ in range(20):
            client.send("42[]")
            time.sleep(0.05)
    except ConnectionError:
        return True
    return False


def test_three_stalled_clients_do_not_grow_the_server(start_server: StartServer) -> None:
    server = start_server()
    stalled = [slow_client(server) for _ in range(3)]
    brisk = SocketIOClient(server.port)
    brisk.join("slow")
    numbers: list[int] = []
    rounds, times = 40, 100
    reader = threading.Thread(target=lambda: numbers.extend(brisk.read_event()[1]["n"] for _ in range(rounds * times)))
    reader.start()
    before = server.stats()["rss"]
    for number in range(rounds):  # 40 MB to each client
        server.emit({"event": "news", "rooms": ["slow"], "first": number * times, "times": times, "pad": 10_000})
        while reader.is_alive() and len(numbers) < number * times:
            time.sleep(0.01)
    reader.join(60)
    stats = server.stats()
    assert list(range(rounds * times)) == numbers
    assert stats["dropped_clients"] == 3
    assert stats["rss"] - before < 30_000_000
    assert len(stalled) == 3


def test_a_slow_but_living_client_is_not_taken_for_dead(start_server: StartServer) -> None:
    # The engine's ping passes the backlog; behind it, the pong would come too late.
    server = start_server(send_buffer=SMALL, socketio={"ping_interval": 1.0, "ping_timeout": 1.0, **ROOMY})
    client = slow_client(server)
    server.emit({"event": "news", "rooms": ["slow"], "times": 800, "pad": 1000})
    for number in range(800):
        time.sleep(0.005)
        assert number == client.read_event()[1]["n"]
    assert client.call("echo", "still connected") == "still connected"


def test_a_client_that_answers_no_ping_is_disconnected(start_server: StartServer) -> None:
    server = start_server(socketio={"ping_interval": 0.3, "ping_timeout": 0.3})
    silent = SocketIOClient(server.port)
    assert silent.read_message() == "2"
    assert silent.read_message() == "1"
    assert silent.read_close() == (1000, "ping timeout")
    assert server.get("/handled") == [["disconnect", "ping timeout"]]
