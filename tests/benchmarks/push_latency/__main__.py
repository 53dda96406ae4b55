"""How long an event takes to its viewers while every core computes.

    python -m tests.benchmarks.push_latency [--clients 200] [--rooms 10] [--rate 10] [--seconds 20] [--idle]

Runs `python app.py serve`, keeps its workers busy with dedup of a made-up bank, and has each room's task report
progress over Socket.IO. Measured is the time from an event's `timestamp`, set inside the transaction that records it,
to its receipt, so the commit is part of it. Exits 1 when p99 is above 25 ms or an event is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.conftest import ROOT
from tests.integration.sockets.client import Client
from tests.load.banks import write_bank
from tests.server import Server

BAR = 25.0  # milliseconds, p99
QUESTIONS, GROUPS = 20_000, 40
_SETTINGS = {
    "TASKBEAM_RATE_LIMIT": "1000000/minute",
    "TASKBEAM_MAX_CONNECTIONS_PER_CLIENT": "10000",
    "TASKBEAM_LOG_LEVEL": "warning",
}


def main() -> int:
    options = _options()
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder) / "var", **_SETTINGS) as server,
        Client(server.port, auth={"lobby": False}) as reporter,
        busy(server, Path(folder), idle=options.idle),
    ):
        rooms = [reporter.call("task_created", {"id": f"room-{room}"})["id"] for room in range(options.rooms)]
        with reports(reporter, options.rooms, options.rate):
            figures, cpu = measure(server, options, rooms)
    print(
        f"{options.clients} clients in {options.rooms} rooms, {options.rate:g} events/s a room, "
        f"{os.cpu_count()} cores {cpu['machine']:.0f} % busy, server {cpu['server']:.0f} % of one"
    )
    print("{received} received, {gaps} missing; p50 {p50} ms, p99 {p99} ms, worst {worst} ms".format(**figures))
    return int(figures["p99"] > BAR or figures["gaps"] > 0)


def measure(server: Server, options: argparse.Namespace, rooms: list[int]) -> tuple[dict[str, Any], dict[str, float]]:
    module = "tests.benchmarks.push_latency.viewers"
    command = [sys.executable, "-m", module, str(server.port), str(options.clients), str(options.seconds)]
    with subprocess.Popen([*command, *map(str, rooms)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as viewers:
        assert viewers.stdout is not None
        assert server.process is not None
        assert viewers.stdout.readline() == "joined\n"
        process = psutil.Process(server.process.pid)
        psutil.cpu_percent()
        process.cpu_percent()
        figures = json.loads(viewers.stdout.readline())
        return figures, {"machine": psutil.cpu_percent(), "server": process.cpu_percent()}


@contextmanager
def reports(reporter: Client, rooms: int, rate: float) -> Iterator[None]:
    """Each room's task progresses at this rate, the rooms one after the other."""
    stop = threading.Event()

    def report() -> None:
        step, began = 0, time.monotonic()
        while not stop.wait(max(0.0, began + step / (rate * rooms) - time.monotonic())):
            progress = min(99.0, step / 10_000)
            reporter.emit(
                "task_progress", {"id": f"room-{step % rooms}", "progress": progress, "message": f"step {step}"}
            )
            step += 1

    with _running(report, stop):
        yield


@contextmanager
def busy(server: Server, folder: Path, *, idle: bool) -> Iterator[None]:
    """Dedup tasks run one after the other, always more than there are workers."""
    if idle:
        yield
        return
    file = write_bank(folder / "bank.jsonl", QUESTIONS, GROUPS, seed=5)
    bank = server.call("POST", "/api/banks", {"name": "busy"})["data"]["id"]
    task = server.upload(f"/api/banks/{bank}/import", file)["data"]
    assert server.await_status(task["id"])["status"] == "completed"
    stop = threading.Event()

    def feed() -> None:
        while not stop.wait(0.3):
            active = server.call("GET", "/api/tasks?kind=dedup&status=running&limit=1")["meta"]["total"]
            active += server.call("GET", "/api/tasks?kind=dedup&status=queued&limit=1")["meta"]["total"]
            for _ in range(2 * (os.cpu_count() or 1) - active):
                body = {"task_name": "busy", "bank_id": bank, "auto_start": True}
                server.call("POST", "/api/dedup/tasks", body)

    with _running(feed, stop):
        while not server.call("GET", "/api/tasks?kind=dedup&status=running&limit=1")["meta"]["total"]:
            time.sleep(0.1)
        yield


@contextmanager
def _running(work: Any, stop: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--rooms", type=int, default=10)
    parser.add_argument("--rate", type=float, default=10.0, help="events a second in each room")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--idle", action="store_true", help="without the work beside it, to compare")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
