"""Node's own socket.io-client, as the dashboards and apps of our users run it."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from typing import Any, Self

from tests.conftest import ROOT, absent

NODE = ROOT / "tests" / "node"
SECONDS = 30.0


def require_node() -> None:
    if shutil.which("node") is None or not (NODE / "node_modules" / "socket.io-client").is_dir():
        absent("needs Node, and `npm ci` in tests/node")


class NodeClient:
    """`tasks/client.mjs`; `lines` is everything it said."""

    def __init__(self, url: str, transport: str, auth: Any = None) -> None:
        command = ["node", "tasks/client.mjs", url, transport, *([] if auth is None else [json.dumps(auth)])]
        self.lines: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._asked = 0
        self._process = subprocess.Popen(
            command, cwd=NODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(SECONDS)
        self._reader.join(SECONDS)
        self._process.stdout.close()

    def emit(self, event: str, data: Any = None) -> None:
        self.tell(emit=event, data=data)

    def call(self, event: str, data: Any = None) -> Any:
        self._asked += 1
        number = self._asked
        self.tell(ask=event, data=data, number=number)
        return self.wait(lambda: [line["data"] for line in self.lines if line.get("ack") == number])[0]

    def tell(self, **command: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")

    def named(self, event: str) -> list[Any]:
        return [line["data"] for line in list(self.lines) if line.get("event") == event]

    def said(self, what: str) -> list[dict[str, Any]]:
        return [line for line in list(self.lines) if what in line]

    def wait_event(self, event: str, of: Callable[[Any], bool] = lambda _: True) -> Any:
        return self.wait(lambda: [data for data in self.named(event) if of(data)])[0]

    def wait(self, look: Callable[[], Any], seconds: float = SECONDS) -> Any:
        with self._changed:
            assert self._changed.wait_for(look, seconds), self.lines[-20:]
        return look()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self.lines.append(json.loads(line))
                self._changed.notify_all()
