"""A real server in a process of its own, driven as its users drive it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import requests

from tests.conftest import ROOT

PATIENCE = 60.0  # seconds for a start or a stop; a loaded machine needs half of them


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class HttpError(Exception):
    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem}")
        self.status, self.problem = status, problem


class Server:
    """`python app.py serve` on one port and one data directory; may be killed and started again."""

    def __init__(self, data_dir: Path, port: int | None = None, **settings: str) -> None:
        self.data_dir, self.port = data_dir, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = settings
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TASKBEAM_")}
        own = {"TASKBEAM_PORT": str(self.port), "TASKBEAM_DATA_DIR": str(self.data_dir), "TASKBEAM_LOG_FORMAT": "json"}
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "app.py"), "serve"],
                env=clean | own | self._settings, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.data_dir,
            )  # fmt: skip
        self._await_ready()

    @property
    def log_path(self) -> Path:
        return self.data_dir / "server.log"

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def kill(self) -> None:
        """As a power cut would: no handler runs."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        """As an operator would; gives the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return int(self.process.returncode)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """JSON in, JSON out; raises HttpError for a problem."""
        return _answer(requests.request(method, self.url + path, json=body, headers=headers, timeout=60))

    def upload(self, path: str, file: Path, **fields: str) -> Any:
        with file.open("rb") as content:
            return _answer(requests.post(self.url + path, data=fields, files={"file": content}, timeout=60))

    def make_key(self, *scopes: str) -> str:
        """An API key, as the command line makes it beside the running server."""
        command = [sys.executable, str(ROOT / "app.py"), "keys", "create", "--name", "a test"]
        options = [part for scope in scopes for part in ("--scope", scope)]
        environment = os.environ | {"TASKBEAM_DATA_DIR": str(self.data_dir)}
        made = subprocess.run([*command, *options], env=environment, cwd=self.data_dir, capture_output=True, check=True)
        return made.stdout.decode().split()[-1]

    def await_status(self, task_id: int, *statuses: str, patience: float = 120.0) -> dict[str, Any]:
        statuses = statuses or ("completed", "failed", "cancelled")
        deadline = time.monotonic() + patience
        while True:
            task: dict[str, Any] = self.call("GET", f"/api/tasks/{task_id}")["data"]
            if task["status"] in statuses:
                return task
            assert time.monotonic() < deadline, task
            time.sleep(0.05)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self.process is not None
            assert self.process.poll() is None, self.log[-3000:]
            try:
                requests.get(f"{self.url}/healthz", timeout=5).raise_for_status()
            except requests.RequestException:
                assert time.monotonic() < deadline, self.log[-3000:]
                time.sleep(0.05)
            else:
                return


def _answer(response: requests.Response) -> Any:
    if not response.ok:
        raise HttpError(response.status_code, response.json())
    return response.json() if response.content else None
