"""How server and worker get hold of one another: two connections, one for the channel, one for what units print.

Sockets for both, not pipes, because eventlet can wait for a socket as for any other and needs no wrapper for it.
"""

from __future__ import annotations

import hmac
import os
import secrets
import socket
import subprocess
import time
from typing import Any, Protocol

from services.runners.join import CHANNEL, OUTPUT, SECRET_VARIABLE

_SECRET_BYTES = 32
_CALLER_PATIENCE = 5.0  # seconds for a caller on loopback to show its secret


class Link(Protocol):
    """The server's side, made before the process is started and connected after."""

    def popen_options(self) -> dict[str, Any]: ...

    def settings(self) -> dict[str, Any]:
        """What the worker is told on its command line."""

    def environment(self) -> dict[str, str]: ...

    def connect(self, process: subprocess.Popen[bytes], patience: float) -> tuple[socket.socket, socket.socket]:
        """Returns channel and output; raises OSError when the worker does not come."""

    def close(self) -> None:
        """Lets go of what only the start needed."""


class InheritedLink:
    """POSIX: the worker inherits one end of each socketpair."""

    def __init__(self) -> None:
        self._channel, self._workers_channel = socket.socketpair()
        self._output, self._workers_output = socket.socketpair()
        for end in (self._workers_channel, self._workers_output):
            # Under eventlet both are O_NONBLOCK by now; that sticks to the open file, so the worker would inherit it.
            os.set_blocking(end.fileno(), True)

    def popen_options(self) -> dict[str, Any]:
        output = self._workers_output.fileno()
        return {"pass_fds": (self._workers_channel.fileno(),), "stdout": output, "stderr": output}

    def settings(self) -> dict[str, Any]:
        return {"descriptor": self._workers_channel.fileno()}

    def environment(self) -> dict[str, str]:
        return {}

    def connect(self, process: subprocess.Popen[bytes], patience: float) -> tuple[socket.socket, socket.socket]:  # noqa: ARG002
        return self._channel, self._output

    def close(self) -> None:
        self._workers_channel.close()  # while we held it, the worker's death would not end the channel
        self._workers_output.close()


class LoopbackLink:
    """Windows, where descriptors cannot be passed: the worker calls back on loopback and shows a secret."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._secret = secrets.token_bytes(_SECRET_BYTES)

    def popen_options(self) -> dict[str, Any]:
        return {"stdout": subprocess.DEVNULL}  # until it has called, its errors go where ours go

    def settings(self) -> dict[str, Any]:
        return {"port": self._listener.getsockname()[1]}

    def environment(self) -> dict[str, str]:
        return {SECRET_VARIABLE: self._secret.hex()}

    def connect(self, process: subprocess.Popen[bytes], patience: float) -> tuple[socket.socket, socket.socket]:
        deadline = time.monotonic() + patience
        callers: dict[bytes, socket.socket] = {}
        self._listener.settimeout(0.1)
        while len(callers) < 2:
            if process.poll() is not None or time.monotonic() > deadline:
                for caller in callers.values():
                    caller.close()
                raise ConnectionError("the worker did not call back")
            try:
                caller, _ = self._listener.accept()
            except TimeoutError:
                continue
            role = self._role(caller)
            if role in {CHANNEL, OUTPUT} - callers.keys():
                callers[role] = caller
            else:
                caller.close()
        return callers[CHANNEL], callers[OUTPUT]

    def _role(self, caller: socket.socket) -> bytes:
        """Which of the two connections this is; b"" for a stranger. Any program of this machine can call."""
        caller.settimeout(_CALLER_PATIENCE)
        try:
            greeting = b""
            while len(greeting) <= _SECRET_BYTES and (data := caller.recv(_SECRET_BYTES + 1 - len(greeting))):
                greeting += data
        except OSError:
            return b""
        if not hmac.compare_digest(greeting[:_SECRET_BYTES], self._secret):
            return b""
        caller.settimeout(None)
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return greeting[_SECRET_BYTES:]

    def close(self) -> None:
        self._listener.close()
