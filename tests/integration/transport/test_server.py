"""Accepting, deadlines, framing, TLS, descriptors and stopping."""

from __future__ import annotations

import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from services.errors import ConfigurationError
from tests.integration.transport.clients import RawClient, SocketIOClient, close_all, connect
from tests.integration.transport.conftest import Server, StartServer
from web.transport.server import listen

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def read_all(sock: socket.socket) -> bytes:
    data = b""
    try:
        while piece := sock.recv(65536):
            data += piece
    except ConnectionError:
        pass
    return data


def seconds_until_closed(sock: socket.socket, keep_sending: Callable[[], Any] = lambda: None) -> float:
    """How long the server bears a client that sends now and then."""
    began = time.monotonic()
    sock.settimeout(0.1)
    while time.monotonic() - began < 15:
        try:
            keep_sending()
            if not sock.recv(4096):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began


def test_small_answers_are_not_held_back(server: Server) -> None:
    assert server.get("/")["no_delay"]


def test_requests_on_one_connection_are_answered_in_turn(server: Server) -> None:
    sock = connect(server.port)
    sock.sendall(GET + GET + GET.replace(b"x\r\n", b"x\r\nConnection: close\r\n"))
    assert read_all(sock).count(b"HTTP/1.1 200") == 3


def test_an_error_in_the_application_tells_the_client_nothing_and_the_log_everything(start_server: StartServer) -> None:
    server = start_server()
    status, body = server.request("GET", "/fail")
    assert status == 500
    assert b"secret" not in body
    assert "a secret in a traceback" in server.terminate()


def test_a_client_that_leaves_in_the_midst_of_an_answer_is_no_error_of_ours(start_server: StartServer) -> None:
    server = start_server()
    sock = connect(server.port)
    body = bytes(8_000_000)
    sock.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    sock.recv(10)
    sock.close()
    server.get("/")
    assert "Traceback" not in server.terminate()


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: identity",
        b"Content-Length: +5",
        b"Content-Length: 5_0",
        b"Content-Length: -5",
        b"X-Long: " + b"x" * 9000,
        b"\r\n".join(b"X-Many-%d: x" % number for number in range(200)),
        b"no header\r\nContent-Length: 5",
        b"Content-Length : 5",
        b"X: a\rContent-Length: 5",
        b"X: a\r\n Content-Length: 5",
        b": nameless",
        b"X: a\0b",
    ],
)
def test_a_request_that_could_be_read_in_two_ways_or_without_end_is_refused(server: Server, head: bytes) -> None:
    sock = connect(server.port)
    sock.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\nhello")
    answer = read_all(sock)
    assert answer.split()[1] in (b"400", b"431")
    assert answer.count(b"HTTP/1") == 1


def test_a_url_without_end_is_refused(server: Server) -> None:
    sock = connect(server.port)
    sock.sendall(b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n\r\n")
    assert read_all(sock).split()[1] == b"414"


def test_a_chunked_body_is_read(server: Server) -> None:
    sock = connect(server.port)
    sock.sendall(
        b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
    )
    assert read_all(sock).endswith(b"hello")


@pytest.mark.parametrize(
    "body",
    [
        b"-5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"0_5\r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"5\nhello\r\n",
        b"5\r\nhello\n",
        b"5\r\nhello, you\r\n",
        b"5;" + b"x" * 10_000 + b"\r\nhello\r\n",
        b"nonsense\r\n",
    ],
)
def test_after_chunks_that_could_be_read_in_two_ways_the_connection_ends(server: Server, body: bytes) -> None:
    sock = connect(server.port)
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    sock.sendall(head + body + b"0\r\n\r\n" + GET)
    answer = read_all(sock)
    assert answer.count(b"HTTP/1.1 ") == 1, answer


def test_the_line_of_a_chunk_is_never_kept_without_end(server: Server) -> None:
    sock = connect(server.port)
    sock.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    with pytest.raises(ConnectionError):
        send_for_ever(sock)


def test_chunks_may_have_extensions_and_trailers(server: Server) -> None:
    sock = connect(server.port)
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    sock.sendall(
        head + b"5 ;a=b\r\nhello\r\n00\r\nX-Sum: 1\r\n\r\n" + GET.replace(b"x\r\n", b"x\r\nConnection: close\r\n")
    )
    answer = read_all(sock)
    assert b"hello" in answer
    assert answer.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize("line", [b"GARBAGE", b"GET / HTTP/9.9", b"GET / HTTP/1.1\r\nno header"])
def test_what_is_no_request_is_refused_as_problem_json_that_says_nothing_of_us(server: Server, line: bytes) -> None:
    sock = connect(server.port)
    sock.sendall(line + b"\r\n\r\n")
    head, _, body = read_all(sock).partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    assert b"Python" not in head
    assert json.loads(body)["status"] == int(head.split()[1])


@pytest.fixture(scope="module")
def hasty() -> Iterator[Server]:
    deadlines = {"head": 1.0, "keep_alive": 1.0, "body_grace": 1.0, "body_rate": 1000}
    server = Server({"deadlines": deadlines})
    yield server
    server.kill()


def test_a_head_that_drips_in_byte_by_byte_is_cut_off(hasty: Server) -> None:
    sock = connect(hasty.port)
    sock.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
    assert seconds_until_closed(sock, lambda: sock.send(b"x")) < 5


def test_a_body_that_drips_in_byte_by_byte_is_cut_off(hasty: Server) -> None:
    sock = connect(hasty.port)
    sock.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
    assert seconds_until_closed(sock, lambda: sock.send(b"x")) < 5


def test_a_slow_client_is_no_error_of_ours(start_server: StartServer) -> None:
    server = start_server(deadlines={"head": 0.3, "body_grace": 0.3})
    for request in (b"GET / HTTP/1.1\r\n", b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"):
        sock = connect(server.port)
        sock.sendall(request)
        read_all(sock)
    assert "Traceback" not in server.terminate()


def test_a_body_at_a_fair_rate_may_take_its_time(hasty: Server) -> None:
    sock = connect(hasty.port)
    sock.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 20000\r\n\r\n")
    for _ in range(20):  # 2 s in all, twice the grace
        sock.sendall(b"x" * 1000)
        time.sleep(0.1)
    assert read_all(sock).endswith(b"x" * 20_000)


def test_a_silent_connection_is_closed(hasty: Server) -> None:
    assert seconds_until_closed(connect(hasty.port)) < 5
    kept_alive = connect(hasty.port)
    kept_alive.sendall(GET)
    assert seconds_until_closed(kept_alive) < 5


def test_a_handler_may_think_longer_than_any_of_these(hasty: Server) -> None:
    status, body = hasty.request("GET", "/slow/2.5")
    assert (status, body) == (200, b"done")


def test_a_websocket_outlives_them_too(hasty: Server) -> None:
    client = SocketIOClient(hasty.port)
    time.sleep(2.5)
    assert client.call("echo", 1) == 1


def test_a_huge_body_that_nobody_reads_ends_the_connection(server: Server) -> None:
    # The library would read it to its end, whatever its length.
    sock = connect(server.port)
    sock.sendall(b"POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n")
    sent = 0
    with pytest.raises(ConnectionError):
        sent = send_for_ever(sock)
    assert sent < 100_000_000


def send_for_ever(sock: socket.socket) -> int:
    sent = 0
    while sent < 100_000_000:
        sent += sock.send(bytes(65536))
    return sent


def test_a_port_in_use_is_said_plainly() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"TASKBEAM_PORT: 127.0.0.1:{port} is in use"):
            listen("127.0.0.1", port)
    with pytest.raises(ConfigurationError, match="TASKBEAM_HOST: 192.0.2.1"):
        listen("192.0.2.1", 0)


def test_more_than_a_thousand_connections_are_served(server: Server) -> None:
    # eventlet.wsgi stops accepting at 1,024, and most systems at 1,024 descriptors.
    with descriptors(1500):
        sockets = [connect(server.port) for _ in range(1100)]
        sockets[-1].sendall(GET)
        assert b"200 OK" in sockets[-1].recv(4096)
        assert server.get("/stats")["clients"] == 0


@contextmanager
def descriptors(number: int) -> Iterator[None]:
    """At least so many files may be open in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        pytest.skip(f"only {hard} descriptors allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(number, soft), hard))
    yield
    close_all()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_beyond_the_limit_clients_are_told_to_come_back(start_server: StartServer) -> None:
    server = start_server(max_connections=10)
    held = [connect(server.port) for _ in range(10 + 64)]
    time.sleep(0.2)
    late = connect(server.port)
    assert read_all(late).startswith(b"HTTP/1.1 503")
    for sock in held[:5]:
        sock.close()
    time.sleep(0.2)
    assert server.get("/")["no_delay"]


def test_running_out_of_descriptors_does_not_end_the_server(start_server: StartServer) -> None:
    server = start_server(descriptors=60)
    time.sleep(0.3)
    held = [connect(server.port) for _ in range(80)]
    time.sleep(1.0)
    for sock in held:
        sock.close()
    time.sleep(1.0)
    assert server.get("/")["no_delay"]


def test_connections_reset_at_once_do_not_end_the_server(server: Server) -> None:
    for _ in range(50):
        sock = connect(server.port)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        sock.close()
    assert server.get("/")["no_delay"]


# --- TLS -------------------------------------------------------------------------------------------------------------


def test_a_half_open_tls_client_holds_nobody_up(start_server: StartServer, certificate: tuple[str, str]) -> None:
    server = start_server(tls=certificate, deadlines={"handshake": 2.0})
    mute, halfway = connect(server.port), connect(server.port)
    halfway.sendall(b"\x16\x03\x01\x02\x00\x01")
    began = time.monotonic()
    assert server.get("/")["url"].startswith("https://")
    assert time.monotonic() - began < 1.5
    assert seconds_until_closed(mute) < 6
    assert seconds_until_closed(halfway) < 6


def test_plain_http_to_a_tls_port_ends_that_connection_only(
    start_server: StartServer, certificate: tuple[str, str]
) -> None:
    server = start_server(tls=certificate)
    plain = connect(server.port)
    plain.sendall(GET)
    assert b"200" not in read_all(plain)
    assert server.get("/")["no_delay"]
    assert "Traceback" not in server.terminate()


def test_socket_io_and_raw_websockets_work_over_tls(start_server: StartServer, certificate: tuple[str, str]) -> None:
    server = start_server(tls=certificate)
    client = SocketIOClient(server.port, tls=True)
    assert client.call("echo", "x" * 300_000) == "x" * 300_000
    raw = RawClient(server.port, "/raw", tls=True)
    raw.send(b"y" * 3_000_000)
    assert raw.read_message() == b"y" * 3_000_000


def test_a_certificate_that_cannot_be_read_is_said_plainly(start_server: StartServer) -> None:
    server = start_server(tls=["/nowhere/cert.pem", "/nowhere/key.pem"])
    assert server.process.wait(10) == 1
    assert "TASKBEAM_TLS_CERT" in server.process.communicate()[1]


# --- stopping --------------------------------------------------------------------------------------------------------


def test_an_idle_server_stops_at_once(start_server: StartServer) -> None:
    # The hub sleeps in epoll for up to a minute; a handler that only schedules something does not wake it.
    server = start_server()
    time.sleep(0.5)
    began = time.monotonic()
    server.terminate()
    assert time.monotonic() - began < 10


def test_a_request_under_way_is_finished(start_server: StartServer) -> None:
    server = start_server()
    answers: list[Any] = []
    request = threading.Thread(target=lambda: answers.append(server.request("GET", "/slow/1.5")))
    request.start()
    time.sleep(0.5)
    server.terminate()
    request.join()
    assert answers == [(200, b"done")]


def test_clients_of_sockets_are_told_that_the_server_goes_away(start_server: StartServer) -> None:
    server = start_server()
    client, raw = SocketIOClient(server.port), RawClient(server.port, "/raw")
    began = time.monotonic()
    server.terminate()
    assert time.monotonic() - began < 10
    assert client.read_message() == "1"
    assert client.read_close() == (1001, "server shutdown")
    assert raw.read_close() == (1001, "server shutdown")


def test_what_does_not_end_by_itself_is_ended(start_server: StartServer) -> None:
    server = start_server(deadlines={"stop": 0.5}, send_buffer=4096)
    stubborn = connect(server.port)
    stubborn.sendall(b"GET /slow/60.0 HTTP/1.1\r\nHost: x\r\n\r\n")
    stalled = SocketIOClient(server.port, receive_buffer=4096)
    stalled.join("slow")
    server.emit({"event": "news", "rooms": ["slow"], "times": 500, "pad": 1000})
    RawClient(server.port, "/stream", receive_buffer=4096)
    began = time.monotonic()
    server.terminate()
    assert time.monotonic() - began < 10


def test_the_port_is_free_again_afterwards(start_server: StartServer) -> None:
    server = start_server()
    SocketIOClient(server.port)
    server.terminate()
    listen("127.0.0.1", server.port).close()


def test_the_state_of_the_server_is_json(server: Server) -> None:
    keys = {"clients", "deliveries", "coalesced", "dropped_clients", "queued_messages", "queued_bytes", "rss", "peak"}
    assert set(json.loads(server.request("GET", "/stats")[1])) == keys
