"""The pool as the server runs it: every test of test_worker_pool.py again in a patched interpreter, and what only
shows there: that the hub stays free.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from tests.processes import has_ended

ROOT = Path(__file__).resolve().parents[3]
PATCH = "import warnings; warnings.simplefilter('ignore'); import eventlet; eventlet.monkey_patch(); "
HERE = "tests.integration.runners.targets"


def start(script: str, *, patched: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", (PATCH if patched else "") + textwrap.dedent(script)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(script: str, *, patched: bool = True, timeout: float = 100) -> str:
    process = start(script, patched=patched)
    try:
        output, _ = process.communicate(timeout=timeout)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, output
    return output


@pytest.mark.timeout(400)  # it is a whole file of tests
def test_everything_holds_in_a_patched_interpreter() -> None:
    tests = Path(__file__).with_name("test_worker_pool.py")
    arguments = ["-q", "-x", "-p", "no:cacheprovider", str(tests)]
    run(f"import pytest, sys; sys.exit(pytest.main({arguments}))", timeout=380)


def test_the_hub_stays_responsive_while_every_worker_computes_and_reports() -> None:
    gaps = run(
        f"""
        import threading, time
        from services.runners.worker_pool import WorkerPool

        gaps, running = [], True
        def tick():
            last = time.monotonic()
            while running:
                time.sleep(0.005)
                gaps.append(time.monotonic() - last - 0.005)
                last = time.monotonic()

        pool = WorkerPool(2)
        pool.start()
        for _ in range(20):
            pool.run("{HERE}:echo", {{}})
        callers = [threading.Thread(target=pool.run, args=("{HERE}:compute", {{"seconds": 3}})) for _ in range(2)]
        ticker = threading.Thread(target=tick)
        for thread in [ticker, *callers]:
            thread.start()
        for caller in callers:
            caller.join()
        running = False
        ticker.join()
        pool.close()
        print(max(gaps), len(gaps))
        """
    )
    longest, ticks = gaps.split()
    assert float(longest) < 0.25
    assert int(ticks) > 150


@pytest.mark.parametrize(
    ("flood", "most_of_the_hub"),
    [
        pytest.param('("print_for_ever", {})', 0.2, id="of lines"),
        pytest.param('("print_garbage", {"megabytes": 100})', 0.2, id="of bytes"),
        # A unit's own reports are thinned out in the worker; this one gets past that, and still others get their turn.
        pytest.param('("send_reports_for_ever", {})', 1.1, id="of messages"),
    ],
)
def test_a_flood_from_a_worker_does_not_keep_the_hub(flood: str, most_of_the_hub: float) -> None:
    """A green recv gives way only when it has to wait, and with a flood it never has to."""
    measured = run(
        f"""
        import threading, time
        from services.runners.worker_pool import CancelToken, WorkerPool

        function, argument = {flood}
        pool, token = WorkerPool(1), CancelToken()
        pool.start()
        pool.run("{HERE}:echo", {{}})
        def call():
            try:
                pool.run("{HERE}:" + function, argument, cancel=token)
            except Exception:
                pass
        caller = threading.Thread(target=call)
        caller.start()
        longest, began, used = 0.0, time.monotonic(), time.process_time()
        while time.monotonic() - began < 2:
            last = time.monotonic()
            time.sleep(0.005)
            longest = max(longest, time.monotonic() - last)
        share = (time.process_time() - used) / (time.monotonic() - began)
        token.cancel()
        caller.join()
        pool.close()
        print(longest, share)
        """
    )
    longest, share = map(float, measured.split()[-2:])
    assert longest < 0.25
    assert share < most_of_the_hub


@pytest.mark.parametrize("patched", [False, True], ids=["threads", "eventlet"])
@pytest.mark.parametrize("function", ["hold_the_interpreter", "outlive_signals_of_parent", "sleep"])
def test_workers_end_with_a_server_that_is_killed(function: str, patched: bool) -> None:
    """By the signal the kernel sends where it can, by the end of the channel where there is no such signal."""
    server = start(
        f"""
        import threading
        from services.runners.worker_pool import WorkerPool

        pool = WorkerPool(2)
        pool.start()
        busy = threading.Event()
        unit = threading.Thread(
            target=pool.run,
            args=("{HERE}:{function}", {{"seconds": 60}}),
            kwargs={{"on_report": lambda report: busy.set()}},
            daemon=True,
        )
        unit.start()
        busy.wait()
        while pool.stats().workers < 2:
            threading.Event().wait(0.01)
        print("busy", flush=True)
        threading.Event().wait()
        """,
        patched=patched,
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "busy\n"
        time.sleep(0.3)  # until the unit is deep in C
        workers = psutil.Process(server.pid).children()
        assert len(workers) == 2
    finally:
        server.kill()
        server.communicate()
    deadline = time.monotonic() + 5
    while alive := [worker.pid for worker in workers if not has_ended(worker.pid)]:
        if time.monotonic() > deadline:
            for pid in alive:
                os.kill(pid, signal.SIGKILL)
            pytest.fail(f"{len(alive)} of the workers live on.")
        time.sleep(0.01)


@pytest.mark.parametrize("patched", [False, True], ids=["threads", "eventlet"])
def test_a_server_that_forgets_to_close_the_pool_ends_all_the_same(patched: bool) -> None:
    output = run(
        f"""
        from services.runners.worker_pool import WorkerPool

        pool = WorkerPool(1)
        pool.start()
        print(pool.run("{HERE}:pid", {{}}).value["pid"])
        """,
        patched=patched,
    )
    deadline = time.monotonic() + 5
    while not has_ended(int(output)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("patched", [False, True], ids=["threads", "eventlet"])
def test_the_pool_recovers_when_there_are_descriptors_again(patched: bool) -> None:
    output = run(
        f"""
        import logging, os, resource, signal, time
        logging.disable()
        from services.errors import UnavailableError
        from services.runners.worker_pool import WorkerPool

        pool = WorkerPool(1)
        pool.start()
        pid = pool.run("{HERE}:pid", {{}}).value["pid"]
        resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
        taken = []
        try:
            while True:
                taken.append(os.dup(0))
        except OSError:
            os.close(taken.pop())
        os.kill(pid, signal.SIGKILL)
        try:
            pool.run("{HERE}:pid", {{}})
        except UnavailableError as problem:
            print(problem)
        for descriptor in taken:
            os.close(descriptor)
        deadline = time.monotonic() + 30
        while pool.stats().workers == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        print(pool.run("{HERE}:echo", {{"a": 1}}).value)
        pool.close()
        """,
        patched=patched,
    )
    assert output.splitlines() == ["Worker processes cannot be started: [Errno 24] Too many open files", "{'a': 1}"]
