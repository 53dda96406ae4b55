"""One worker after another, each started, listened to, buried and replaced by the same thread."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from typing import Any

from services.errors import UnitError, WorkerLostError
from services.runners.channel import ChannelClosedError, FrameError, Reply
from services.runners.dispatcher import Dispatcher
from services.runners.worker_process import WorkerProcess

_START_PATIENCE = 60.0  # seconds; a loaded machine, and workers yield to everybody
_END_PATIENCE = 2.0  # seconds for a worker that closed its channel to end by itself and leave its true status
_OLD_ENOUGH = 10.0  # seconds; a worker that lived so long had started well
_FAILURES_BEFORE_DESPAIR = 5
_LONGEST_PAUSE = 5.0  # seconds between attempts to start a worker


class Supervisor:
    """Runs in a thread of its own, which starts the workers too: Linux ends a worker with the thread that started it
    (PR_SET_PDEATHSIG in worker.py), and a caller's thread may be short-lived.
    """

    def __init__(
        self, place: int, launch: Callable[[], WorkerProcess], dispatcher: Dispatcher, log: logging.Logger
    ) -> None:
        self.launches = 0
        self.crashes = 0
        self._place = place
        self._launch = launch
        self._dispatcher = dispatcher
        self._log = log
        self._failures = 0  # workers in a row that were of no use
        self._worker: WorkerProcess | None = None
        self._stopping = threading.Event()
        self._ended = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"worker {self._place}", daemon=True).start()

    def stop(self) -> None:
        """Kills the worker; returns at once."""
        self._stopping.set()
        worker = self._worker
        if worker is not None:
            worker.retired = True
            worker.kill()

    def join(self) -> None:
        self._ended.wait()

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self._pause()):
                self._live_through_one()
        finally:
            self._ended.set()

    def _pause(self) -> float:
        """Seconds before the next start: none after a first failure, then doubling from 0.1."""
        return 0.0 if self._failures < 2 else min(_LONGEST_PAUSE, 0.1 * 2 ** min(self._failures - 2, 20))

    def _live_through_one(self) -> None:
        try:
            worker = self._launch()
        except Exception as problem:  # noqa: BLE001  # no process, thread, descriptor or memory to be had; later perhaps
            self._log.warning("A worker cannot be started: %s", problem)
            self._count_failure(str(problem))
            return
        self.launches += 1
        self._worker = worker
        if self._stopping.is_set():  # stop() has not seen it
            self.stop()
        complaint = self._attend(worker)
        status, last_lines = worker.bury(0.0 if complaint else _END_PATIENCE)
        self._worker = None
        self._draw_conclusions(worker, status, complaint or describe(status), last_lines)

    def _attend(self, worker: WorkerProcess) -> str:
        """Listens until the channel ends or the worker is to be replaced; returns what is held against it."""
        alarm = threading.Timer(_START_PATIENCE, worker.kill)
        alarm.daemon = True
        alarm.start()
        try:
            self._hear_ready(worker, *worker.channel.receive())
            alarm.cancel()
            while not worker.retired:
                self._hear(worker, *worker.channel.receive())
        except ChannelClosedError:
            return ""
        except FrameError as problem:
            return f"it broke the protocol, {problem}"
        except Exception:  # noqa: BLE001  # were this thread to end, its worker would be missing for good
            self._log.exception("Supervising worker %d failed", worker.pid)
            return "its supervisor failed"
        finally:
            alarm.cancel()
        worker.channel.shut_down()  # at which it ends by itself
        return ""

    def _hear_ready(self, worker: WorkerProcess, message: dict[str, Any], _blob: bytes) -> None:
        if message != {"kind": "ready"}:
            raise FrameError("its first message is not that it is ready")
        self._dispatcher.welcome(worker, self._place)

    def _hear(self, worker: WorkerProcess, message: dict[str, Any], blob: bytes) -> None:
        match message:
            case {"kind": "began", "id": int(number)}:
                self._dispatcher.ticket_of(worker, number).began = True
                worker.used = True
            case {"kind": "report", "id": int(number), "data": dict(data)}:
                self._dispatcher.ticket_of(worker, number).report(data)
            case {"kind": "result", "id": int(number), "value": dict(value), "memory_mb": int(memory_mb)}:
                self._dispatcher.conclude(worker, number, memory_mb, Reply(value, blob))
            case {"kind": "error", "id": int(number), "code": str(code), "message": str(text), "memory_mb": int(mb)}:
                self._log_traceback(worker, number, message)
                self._dispatcher.conclude(worker, number, mb, UnitError(text, code))
            case _:
                raise FrameError("a message is none of ours")

    def _log_traceback(self, worker: WorkerProcess, number: int, message: dict[str, Any]) -> None:
        if isinstance(traceback := message.get("traceback"), str):
            self._log.error("Unit %s failed\n%s", self._dispatcher.ticket_of(worker, number).target, traceback)

    def _draw_conclusions(self, worker: WorkerProcess, status: int | None, how: str, last_lines: list[str]) -> None:
        lost = WorkerLostError(f"The worker process was lost: {how}.", status)
        if not self._dispatcher.bid_farewell(worker, lost):
            return
        self.crashes += 1
        self._log.warning("Worker %d was lost: %s", worker.pid, how)
        if worker.used or worker.age > _OLD_ENOUGH:
            self._failures = 0
        else:
            self._count_failure(last_lines[-1] if last_lines else how)

    def _count_failure(self, complaint: str) -> None:
        self._failures += 1
        if self._failures >= _FAILURES_BEFORE_DESPAIR:
            self._log.error("No worker can be started for the %d. time: %s", self._failures, complaint)
            self._dispatcher.despair(self._place, complaint)


def describe(status: int | None) -> str:
    """An exit status of subprocess, in words."""
    if status is None:
        return "it cannot be ended"
    if status >= 0:
        return f"exit status {status}"
    if status == -9:
        return "killed by SIGKILL; where nobody did that, the system did, for want of memory"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:  # one of the real-time signals
        return f"killed by signal {-status}"
