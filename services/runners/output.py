"""What worker processes print, brought to our log: line by line, and never more than the log can bear."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections import deque

_LINE_BYTES = 2_000  # of a longer line the rest is dropped
_LINES_PER_SECOND = 50
_READ_BYTES = 2**16
_PAUSE = 0.005  # between reads while lines are being dropped: at most 13 MB/s are thrown away, and the hub breathes
_TAIL_LINES = 20

_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160))} | {ord("\t"): "\t"}


class OutputRelay:
    """Reads one worker's stdout and stderr until it ends. It always reads on, so that printing never blocks a unit."""

    def __init__(self, connection: socket.socket, pid: int, log: logging.Logger) -> None:
        self._connection = connection
        self._pid = pid
        self._log = log
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._unfinished = b""
        self._skipping = False  # the rest of an overlong line
        self._window = 0.0
        self._logged = 0
        self._dropped = 0
        self._ended = threading.Event()
        threading.Thread(target=self._run, name=f"output of worker {pid}", daemon=True).start()

    def finish(self, patience: float = 0.5) -> list[str]:
        """After the worker's end: waits for its last words and returns the last lines.

        A process that a unit left behind can hold the other end open, so the wait is bounded.
        """
        if not self._ended.wait(patience):
            with contextlib.suppress(OSError):  # it has ended in this moment
                self._connection.shutdown(socket.SHUT_RDWR)
            self._ended.wait()
        self._connection.close()
        return list(self._tail)

    def _run(self) -> None:
        try:
            while data := self._read():
                self._take(data)
                if self._dropped:
                    time.sleep(_PAUSE)
            if self._unfinished:
                self._emit(self._unfinished)
            self._tell_dropped()
        finally:
            self._ended.set()

    def _read(self) -> bytes:
        try:
            return self._connection.recv(_READ_BYTES)
        except (OSError, EOFError):
            return b""

    def _take(self, data: bytes) -> None:
        self._turn_window()
        position = 0
        while (end := data.find(b"\n", position)) >= 0:
            if self._logged >= _LINES_PER_SECOND:
                self._drop(data, position)
                return
            self._end_line(data[position:end])
            position = end + 1
        self._keep(data[position:])

    def _turn_window(self) -> None:
        now = time.monotonic()
        if now - self._window >= 1:
            self._tell_dropped()
            self._window, self._logged = now, 0

    def _drop(self, data: bytes, position: int) -> None:
        """Counts instead of splitting: a flood of newlines must not cost us a loop over each."""
        self._dropped += data.count(b"\n", position)
        self._skipping, self._unfinished = False, b""
        self._keep(data[data.rfind(b"\n") + 1 :])

    def _keep(self, piece: bytes) -> None:
        if self._skipping:
            return
        self._unfinished += piece
        if len(self._unfinished) > _LINE_BYTES:
            self._emit(self._unfinished)
            self._unfinished, self._skipping = b"", True

    def _end_line(self, piece: bytes) -> None:
        if not self._skipping:
            self._emit(self._unfinished + piece)
        self._unfinished, self._skipping = b"", False

    def _emit(self, line: bytes) -> None:
        if self._logged >= _LINES_PER_SECOND:
            self._dropped += 1
            return
        self._logged += 1
        # Control characters would let a hostile file's text forge lines of our log or steer a terminal.
        text = line[:_LINE_BYTES].rstrip(b"\r").decode("utf-8", "backslashreplace").translate(_ESCAPES)
        self._tail.append(text)
        self._log.info("worker %d: %s", self._pid, text if len(line) <= _LINE_BYTES else f"{text} […]")

    def _tell_dropped(self) -> None:
        if self._dropped:
            self._log.warning("worker %d printed %d more lines than we log", self._pid, self._dropped)
            self._dropped = 0
