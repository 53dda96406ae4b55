"""The signal to stop, which may be given from a signal handler."""

from __future__ import annotations

import signal
from types import FrameType

from eventlet import patcher
from eventlet.hubs import trampoline

_socket = patcher.original("socket")


class StopEvent:
    """Set once, waited for by any number of greenthreads.

    In a signal handler only a byte is written: the hub sleeps in epoll, which Python resumes after the handler, so a
    call that the handler merely scheduled left an idle server asleep for over 20 s; a readable descriptor wakes it.
    """

    def __init__(self) -> None:
        # The unpatched kind: a green one would try to switch greenthreads from inside the signal handler.
        self._reader, self._writer = _socket.socketpair()
        self._writer.setblocking(False)
        self._is_set = False

    def set(self) -> None:
        if not self._is_set:
            self._is_set = True
            self._writer.send(b"!")

    def is_set(self) -> bool:
        return self._is_set

    def wait(self) -> None:
        # Nobody takes the byte, so it wakes everyone; each waits on a descriptor of its own, for the hub allows one
        # reader a descriptor.
        with self._reader.dup() as descriptor:
            trampoline(descriptor.fileno(), read=True)

    def on_signals(self, *numbers: signal.Signals) -> None:
        """Have these signals set it, from the main thread; SIGTERM and SIGINT unless told."""

        def handle(_number: int, _frame: FrameType | None) -> None:
            self.set()

        for number in numbers or (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handle)
