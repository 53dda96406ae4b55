"""What a trip to a worker process costs, beside concurrent.futures.ProcessPoolExecutor.

    python -m tests.benchmarks.worker_roundtrip [--rounds N]

Prints one line per pool: warm round trip (p50, p99), the same with 1 MB each way, how long after a cancel or a
segfault the caller knows, and how long until the next unit is served. The rival runs on plain threads only: under
eventlet's patching it hangs. It cannot cancel a unit at all, and a segfault breaks it whole, so its recovery is that
of a new pool.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from services.errors import UnitCancelledError, WorkerLostError
from services.runners.worker_pool import CancelToken, WorkerPool

TARGETS = "tests.integration.runners.targets"
LARGE = os.urandom(2**20)
LOSSES = 20

Figures = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--only", choices=["here", "patched", "rival"])
    arguments = parser.parse_args()
    if arguments.only is None:
        _print_head()
        for only in ("here", "patched", "rival"):
            command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.worker_roundtrip"]
            subprocess.run([*command, "--only", only, "--rounds", str(arguments.rounds)], check=True)
        return
    if arguments.only == "patched":
        import eventlet

        eventlet.monkey_patch()
    logging.disable()
    measure = measure_rival if arguments.only == "rival" else measure_pool
    names = {"here": "WorkerPool", "patched": "WorkerPool, eventlet", "rival": "ProcessPoolExecutor"}
    _print_row(names[arguments.only], measure(arguments.rounds))


def measure_pool(rounds: int) -> Figures:
    pool = WorkerPool(2, nice=0, recycle_after=10**9)
    pool.start()
    try:
        return {
            "small": _times(lambda: pool.run(f"{TARGETS}:echo", {"a": 1}), rounds),
            "large": _times(lambda: pool.run(f"{TARGETS}:echo", {}, blob=LARGE), rounds // 10),
            "cancel": [_cancel(pool) for _ in range(LOSSES)],
            "crash": [_crash(pool) for _ in range(LOSSES)],
            "again": [_recover(pool) for _ in range(LOSSES)],
        }
    finally:
        pool.close()


def measure_rival(rounds: int) -> Figures:
    with ProcessPoolExecutor(2) as pool:
        small = _times(lambda: pool.submit(_echo, {"a": 1}, b"").result(), rounds)
        large = _times(lambda: pool.submit(_echo, {}, LARGE).result(), rounds // 10)
    losses = [_break_rival() for _ in range(LOSSES)]
    return {
        "small": small,
        "large": large,
        "cancel": [],
        "crash": [crash for crash, _ in losses],
        "again": [again for _, again in losses],
    }


def _times(call: Callable[[], object], rounds: int) -> list[float]:
    for _ in range(50):
        call()
    return [_time(call) for _ in range(rounds)]


def _time(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _cancel(pool: WorkerPool) -> float:
    """Seconds from the cancel to the caller's knowing, when the process is gone."""
    token, busy, known = CancelToken(), threading.Event(), []

    def call() -> None:
        try:
            pool.run(f"{TARGETS}:sleep", {"seconds": 60}, on_report=lambda _: busy.set(), cancel=token)
        except UnitCancelledError:
            known.append(time.perf_counter())

    caller = threading.Thread(target=call)
    caller.start()
    busy.wait()
    began = time.perf_counter()
    token.cancel()
    caller.join()
    return known[0] - began


def _crash(pool: WorkerPool) -> float:
    """Seconds from handing in a unit that segfaults, on a warm worker, to the caller's knowing."""
    while pool.stats().workers < 2:
        time.sleep(0.01)
    began = time.perf_counter()
    try:
        pool.run(f"{TARGETS}:segfault", {})
    except WorkerLostError:
        return time.perf_counter() - began
    raise AssertionError("it did not crash")


def _recover(pool: WorkerPool) -> float:
    """Seconds from a segfault of one of two workers to the next answer."""
    _crash(pool)
    return _time(lambda: pool.run(f"{TARGETS}:echo", {}))


def _break_rival() -> tuple[float, float]:
    pool: Executor
    with ProcessPoolExecutor(2) as pool:
        for future in [pool.submit(_echo, {}, b"") for _ in range(10)]:
            future.result()
        began = time.perf_counter()
        try:
            pool.submit(_segfault).result()
        except BrokenProcessPool:
            crash = time.perf_counter() - began

    def start_again() -> None:
        with ProcessPoolExecutor(2) as fresh:
            fresh.submit(_echo, {}, b"").result()

    return crash, _time(start_again)


def _echo(argument: dict[str, int], blob: bytes) -> tuple[dict[str, int], bytes]:
    return argument, blob


def _segfault() -> None:
    import ctypes

    ctypes.string_at(0)


def _print_head() -> None:
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; milliseconds")
    columns = ["round trip p50", "p99", "1 MB p50", "p99", "cancel p50", "max", "crash p50", "max", "served again p50"]
    print(f"{'':22}" + "".join(f"{column:>16}" for column in columns))


def _print_row(name: str, figures: Figures) -> None:
    cells = [
        *_percentiles(figures["small"], 99),
        *_percentiles(figures["large"], 99),
        *_percentiles(figures["cancel"], 100),
        *_percentiles(figures["crash"], 100),
        _percentiles(figures["again"], 100)[0],
    ]
    print(f"{name:22}" + "".join(f"{cell:>16}" for cell in cells), flush=True)


def _percentiles(seconds: list[float], high: int) -> list[str]:
    if not seconds:
        return ["-", "-"]
    ordered = sorted(seconds)
    upper = ordered[min(len(ordered) - 1, len(ordered) * high // 100)]
    return [f"{value * 1000:.2f}" for value in (statistics.median(ordered), upper)]


if __name__ == "__main__":
    main()
