from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import ROOT
from tests.integration.sockets.client import SECONDS, Client


@dataclass
class Subject:
    """The server under test, and the levers it has for tests."""

    port: int
    log_path: Path
    process: subprocess.Popen[bytes]
    clients: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self, **options: Any) -> Client:
        """A client that is closed when the test ends."""
        return self.clients.enter_context(Client(self.port, **options))

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        response = requests.request(method, self.url + path, json=body, headers=headers, timeout=SECONDS)
        assert response.ok, response.text
        return response.json() if response.content else None

    def external(self, **fields: Any) -> int:
        return int(self.call("POST", "/api/external/tasks", {"task_name": "theirs", **fields})["data"]["id"])

    def report(self, task_id: int, **fields: Any) -> None:
        self.call("PATCH", f"/api/external/tasks/{task_id}", fields)

    def burst(self, task_id: int, count: int) -> None:
        for done in range(0, count, 100):  # no call takes long, whatever database it is
            self.call("POST", f"/test/external/{task_id}/progress/{min(100, count - done)}")

    def scripted(self, *units: dict[str, Any]) -> int:
        """A task of our own, pending."""
        body = {"kind": "sleep", "name": "scripted", "params": {"units": list(units)}}
        return int(self.call("POST", "/test/tasks", body)["id"])

    def log_of(self, task_id: int) -> list[tuple[int, str]]:
        events: list[tuple[int, str]] = []
        while True:
            after = events[-1][0] if events else 0
            page = self.call("GET", f"/api/tasks/{task_id}/events?after_seq={after}&limit=500")["data"]
            if not page:
                return events
            events += [(row["seq"], row["event"]) for row in page]


@contextmanager
def running_subject(data_dir: Path, *settings: str) -> Iterator[Subject]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.sockets.subject", str(data_dir), *settings]
    log_path = data_dir.with_suffix(".log")
    with (
        log_path.open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT) as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, log_path.read_text()
        try:
            yield Subject(int(line), log_path, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)


@pytest.fixture(scope="session")
def shared_subject(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    with running_subject(tmp_path_factory.mktemp("sockets") / "data", "rate_limit=1000000/minute") as subject:
        yield subject


@pytest.fixture
def subject(shared_subject: Subject) -> Iterator[Subject]:
    """The server most tests share; each closes its own clients."""
    ended = shared_subject.process.poll()
    assert ended is None, f"the server ended with status {ended}: {shared_subject.log_path.read_text()[-3000:]}"
    with ExitStack() as clients:
        shared_subject.clients = clients
        yield shared_subject
    assert "Traceback" not in shared_subject.log_path.read_text()


@pytest.fixture
def start_subject(tmp_path: Path) -> Iterator[Callable[..., Subject]]:
    """Starts a server with settings of the test's own."""
    with ExitStack() as stack:

        def start(*settings: str) -> Subject:
            subject = stack.enter_context(running_subject(tmp_path / "data", *settings))
            stack.enter_context(subject.clients)
            return subject

        yield start
