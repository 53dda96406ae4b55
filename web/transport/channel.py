"""A connected socket, plain or TLS, with a send that never waits."""

from __future__ import annotations

import _socket
import contextlib
import socket as stdlib_socket
import ssl
import struct
import sys
from array import array
from time import monotonic
from typing import Any

import eventlet
from eventlet.hubs import trampoline

if sys.platform != "win32":
    import fcntl
    import termios

_RETRY_SECONDS = 0.01
_TURN_SECONDS = 0.005  # how long one peer may keep the hub busy before others get a turn


def shut_down(sock: Any, how: int = stdlib_socket.SHUT_RDWR) -> None:
    """End a green socket, plain or TLS, however far it has come; whoever waits on it wakes.

    Not by its own methods: `SSLSocket.shutdown` drops the TLS state, and the next read returns ciphertext; and a closed
    descriptor would leave greenthreads that wait on it asleep.
    """
    with contextlib.suppress(OSError):
        _socket.socket.shutdown(_raw(sock), how)


def _raw(sock: Any) -> Any:
    return sock if isinstance(sock, ssl.SSLSocket) else sock.fd


class Channel:
    """Wraps eventlet's green socket; reads belong to one greenthread, writes to another."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._raw = _raw(sock)
        tls = isinstance(sock, ssl.SSLSocket)
        self._write = sock._sslobj.write if tls else self._raw.send
        self._read = sock._sslobj.read if tls else self._raw.recv
        self._turn_began = monotonic()

    def send_now(self, data: Any) -> int:
        """Send what the kernel takes at once; the number of bytes taken, 0 when it takes none.

        Under TLS a send that took nothing must be repeated with the same bytes (and perhaps more): OpenSSL has already
        encrypted them.

        Raises:
            OSError: the connection is gone.
        """
        try:
            return int(self._write(data))
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return 0

    def in_flight(self) -> int | None:
        """Bytes that the kernel still holds for the peer, sent or not; None where the system does not tell."""
        if sys.platform == "win32":
            return None
        counted = array("i", [0])
        try:
            fcntl.ioctl(self._sock.fileno(), termios.TIOCOUTQ, counted)
        except (OSError, ValueError):  # closed in this moment
            return None
        return counted[0]

    def send_all(self, data: bytes) -> None:
        """Send the whole, waiting for room; only while nothing else writes."""
        rest = memoryview(data)
        while rest:
            sent = self.send_now(rest)
            rest = rest[sent:]
            if not sent:
                self.wait_writable()

    def wait_writable(self) -> None:
        trampoline(self._raw, write=True)

    def receive(self, limit: int) -> bytes:
        """Wait for data; b"" when the peer has gone, however it went."""
        self._yield_if_greedy()
        while True:
            try:
                return bytes(self._read(limit))
            except (BlockingIOError, ssl.SSLWantReadError):
                trampoline(self._raw, read=True)
                self._turn_began = monotonic()
            except ssl.SSLWantWriteError:
                # TLS itself has something to say while our writer may be waiting for the same room.
                eventlet.sleep(_RETRY_SECONDS)
            except OSError:
                return b""

    def shutdown_write(self) -> None:
        shut_down(self._sock, stdlib_socket.SHUT_WR)

    def shutdown(self) -> None:
        shut_down(self._sock)

    def abort(self) -> None:
        """End it without delivering what the kernel still holds, which may be megabytes for a reader that stopped."""
        with contextlib.suppress(OSError):
            self._raw.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.shutdown()

    def _yield_if_greedy(self) -> None:
        # A peer that floods us always has data ready, and a read that never waits never lets the hub run.
        if monotonic() - self._turn_began > _TURN_SECONDS:
            eventlet.sleep(0)
            self._turn_began = monotonic()
