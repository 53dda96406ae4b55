"""Units for the tests of the worker pool: well-behaved ones, and every way to misbehave that we know of."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.errors import InvalidInputError
from services.runners.channel import BLOB_LIMIT, MESSAGE_LIMIT, Reply, encode
from services.runners.worker import WorkerContext

Argument = Mapping[str, Any]


def echo(argument: Argument, context: WorkerContext, blob: bytes) -> Reply:
    return Reply(dict(argument), blob)


def pid(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    return {"pid": os.getpid()}


def threads(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    return {"threads": context.threads}


def surroundings(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    descriptor = json.loads(sys.argv[1])["descriptor"]
    return {
        "blocking": [os.get_blocking(descriptor), os.get_blocking(1), os.get_blocking(2)],
        "inheritable": os.get_inheritable(descriptor),
        "group": os.getpgrp() == os.getpid(),
        "ignores_interrupt": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
        "niceness": os.nice(0),
        "stdin": os.read(0, 1).decode(),
        "threads": os.environ["OMP_NUM_THREADS"],
        "given": context.environment.get("GIVEN"),
        "main_thread": threading.current_thread() is threading.main_thread(),
        "eventlet": "eventlet" in sys.modules,
        "directory": str(Path.cwd()),
    }


def sleep(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    context.report({"pid": os.getpid()})
    time.sleep(argument["seconds"])
    return {"slept": True}


def hold_until(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    context.report({"pid": os.getpid()})
    while not Path(argument["path"]).exists():
        time.sleep(0.005)
    return {"pid": os.getpid()}


def note(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    with Path(argument["path"]).open("a", encoding="utf-8") as file:
        file.write(f"{argument['name']}\n")
    return {}


def compute(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    deadline = time.monotonic() + argument["seconds"]
    rounds = 0
    while time.monotonic() < deadline:
        rounds += sum(range(1000)) > 0
        context.report({"rounds": rounds})
    return {"rounds": rounds}


def hold_the_interpreter(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    """In C, with the GIL held: no other thread of the process can run."""
    context.report({"pid": os.getpid()})
    time.sleep(0.1)
    ctypes.PyDLL(None).sleep(60)
    return {}


def outlive_signals_of_parent(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    """As on macOS, where there is no PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    return sleep(argument, context, blob)


def segfault(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    ctypes.string_at(0)
    return {}


def leave(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    os._exit(argument["status"])


def segfault_with_a_fork_left(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    """The fork has a copy of every descriptor and outlives us."""
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    Path(argument["path"]).write_text(str(child), encoding="ascii")
    return segfault(argument, context, blob)


def start_a_program(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    program = subprocess.Popen(["sleep", "60"])
    context.report({"program": program.pid})
    program.wait()
    return {}


def close_the_channel(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    """Then live a little longer and end with a status of our own: the true one, if nobody kills us before."""
    threading.Thread(target=lambda: (time.sleep(0.3), os._exit(7))).start()
    descriptor = json.loads(sys.argv[1])["descriptor"]
    import socket

    socket.socket(fileno=os.dup(descriptor)).shutdown(socket.SHUT_WR)
    time.sleep(60)
    return {}


def refuse(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    raise InvalidInputError("The page has no text.")


def fail(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    raise ValueError("seven is not even \ud800")


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def fail_unprintably(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    raise UnprintableError


def ask_to_exit(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    sys.exit("enough")


def return_a_set(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    return {"answer": {1, 2}}


def return_nothing(argument: Argument, context: WorkerContext, blob: bytes) -> None:
    return None


def return_too_much_json(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    return {"text": "x" * MESSAGE_LIMIT}


def return_too_much_blob(argument: Argument, context: WorkerContext, blob: bytes) -> Reply:
    return Reply({}, bytes(BLOB_LIMIT + 1))


def report_a_flood(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    data = {"done": 0}
    for number in range(1, argument["reports"] + 1):
        data["done"] = number
        context.report(data)
    data["done"] = -1  # must not change what was reported
    return {}


def report_twice_then_sleep(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    context.report({"part": 1})
    context.report({"part": 2})
    time.sleep(60)
    return {}


def report_a_set(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    context.report({"parts": {1}})
    return {}


def report_from_a_thread_left_behind(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    def go_on() -> None:
        while True:
            context.report({"stray": True})
            time.sleep(0.001)

    threading.Thread(target=go_on, daemon=True).start()
    return {}


def print_lines(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    for line in argument["lines"]:
        print(line)
    return {"printed": True}


def print_half_a_character(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    print("half \ud800")  # a lone surrogate, as broken documents yield them
    return {"printed": True}


def print_garbage(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    rest = memoryview(os.urandom(2**16) * (argument["megabytes"] * 16))
    while rest:
        rest = rest[os.write(1 + len(rest) % 2, rest[: 2**16]) :]
    return {"printed": True}


def print_for_ever(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    while True:
        os.write(1, b"\n" * 2**16)


def write_garbage_into_the_channel(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    """What a worker that a hostile file has taken over might send."""
    descriptor = json.loads(sys.argv[1])["descriptor"]
    os.write(descriptor, bytes.fromhex(argument["hex"]))
    time.sleep(60)
    return {}


def grow(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    _kept.append(b"x" * (argument["megabytes"] * 2**20))
    return {"pid": os.getpid()}


_kept: list[bytes] = []


def send_reports_for_ever(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    """Past the reporter that would thin them out; as the second unit of its pool."""
    descriptor = json.loads(sys.argv[1])["descriptor"]
    frame = encode({"kind": "report", "id": 2, "data": {"a": 1}})
    while True:
        os.write(descriptor, frame.head * 1000)


def leave_a_process_that_has_left_the_group(argument: Argument, context: WorkerContext, blob: bytes) -> dict[str, Any]:
    """Forked in C, so no hook of Python runs in it: it keeps every descriptor and is out of killpg's reach."""
    libc = ctypes.CDLL(None)
    stray = libc.fork()
    if stray == 0:
        libc.setsid()
        libc.sleep(60)
        os._exit(0)
    context.report({"stray": stray})
    time.sleep(60)
    return {}
