"""The worker's side of link.py, apart from it because every import here is waited for at each start of a worker."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Mapping
from typing import Any

SECRET_VARIABLE = "TASKBEAM_WORKER_SECRET"  # noqa: S105  # the name, not the secret
CHANNEL, OUTPUT = b"c", b"o"  # what follows the secret: which of the two connections this is


def join(settings: Mapping[str, Any]) -> socket.socket:
    """Takes up the link that the server has prepared; returns the channel's connection."""
    if "descriptor" in settings:
        connection = socket.socket(fileno=settings["descriptor"])
        connection.set_inheritable(False)
        return connection
    secret = bytes.fromhex(os.environ.pop(SECRET_VARIABLE))
    connection = _call(settings["port"], secret, CHANNEL)
    _redirect_output(_call(settings["port"], secret, OUTPUT))
    return connection


def _call(port: int, secret: bytes, role: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(secret + role)
    return connection


def _redirect_output(connection: socket.socket) -> None:
    """A socket cannot be a standard stream on Windows, so a thread carries them over from a pipe."""
    source, sink = os.pipe()
    for stream in (1, 2):
        os.dup2(sink, stream)
    sys.stdout = sys.stderr = open(sink, "w", buffering=1, encoding="utf-8", errors="backslashreplace")  # noqa: PTH123, SIM115
    threading.Thread(target=_carry, args=(source, connection), name="output", daemon=True).start()


def _carry(source: int, connection: socket.socket) -> None:
    while data := os.read(source, 2**16):
        try:
            connection.sendall(data)
        except OSError:  # the server has gone; whoever prints must not be held up by that
            continue
