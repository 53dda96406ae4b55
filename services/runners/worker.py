"""The worker process: `python -m services.runners.worker`, started by worker_pool and by nobody else.

It takes one unit at a time from the channel, computes it in its main thread, and answers:

    server -> {id, target, argument, threads} + blob
    worker -> {kind: ready}                                     once, when it can take units
              {kind: began, id}                                 from here on a death is the unit's doing
              {kind: report, id, data}                          at most 20 a second, newest wins
              {kind: result, id, value, memory_mb} + blob
              {kind: error, id, code, message, traceback?, memory_mb}

It ends when the channel does. Nothing heavy is imported here: a unit imports what it needs, once per process.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any, NoReturn

import orjson

from services.errors import TaskbeamError
from services.runners.channel import Channel, ChannelClosedError, Reply
from services.runners.join import join
from services.runners.memory import Memory
from services.runners.reporter import Reporter

Target = Callable[[Mapping[str, Any], "WorkerContext", bytes], Mapping[str, Any] | Reply]

_MESSAGE_CHARACTERS = 2_000
_TRACEBACK_CHARACTERS = 20_000
_PR_SET_PDEATHSIG = 1


class WorkerContext:
    """What a unit may ask of the process it runs in; `threads` is how many cores it may use."""

    def __init__(
        self, report: Callable[[Mapping[str, Any]], None], environment: Mapping[str, str], threads: int = 1
    ) -> None:
        self._report = report
        self.environment = environment
        self.threads = threads

    def report(self, data: Mapping[str, Any]) -> None:
        """Says how far the unit is. Cheap enough for an inner loop: newest wins, at most 20 a second are sent."""
        self._report(data)


def main() -> NoReturn:
    settings = orjson.loads(sys.argv[1])
    settle_in(settings)
    connection = join(settings)
    if hasattr(os, "register_at_fork"):
        # A process forked by a unit would hold the channel open past our death, and the server would wait for it.
        os.register_at_fork(after_in_child=connection.close)
    channel = Channel(connection)
    requests: SimpleQueue[tuple[dict[str, Any], bytes]] = SimpleQueue()
    threading.Thread(target=_listen, args=(channel, requests), name="channel", daemon=True).start()
    reporter, memory = Reporter(channel), Memory()
    channel.send({"kind": "ready"})
    while True:
        request, blob = requests.get()
        _serve(channel, reporter, memory, request, blob)


def settle_in(settings: Mapping[str, Any]) -> None:
    """What every process of ours does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which decides what becomes of units
    faulthandler.enable(all_threads=False)  # a segfault leaves its Python stack in the log
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # what a killed unit printed is not lost
    if hasattr(os, "nice"):
        os.nice(settings["nice"])
    if sys.platform == "linux":
        _die_with_parent(settings["parent"])


def _die_with_parent(parent: int) -> None:
    """Also while a unit holds the interpreter lock in C, when our listening thread could not run."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the call
        os._exit(1)


def _listen(channel: Channel, requests: SimpleQueue[tuple[dict[str, Any], bytes]]) -> None:
    """Reads in a thread of its own, so that the end of the server is noticed in the middle of a unit too."""
    try:
        while True:
            requests.put(channel.receive())
    except ChannelClosedError:
        os._exit(0)


def _serve(channel: Channel, reporter: Reporter, memory: Memory, request: Mapping[str, Any], blob: bytes) -> None:
    number = request["id"]
    try:
        channel.send({"kind": "began", "id": number})
        reporter.open(number)
        try:
            reply = _compute(request, blob, WorkerContext(reporter.report, os.environ, request["threads"]))
        except BaseException as problem:  # noqa: BLE001  # sys.exit() in a unit ends the unit, not the worker
            answer, attachment = _failure(problem), b""
        else:
            answer, attachment = {"kind": "result", "value": reply.value}, reply.blob
        reporter.close()
        _answer(channel, answer | {"id": number, "memory_mb": memory.settle()}, attachment)
    except ChannelClosedError:
        os._exit(0)


def _compute(request: Mapping[str, Any], blob: bytes, context: WorkerContext) -> Reply:
    answer = _resolve(request["target"])(request["argument"], context, blob)
    if isinstance(answer, Reply):
        return answer
    if isinstance(answer, Mapping):
        return Reply(dict(answer))
    raise TypeError(f"{request['target']} returned {type(answer).__name__}, not a dict or a Reply")


def _resolve(target: str) -> Target:
    module, _, name = target.partition(":")
    function: Target = getattr(importlib.import_module(module), name)
    return function


def _answer(channel: Channel, answer: dict[str, Any], attachment: bytes) -> None:
    try:
        channel.send(answer, attachment)
    except (TypeError, TaskbeamError) as problem:  # not JSON, or over the limit; nothing has been sent yet
        channel.send(_failure(problem) | {"id": answer["id"], "memory_mb": answer["memory_mb"]})


def _failure(problem: BaseException) -> dict[str, Any]:
    if isinstance(problem, TaskbeamError):
        return {"kind": "error", "code": problem.code, "message": _json_safe(problem.message[:_MESSAGE_CHARACTERS])}
    return {
        "kind": "error",
        "code": TaskbeamError.code,
        "message": _json_safe(f"{type(problem).__name__}: {_text(problem)}"[:_MESSAGE_CHARACTERS]),
        "traceback": _json_safe("".join(traceback.format_exception(problem))[-_TRACEBACK_CHARACTERS:]),
    }


def _text(problem: BaseException) -> str:
    try:
        return str(problem)
    except Exception:  # noqa: BLE001  # an exception class whose __str__ raises must still be reported
        return "(its text cannot be had)"


def _json_safe(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")  # lone surrogates would not pass


if __name__ == "__main__":
    # As __main__ this file's classes would be others than those that units import from services.runners.worker.
    from services.runners.worker import main as run

    run()
