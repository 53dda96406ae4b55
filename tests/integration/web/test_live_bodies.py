"""Bodies as they come over a wire: in chunks, cut off, longer than they said, or never."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.server import Server

PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
ROWS = "题干,答案\n1+1=?,2\n".encode()
END = b"\r\n--b--\r\n"
IMPORT = "/api/banks/1/import"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server"), TASKBEAM_WORKERS="1", TASKBEAM_MAX_UPLOAD_MB="2") as server:
        yield server


def request(server: Server, path: str, *headers: str, body: bytes = b"", close: bool = False) -> tuple[int, bytes]:
    """Sends bytes as they are; the status (0: none came) and what followed the headers."""
    lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "Connection: close", *headers, "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as wire:
        wire.sendall("\r\n".join(lines).encode() + body)
        if close:
            return 0, b""
        answer = b""
        while piece := wire.recv(65536):
            answer += piece
    head, _, content = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), content


def uploads(server: Server) -> list[str]:
    return sorted(path.name for path in (server.data_dir / "uploads").glob("*"))


def test_an_upload_without_a_length_is_taken(server: Server):
    answer = requests.post(
        server.url + IMPORT,
        data=iter([PART, ROWS, END]),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
        timeout=20,
    )
    assert answer.status_code == 201
    assert server.await_status(answer.json()["data"]["id"])["result"]["imported"] == 1


def test_a_json_body_without_a_length_is_taken(server: Server):
    body = iter([b'{"task_name": ', b'"chunked"}'])
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{server.url}/api/external/tasks", data=body, headers=headers, timeout=20)
    assert answer.json()["data"]["task_name"] == "chunked"


def test_a_length_beyond_the_limit_is_refused_before_the_body_comes(server: Server):
    status, content = request(
        server, IMPORT, "Content-Type: multipart/form-data; boundary=b", f"Content-Length: {10**12}"
    )
    assert (status, json.loads(content)["code"]) == (413, "TOO_LARGE")


def test_a_foreign_page_is_refused_before_its_body_comes(server: Server):
    status, content = request(
        server,
        IMPORT,
        "Origin: https://evil.example",
        "Content-Type: multipart/form-data; boundary=b",
        "Content-Length: 1000000",
    )
    assert (status, json.loads(content)["code"]) == (403, "ORIGIN_REFUSED")


@pytest.mark.parametrize("length", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_an_upload_that_is_cut_off_leaves_no_file(server: Server, length: str):
    before = uploads(server)
    body = PART + ROWS * 2000
    if "chunked" in length:
        body = b"%x\r\n" % (len(body) + 500_000) + body
    request(server, IMPORT, "Content-Type: multipart/form-data; boundary=b", length, body=body, close=True)
    deadline = time.monotonic() + 30
    while left := set(uploads(server)) - set(before):  # what an earlier test's request still had may go meanwhile
        assert time.monotonic() < deadline, left
        time.sleep(0.02)
    assert "Traceback" not in server.log


def test_chunks_that_are_none_are_a_bad_request(server: Server):
    for path, kind in ((IMPORT, "multipart/form-data; boundary=b"), ("/api/external/tasks", "application/json")):
        status, content = request(
            server, path, f"Content-Type: {kind}", "Transfer-Encoding: chunked", body=b"zz\r\nnonsense\r\n"
        )
        assert status in (400, 422)
        assert b"Traceback" not in content
    assert "Traceback" not in server.log


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(server: Server, tmp_path: Path):
    body = PART + ROWS + END
    lines = [
        f"POST {IMPORT} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "Content-Type: multipart/form-data; boundary=b",
        f"Content-Length: {len(body)}",
        "Expect: 100-continue",
        "Connection: close",
    ]
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as wire:
        wire.sendall("\r\n".join([*lines, "", ""]).encode())
        assert wire.recv(1000).startswith(b"HTTP/1.1 100 ")
        wire.sendall(body)
        assert b" 201 " in wire.recv(1000)
