"""A way to an RTSP server for ffmpeg that leads nowhere else.

ffmpeg follows a server's redirect to any host and has no option against it, so a server that a client names could send
it to our neighbours. Through this relay it can only reach the address that was checked, and an answer that redirects
ends the connection before ffmpeg has read it.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from urllib.parse import SplitResult, urlsplit, urlunsplit

_PORTS = {"rtsp": 554, "rtsps": 322}
_CONNECTING = 3.0  # seconds
_READ_BYTES = 2**16
_LINE_BYTES = 2**13  # more than ffmpeg takes for one line
# As ffmpeg reads a status line: any version, any white space, a number as atoi takes it, carriage returns ignored.
_REDIRECT = re.compile(rb"[ \t+0]3\d\d")


class RtspRelay:
    """Listens on loopback from its making to `close`."""

    def __init__(self, url: str, addresses: list[str]) -> None:
        """
        Args:
            url: of the server.
            addresses: the only ones that are connected to, in turn until one answers.
        """
        self._url, self._addresses = urlsplit(url), addresses
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, name="rtsp relay", daemon=True).start()

    @property
    def url(self) -> str:
        """What ffmpeg is given. It speaks no TLS then: the relay does."""
        login, at, _ = self._url.netloc.rpartition("@")
        place = f"{login}{at}127.0.0.1:{self._listener.getsockname()[1]}"
        return urlunsplit(SplitResult("rtsp", place, self._url.path, self._url.query, ""))

    def close(self) -> None:
        for connection in (self._listener, *self._open):
            _end(connection)

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(caller,), name="rtsp relay", daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        try:
            server = self._connect()
        except OSError:
            caller.close()
            return
        self._open += [caller, server]
        threading.Thread(target=_carry, args=(caller, server), name="rtsp relay", daemon=True).start()
        _carry_answers(server, caller)

    def _connect(self) -> socket.socket:
        scheme = self._url.scheme.lower()
        port, problem = self._url.port or _PORTS[scheme], OSError("no address")
        for address in self._addresses:
            try:
                server = socket.create_connection((address, port), _CONNECTING)
            except OSError as error:
                problem = error
                continue
            server = _encrypted(server, self._url.hostname) if scheme == "rtsps" else server
            server.settimeout(None)
            return server
        raise problem


def _encrypted(server: socket.socket, host: str | None) -> socket.socket:
    # As ffmpeg does it: the certificates of cameras are of their own making.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(server, server_hostname=host)


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_READ_BYTES):
            sink.sendall(data)
    _end(source)
    _end(sink)


def _carry_answers(server: socket.socket, caller: socket.socket) -> None:
    seen = b""
    with contextlib.suppress(OSError):
        while data := server.recv(_READ_BYTES):
            seen = seen[-_LINE_BYTES:] + data.replace(b"\r", b"")
            if _redirects(seen):
                break
            caller.sendall(data)
    _end(server)
    _end(caller)


def _redirects(seen: bytes) -> bool:
    """Line by line, which takes no longer for what is written to be slow to search."""
    starts = ((line, line.find(b"RTSP/")) for line in seen.split(b"\n"))
    return any(start >= 0 and _REDIRECT.search(line, start) for line, start in starts)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
