"""What it takes to show one camera to many.

    python -m tests.benchmarks.camera_fanout [--viewers 50] [--seconds 20] [--stall 60]

Runs `python app.py serve` with the test pattern, 1280x720 at 30 frames a second. Bars: fifty viewers get 30 frames a
second, p99 of 25 ms from capture to receipt, 40 % of one core in the server; one viewer gets each picture within
20 ms beyond one frame interval of the clock drawn into it (p99); three viewers that stop reading cost at most 10 MB
and the others nothing; a second width is one more encode and no second capture; task events reach their watchers
within 25 ms (p99) while 20 viewers watch; viewers that never ack get what their connection takes; a source that is
away for 5 s is missed within 3 s and seen within 3 s of its return. Exits 1 above a bar.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.push_latency.__main__ import measure, reports
from tests.conftest import ROOT
from tests.integration.cameras.sources import MjpegCamera
from tests.integration.sockets.client import Client
from tests.integration.sockets.viewer import Viewer
from tests.server import Server

FPS, INTERVAL = 30.0, 1 / 30
_SETTINGS = {
    "TASKBEAM_CAMERAS": "test:1280x720@30",
    "TASKBEAM_CAMERA_PRIVATE_URLS": "true",
    "TASKBEAM_RATE_LIMIT": "1000000/minute",
    "TASKBEAM_MAX_CONNECTIONS_PER_CLIENT": "10000",
    "TASKBEAM_LOG_LEVEL": "warning",
    "TASKBEAM_WORKERS": "1",
}
_missed: list[str] = []


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "var", **_SETTINGS) as server:
        print(f"load before: {psutil.getloadavg()[0]:.1f}, {psutil.cpu_count()} cores", flush=True)
        one_viewer(server, options.seconds)
        many_viewers(server, options.viewers, options.seconds)
        second_width(server)
        stalled_viewers(server, options.stall)
        viewers_that_never_ack(server, options.seconds)
        beside_tasks(server, options.seconds)
        vanishing_source(server)
    for missed in _missed:
        print(f"MISSED: {missed}")
    return 1 if _missed else 0


def one_viewer(server: Server, seconds: float) -> None:
    with viewers(server, 1, seconds, mode="glass") as get:
        got = get()
    print(
        f"1 viewer: {got['fps'][0]} fps, {_ms(got)}, glass to receipt p99 {got['glass_p99'] * 1e3:.1f} ms", flush=True
    )
    _bar(got["glass_p99"] <= INTERVAL + 0.020, "glass to receipt, 1 viewer")


def many_viewers(server: Server, count: int, seconds: float) -> None:
    with viewers(server, count, seconds) as get:
        time.sleep(1.0)
        with cpu_of(server) as cpu:
            time.sleep(max(1.0, seconds - 2))
        got = get()
    print(
        f"{count} viewers: {min(got['fps'])} to {max(got['fps'])} fps, {_ms(got)}, "
        f"of one core: server {cpu['server']:.0f} %, capture {cpu['capture']:.0f} %, viewers {cpu['viewers']:.0f} %; "
        f"machine {cpu['machine']:.0f} % busy, {got['kilobytes']:.0f} kB a frame",
        flush=True,
    )
    _bar(min(got["fps"]) >= FPS - 0.5, "30 fps held")
    _bar(got["p99"] <= 0.025, "capture to receipt")
    _bar(cpu["server"] <= 40, "server CPU")


def second_width(server: Server) -> None:
    with viewers(server, 2, 6.0) as get, viewers(server, 2, 6.0, {"width": 640}) as get_other:
        time.sleep(5.0)
        status = server.call("GET", "/api/cameras/1/status")["data"]
        got, other = get(), get_other()
    encoded = [(one["width"], one["fps"]) for one in status["encoded"]]
    print(
        f"two widths: encoded {encoded}, captures {status['captures']}, fps {got['fps']} and {other['fps']}", flush=True
    )
    _bar(len(encoded) == 2, "one more encode")


def stalled_viewers(server: Server, seconds: float) -> None:
    with viewers(server, 5, seconds + 3) as get:
        process = psutil.Process(server.process.pid)  # type: ignore[union-attr]
        before = process.memory_info().rss
        with viewers(server, 3, seconds, mode="stall") as get_stalled:
            worst = 0
            for _ in range(int(seconds)):
                time.sleep(1.0)
                worst = max(worst, process.memory_info().rss)
            get_stalled()
        got = get()
    grown = (worst - before) / 1e6
    print(f"3 that stop reading for {seconds:.0f} s: server grew {grown:.1f} MB; 5 others {got['fps']} fps, {_ms(got)}")
    _bar(grown <= 10, "memory beside stalled viewers")
    _bar(min(got["fps"]) >= FPS - 0.5, "30 fps beside stalled viewers")


def viewers_that_never_ack(server: Server, seconds: float) -> None:
    process = psutil.Process(server.process.pid)  # type: ignore[union-attr]
    with viewers(server, 5, seconds + 3) as get, viewers(server, 5, seconds, mode="silent") as get_silent:
        before = process.memory_info().rss
        silent = get_silent()
        grown = (process.memory_info().rss - before) / 1e6
        got = get()
    print(
        f"5 that never ack: {silent['fps']} fps, {_ms(silent)}; server grew {grown:.1f} MB; 5 others {got['fps']} fps"
    )
    _bar(min(silent["fps"]) >= FPS - 0.5, "without acks, what the connection takes")
    _bar(min(got["fps"]) >= FPS - 0.5, "30 fps beside viewers that never ack")


def vanishing_source(server: Server) -> None:
    """A camera of the network is gone for 5 s, then silent for 5 s."""
    camera = MjpegCamera()
    made = server.call("POST", "/api/cameras", {"source": camera.url})["data"]
    for how, go, come in (
        ("vanishes", camera.vanish, camera.come),
        ("is silent", partial(setattr, camera, "silent", True), partial(setattr, camera, "silent", False)),
    ):
        with Viewer(server.port) as viewer:
            viewer.call("watch", {"camera_id": made["id"]})
            viewer.wait_frames(20)
            gone = time.time()
            go()
            viewer.wait(lambda viewer=viewer: viewer.named("camera_error"))
            missed = time.time() - gone
            time.sleep(max(0.0, 5.0 - missed))
            returned = time.time()
            come()
            viewer.wait(lambda viewer=viewer, returned=returned: viewer.frames[-1]["timestamp"] > returned)
            seen = time.time() - returned
        print(f"a source that {how} for 5 s: error after {missed:.1f} s, frames {seen:.1f} s after its return")
        _bar(max(missed, seen) <= 3, f"a source that {how}")
    camera.close()


def beside_tasks(server: Server, seconds: float) -> None:
    options = argparse.Namespace(clients=100, seconds=seconds)
    with viewers(server, 20, seconds + 10) as get, Client(server.port, auth={"lobby": False}) as reporter:
        rooms = [reporter.call("task_created", {"id": f"room-{room}"})["id"] for room in range(10)]
        with reports(reporter, 10, 10.0):
            figures, cpu = measure(server, options, rooms)
        got = get()
    print(
        f"100 task watchers beside 20 viewers: push p50 {figures['p50']:.1f}, p99 {figures['p99']:.1f} ms, "
        f"server {cpu['server']:.0f} % of one core; viewers {min(got['fps'])} fps"
    )
    _bar(figures["p99"] <= 25, "push latency beside viewers")


@contextmanager
def viewers(
    server: Server, count: int, seconds: float, wish: dict[str, Any] | None = None, mode: str = ""
) -> Iterator[Any]:
    """Starts them; gives what waits for their figures."""
    command = [sys.executable, "-m", "tests.benchmarks.camera_viewers", str(server.port), str(count), str(seconds)]
    with subprocess.Popen(
        [*command, json.dumps(wish or {}), mode], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "all watch\n"
        lines = process.stdout
        yield lambda: json.loads(lines.readline())


@contextmanager
def cpu_of(server: Server) -> Iterator[dict[str, float]]:
    """Per cent of one core, by part, over the block."""
    main_process = psutil.Process(server.process.pid)  # type: ignore[union-attr]
    children = main_process.children()
    capture = [child for child in children if "services.cameras.capture_process" in child.cmdline()]
    parts = {"server": [main_process], "capture": capture, "viewers": psutil.Process().children()}
    parts["viewers"] = [one for one in parts["viewers"] if one.pid != main_process.pid]
    before, began = {name: _seconds(those) for name, those in parts.items()}, time.monotonic()
    psutil.cpu_percent()
    figures: dict[str, float] = {}
    yield figures
    figures["machine"] = psutil.cpu_percent()
    span = time.monotonic() - began
    figures.update({name: 100 * (_seconds(those) - before[name]) / span for name, those in parts.items()})


def _seconds(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _ms(got: dict[str, Any]) -> str:
    return (
        f"capture to receipt p50 {got['p50'] * 1e3:.1f}, p99 {got['p99'] * 1e3:.1f}, worst {got['worst'] * 1e3:.1f} ms"
    )


def _bar(is_held: bool, what: str) -> None:
    if not is_held:
        _missed.append(what)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--stall", type=float, default=60.0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
