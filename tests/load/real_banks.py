"""Real banks from upload to duplicates, Node's socket.io-client watching: `python -m tests.load.real_banks [folder]`.

Imports every bank of the folder (default: the shared data beside the checkout) through REST, runs dedup over each, and
prints per task what was done, how many events came, and whether the client saw exactly the log.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.load.kill_rounds import events
from tests.server import Server

BANKS = (
    "gaokao-bench.jsonl.gz", "gsm8k.jsonl.gz", "aqua.jsonl.gz", "gaokao-300.csv", "gaokao-300.xlsx", "gaokao-30.gift",
    "gaokao-30.aiken.txt", "broken.jsonl", "broken.csv",
)  # fmt: skip


class NodeWatcher:
    """Node's socket.io-client in a process of its own."""

    def __init__(self, url: str, transport: str = "websocket") -> None:
        self._process = subprocess.Popen(
            ["node", "watch.mjs", url, transport], cwd=ROOT / "tests" / "node", text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._next()["event"] == "connect"

    def see(self, task_id: int) -> list[dict[str, Any]]:
        """Joins a task and gives its events up to the last, the answer to the join left out."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{task_id}\n")
        self._process.stdin.flush()
        seen: list[dict[str, Any]] = []
        while not seen or seen[-1]["event"] not in ("task_completed", "task_error", "task_cancelled"):
            event = self._next()
            if event["task_id"] == task_id and event["seq"] is not None:
                seen.append(event)
        return seen

    def close(self) -> None:
        self._process.communicate("\n", timeout=10)

    def _next(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line: dict[str, Any] = json.loads(self._process.stdout.readline())
        return line


def main() -> None:
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data" / "questions"
    print(f"{'bank':24} {'task':7} {'seconds':>8} {'events':>7} {'log':>6}  what came of it")
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "var") as server:
        watcher = NodeWatcher(server.url)
        for name in BANKS:
            _run(server, watcher, _unpacked(source / name, Path(folder)))
        watcher.close()


def _run(server: Server, watcher: NodeWatcher, file: Path) -> None:
    bank = server.call("POST", "/api/banks", {"name": file.name})["data"]["id"]
    began = time.monotonic()
    _tell(server, watcher, file.name, server.upload(f"/api/banks/{bank}/import", file)["data"]["id"], began)
    began = time.monotonic()
    task = server.call("POST", "/api/dedup/tasks", {"task_name": file.name, "bank_id": bank})["data"]["id"]
    server.call("POST", f"/api/dedup/tasks/{task}/start")
    _tell(server, watcher, "", task, began)


def _tell(server: Server, watcher: NodeWatcher, name: str, task_id: int, began: float) -> None:
    seen = watcher.see(task_id)
    seconds = time.monotonic() - began
    task = server.await_status(task_id)
    log = [(row["seq"], row["event"]) for row in events(server, task_id)]
    whole = "whole" if log == [(event["seq"], event["event"]) for event in seen] else "TORN"
    result = {key: value for key, value in (task["result"] or task["error"]).items() if isinstance(value, int)}
    told = ", ".join(f"{key} {value}" for key, value in result.items())
    print(f"{name:24} {task['kind']:7} {seconds:8.2f} {len(seen):7} {whole:>6}  {told}")


def _unpacked(file: Path, folder: Path) -> Path:
    if file.suffix != ".gz":
        return file
    target = folder / file.stem
    with gzip.open(file) as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return target


if __name__ == "__main__":
    main()
