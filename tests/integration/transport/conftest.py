"""A server process for each module's options, and what the tests ask of it over HTTP."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, absent
from tests.integration.transport.clients import SECONDS, close_all, unverified

SUBJECT = "tests.integration.transport.subject"
StartServer = Callable[..., "Server"]


class Server:
    def __init__(self, options: dict[str, Any]) -> None:
        self.tls = "tls" in options
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", SUBJECT, json.dumps(options)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        self.port = int(line)

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        connection = (
            http.client.HTTPSConnection("127.0.0.1", self.port, timeout=SECONDS, context=unverified())
            if self.tls
            else http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        )
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer = response.status, response.read()
        connection.close()
        return answer

    def get(self, path: str) -> Any:
        status, body = self.request("GET", path)
        assert status == 200, body
        return json.loads(body)

    def emit(self, *steps: dict[str, Any]) -> Any:
        body = json.dumps({"steps": steps}).encode()
        status, answer = self.request("POST", "/emit", body, **{"Content-Type": "application/json"})
        assert status == 200, answer
        return json.loads(answer)

    def stats(self) -> Any:
        return self.get("/stats")

    def terminate(self) -> str:
        """SIGTERM, and what it wrote to stderr until it ended by itself."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, errors
        return errors

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture(autouse=True)
def no_client_left_open() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def start_server() -> Iterator[StartServer]:
    servers: list[Server] = []

    def start(**options: Any) -> Server:
        servers.append(Server(options))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One with the default options, shared by a module's tests."""
    server = Server({})
    yield server
    server.kill()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Paths of a self-signed certificate and its key."""
    if shutil.which("openssl") is None:
        absent("no openssl command to make a certificate with")
    folder: Path = tmp_path_factory.mktemp("tls")
    paths = str(folder / "cert.pem"), str(folder / "key.pem")
    subject = ["-subj", "/CN=localhost", "-days", "2", "-nodes", "-newkey", "rsa:2048"]
    subprocess.run(
        ["openssl", "req", "-x509", *subject, "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True
    )
    return paths
