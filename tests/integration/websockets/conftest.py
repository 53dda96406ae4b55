from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import ROOT
from tests.integration.transport.clients import close_all
from tests.integration.websockets.client import SECONDS, OcrClient

StartSubject = Callable[..., "Subject"]


@dataclass
class Subject:
    """The server under test, and the levers it has for tests; `alone` is the port that serves `/ws/ocr` only."""

    port: int
    alone: int
    process: subprocess.Popen[bytes]
    log_path: Path
    clients: ExitStack = field(default_factory=ExitStack)

    def connect(self, **options: Any) -> OcrClient:
        """A client that is closed when the test ends."""
        client = OcrClient(options.pop("port", self.port), **options)
        return self.clients.enter_context(client)

    def connected(self, **options: Any) -> OcrClient:
        client = self.connect(**options)
        assert client.await_type("connection_status")["data"]["status"] == "connected"
        return client

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        url = f"http://127.0.0.1:{self.port}{path}"
        response = requests.request(method, url, json=body, headers=headers, timeout=SECONDS)
        assert response.ok, response.text
        return response.json()

    def state(self) -> Any:
        return self.call("GET", "/test/state")

    def await_state(self, seconds: float = SECONDS, **expected: Any) -> None:
        deadline = time.monotonic() + seconds
        while not expected.items() <= (state := self.state()).items():
            assert time.monotonic() < deadline, state
            time.sleep(0.02)

    def key(self, *scopes: str) -> tuple[int, str]:
        made = self.call("POST", "/test/keys", {"name": "k", "scopes": list(scopes)})
        return made["id"], made["key"]


@contextmanager
def running_subject(data_dir: Path, *settings: str) -> Iterator[Subject]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.websockets.subject", str(data_dir), *settings]
    log_path = data_dir.with_suffix(".log")
    with (
        log_path.open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT) as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, log_path.read_text()
        port, alone = map(int, line.split())
        try:
            yield Subject(port, alone, process, log_path)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)


@pytest.fixture(scope="session")
def shared_subject(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    with running_subject(tmp_path_factory.mktemp("websockets") / "data", "rate_limit=1000000/minute") as subject:
        yield subject


@pytest.fixture(scope="session")
def shared_guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    settings = ("rate_limit=1000000/minute", "auth=required", "max_connections_per_client=5")
    patience = ("revocation.SECONDS_BETWEEN_LOOKS=0.3", "ocr.AUTH_SECONDS=3")
    with running_subject(tmp_path_factory.mktemp("guarded") / "data", *settings, *patience) as subject:
        yield subject


@pytest.fixture
def guarded(shared_guarded: Subject) -> Iterator[Subject]:
    """One that asks for keys, looks after them often, gives strangers 3 s and each client 5 places."""
    yield from _kept_clean(shared_guarded)


@pytest.fixture
def subject(shared_subject: Subject) -> Iterator[Subject]:
    """The server most tests share; each closes its own clients, and nothing stays in flight."""
    yield from _kept_clean(shared_subject)


@pytest.fixture
def start_subject(tmp_path: Path) -> Iterator[StartSubject]:
    """Starts a server with settings of the test's own."""
    with ExitStack() as stack:

        def start(*settings: str) -> Subject:
            subject = stack.enter_context(running_subject(tmp_path / "data", *settings))
            stack.enter_context(subject.clients)
            return subject

        yield start


def _kept_clean(subject: Subject) -> Iterator[Subject]:
    with ExitStack() as clients:
        subject.clients = clients
        clients.callback(close_all)
        yield subject
    subject.await_state(connections=0, requests_in_flight=0, held_bytes=0, busy=0, waiting=0)
    log = subject.log_path.read_text()
    assert [word for word in ("Unforeseen", "the handler of", "eventlet/greenthread.py") if word in log] == []
