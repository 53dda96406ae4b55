"""One worker process: its start, its channel, its end."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from services.runners.channel import Channel
from services.runners.link import InheritedLink, Link, LoopbackLink
from services.runners.output import OutputRelay
from services.runners.ticket import Ticket

_PROJECT_ROOT = Path(__file__).resolve().parents[2]
# Numeric libraries start a thread per core at import; with a worker per core they would only fight one another.
_ONE_THREAD_EACH = dict.fromkeys(
    ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"], "1"
)
_CALL_PATIENCE = 60.0  # seconds for a worker to call back; a loaded machine, and workers yield to everybody
_DEATH_PATIENCE = 10.0  # seconds after SIGKILL; only a process stuck in the kernel takes longer


class WorkerProcess:
    """Fields without an underscore belong to the dispatcher and are guarded by its lock."""

    def __init__(self, process: subprocess.Popen[bytes], channel: Channel, output: OutputRelay) -> None:
        self.pid = process.pid
        self.channel = channel
        self.ticket: Ticket | None = None
        self.retired = False
        self.used = False  # it has begun a unit
        self.units = 0  # that it has answered
        self.started_at = time.monotonic()
        self._process = process
        self._output = output
        self._ending = threading.Lock()

    @property
    def age(self) -> float:
        return time.monotonic() - self.started_at

    def kill(self) -> None:
        """Ends the process, and what it has started, wherever it is. Any thread; returns without waiting."""
        with self._ending:  # a pid that has been reaped may be somebody else's
            if self._process.poll() is None:
                self._kill_group()
        self.channel.shut_down()  # wakes our reader even if a stray process keeps the other end open

    def bury(self, patience: float) -> tuple[int | None, list[str]]:
        """Reaps the process and closes what belongs to it; only for the thread that attends to it.

        Args:
            patience: seconds to wait for an end of its own before killing it: a crash must not read -9.

        Returns:
            The exit status as subprocess gives it (None if even SIGKILL did not end it) and the last lines printed.
        """
        status = self._await_end(patience)
        with self._ending:
            self._kill_group()
        if status is None:
            status = self._await_end(_DEATH_PATIENCE)
        self.channel.close()
        return status, self._output.finish()

    def _await_end(self, patience: float) -> int | None:
        # Not Popen.wait: eventlet's looks every 10 ms, and a crash is reported when its status is known.
        deadline, pause = time.monotonic() + patience, 0.0002
        while True:
            with self._ending:
                status = self._process.poll()
            if status is not None or time.monotonic() > deadline:
                return status
            time.sleep(pause)
            pause = min(2 * pause, 0.02)

    def _kill_group(self) -> None:
        """Also right after the worker's own end: what it had started goes with it."""
        if sys.platform == "win32":
            self._process.kill()
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
            os.killpg(self.pid, signal.SIGKILL)


def launch(
    environment: Mapping[str, str],
    nice: int,
    log: logging.Logger,
    *,
    loopback: bool,
    module: str = "services.runners.worker",
) -> WorkerProcess:
    """Starts a worker. The calling thread must live as long as the worker shall: see PR_SET_PDEATHSIG in worker.py.

    Args:
        environment: variables it gets beside those of this process.
        nice: added to its niceness.
        log: takes what it prints.
        loopback: connect over 127.0.0.1 instead of inherited sockets.
        module: what it runs, which settles in and joins as worker.py does.

    Raises:
        OSError: no process, descriptor or connection to be had.
    """
    link: Link = LoopbackLink() if loopback else InheritedLink()
    try:
        process = _start(link, environment, nice, module)
        try:
            channel, output = link.connect(process, _CALL_PATIENCE)
            return WorkerProcess(process, Channel(channel), OutputRelay(output, process.pid, log))
        except BaseException:
            process.kill()
            process.wait()
            raise
    finally:
        link.close()


def _start(link: Link, environment: Mapping[str, str], nice: int, module: str) -> subprocess.Popen[bytes]:
    settings = orjson.dumps({"parent": os.getpid(), "nice": nice} | link.settings()).decode()
    # -P: a file that lies in the current directory must not stand in for a module of ours.
    command = [sys.executable, "-P", "-m", module, settings]
    options: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "env": _environment(link, environment),
    } | link.popen_options()
    # A group of its own keeps the terminal's Ctrl-C away, and lets us kill what a unit has started too.
    if sys.platform == "win32":
        options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        options["process_group"] = 0
    return subprocess.Popen(command, **options)  # noqa: S603  # our own module


def _environment(link: Link, environment: Mapping[str, str]) -> dict[str, str]:
    search_path = [str(_PROJECT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    ours = {"PYTHONPATH": os.pathsep.join(search_path), "PYTHONIOENCODING": "utf-8:backslashreplace"}
    return {**os.environ, **_ONE_THREAD_EACH, **ours, **environment, **link.environment()}
