"""How long a cached result takes over `/ws/ocr`, and what watching clients feel of pages being read.

    python -m tests.benchmarks.ocr_socket [--clients 100] [--seconds 20] [--large]

Runs `python app.py serve` with the default engine. First one client asks for a page that was read before, again and
again (bar: p99 of 20 ms). Then two clients keep twice as many pages in flight as there are workers, uncached, while
others watch tasks that report 10 times a second over Socket.IO (bar: p99 of 25 ms from an event's commit to its
receipt, none missing). `--large` sends each page padded to the largest image, 14 MB of base64. Exits 1 above a bar.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import websocket

from tests.benchmarks.push_latency.__main__ import measure, reports
from tests.integration.sockets.client import Client
from tests.integration.websockets.client import base64_of
from tests.pages import draw_text_page
from tests.server import Server

CACHED_BAR, PUSH_BAR = 20.0, 25.0  # milliseconds, p99
ASKED = 300
ROOMS, RATE = 10, 10.0
A4 = (2480, 3508)  # 300 dpi
LARGEST = 10 * 2**20
_SETTINGS = {
    "TASKBEAM_RATE_LIMIT": "1000000/minute",
    "TASKBEAM_MAX_CONNECTIONS_PER_CLIENT": "10000",
    "TASKBEAM_LOG_LEVEL": "warning",
}


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "var", **_SETTINGS) as server:
        cached = cached_times(server)
        print(f"cached, {ASKED} times: p50 {_quantile(cached, 0.5):.1f} ms, p99 {_quantile(cached, 0.99):.1f} ms")
        with reading(server, large=options.large) as read, Client(server.port, auth={"lobby": False}) as reporter:
            rooms = [reporter.call("task_created", {"id": f"room-{room}"})["id"] for room in range(ROOMS)]
            with reports(reporter, ROOMS, RATE):
                before = len(read)
                figures, cpu = measure(server, options, rooms)
                pages = len(read) - before
    print(
        f"{options.clients} clients watching, {pages} pages read beside them, "
        f"{os.cpu_count()} cores {cpu['machine']:.0f} % busy, server {cpu['server']:.0f} % of one"
    )
    assert set(read) == {"ocr_complete"}
    print("{received} received, {gaps} missing; p50 {p50} ms, p99 {p99} ms, worst {worst} ms".format(**figures))
    return int(_quantile(cached, 0.99) > CACHED_BAR or figures["p99"] > PUSH_BAR or figures["gaps"] > 0)


def cached_times(server: Server) -> list[float]:
    """Milliseconds from the request to its result, both over one connection."""
    page = base64_of(draw_text_page(sentences(1, 40)))
    request = json.dumps({"type": "ocr_request", "data": {"image": page}}).encode()
    url = f"ws://127.0.0.1:{server.port}/ws/ocr"
    times = []
    with closing(websocket.create_connection(url, suppress_origin=True, timeout=600)) as socket:
        for _ in range(1 + ASKED):
            began = time.perf_counter()
            socket.send(request)
            while b'"ocr_complete"' not in (answer := socket.recv_data()[1]):
                assert b'error"' not in answer, answer
            times.append(1000 * (time.perf_counter() - began))
    assert json.loads(answer)["data"]["result"]["cached"]
    return times[1:]  # the first one was read


@contextmanager
def reading(server: Server, *, large: bool) -> Iterator[list[str]]:
    """Pages are read all the while; gives how those ended that are done."""
    ends: list[str] = []
    stop = threading.Event()
    with ExitStack() as stack:
        for reader in range(2):
            url = f"ws://127.0.0.1:{server.port}/ws/ocr"
            socket = stack.enter_context(closing(websocket.create_connection(url, suppress_origin=True, timeout=600)))
            work = threading.Thread(target=_read_on, args=(socket, message(reader, large=large), ends, stop))
            work.start()
            stack.callback(work.join)
        stack.callback(stop.set)
        while len(ends) < 2:  # the engine is loaded
            time.sleep(0.1)
        yield ends


def _read_on(socket: Any, request: bytes, ends: list[str], stop: threading.Event) -> None:
    for _ in range(os.cpu_count() or 1):
        socket.send(request)
    while not stop.is_set():
        kind = json.loads(socket.recv())["type"]
        if kind in ("ocr_complete", "ocr_error", "error"):
            ends.append(kind)
            socket.send(request)


def message(seed: int, *, large: bool) -> bytes:
    page = draw_text_page(sentences(seed, 56), font_size=40, size=A4)
    if large:
        page += random.Random(seed).randbytes(LARGEST - len(page))
    data = {"image": base64_of(page), "requirements": {"cache": False}}
    return json.dumps({"type": "ocr_request", "data": data}).encode()


def sentences(seed: int, count: int) -> list[str]:
    chance = random.Random(seed)
    words = ["which", "of", "these", "numbers", "is", "the", "sum", "angles", "in", "a", "triangle", "with", "sides"]
    return [f"{number}. {' '.join(chance.choices(words, k=9))}?" for number in range(1, count + 1)]


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--large", action="store_true", help="each page as large as an image may be")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
