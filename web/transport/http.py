"""The HTTP side of a connection: eventlet's protocol with deadlines, strict framing and quiet logs."""

from __future__ import annotations

import io
import json
import logging
import re
import socket as stdlib_socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Any

from eventlet import wsgi

from web.transport.chunks import ChunkedBody

logger = logging.getLogger("taskbeam.http")

WRITE_AT_ONCE = (
    "taskbeam.write_at_once"  # in the environ: called, it keeps small parts of an answer from being gathered
)
_MOST_DISCARDED_BYTES = 1 << 20
_HEADER_LINE = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*)?\r?\n")  # or the empty line at the end


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a connection may take, in seconds."""

    handshake: float = 10.0  # TLS
    head: float = 15.0  # of a request, the whole of it, from its first byte
    keep_alive: float = 75.0  # between requests
    body_grace: float = 30.0  # a body may take this long, and
    body_rate: float = 8 * 1024  # then as long as so many bytes a second allow
    send: float = 60.0  # for the reader of a response to take anything at all
    stop: float = 5.0  # for requests to finish when the server stops


class PacedReader(io.RawIOBase):
    """A connection's input with a deadline for each phase.

    A time-out for each `recv`, which is all that eventlet has, is no defence: a client that sends one byte every few
    seconds never meets it and keeps its connection for ever (slowloris).
    """

    def __init__(self, sock: Any, deadlines: Deadlines) -> None:
        self._sock = sock
        self._deadlines = deadlines
        self._phase = "idle"
        self._began = monotonic()
        self._received = 0

    def expect(self, phase: str) -> None:
        """Enter `idle`, `head` or `body`."""
        self._phase, self._began, self._received = phase, monotonic(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        remaining = self._deadline() - monotonic()
        if remaining <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(remaining)
        count = int(self._sock.recv_into(buffer))
        self._received += count
        if self._phase == "idle":
            self.expect("head")
        return count

    def _deadline(self) -> float:
        if self._phase == "idle":
            return self._began + self._deadlines.keep_alive
        if self._phase == "head":
            return self._began + self._deadlines.head
        return self._began + self._deadlines.body_grace + self._received / self._deadlines.body_rate


class _HeadLines:
    """Watches the lines of a head on their way to Python's parser.

    That one is made for mail: at a line that is no header it silently drops all that follow (a Content-Length among
    them), it takes a bare CR for the end of a line, and it joins folded lines.
    """

    def __init__(self, rfile: Any) -> None:
        self._rfile = rfile
        self.are_plain = True

    def readline(self, size: int = -1) -> bytes:
        line = bytes(self._rfile.readline(size))
        self.are_plain = self.are_plain and _HEADER_LINE.fullmatch(line) is not None
        return line


class Protocol(wsgi.HttpProtocol):  # type: ignore[misc]
    """One connection, request after request."""

    def setup(self) -> None:
        # Without it the kernel holds small answers back up to 40 ms for clients that also send (p50 13.9 -> 0.4 ms).
        self.request.setsockopt(stdlib_socket.IPPROTO_TCP, stdlib_socket.TCP_NODELAY, 1)
        super().setup()
        self._input = PacedReader(self.connection, self.server.deadlines)
        self.rfile: io.BufferedReader = io.BufferedReader(self._input)

    def _read_request_line(self) -> bytes | str:
        # The base would set time-outs of its own around this.
        try:
            self._input.expect("head" if self.rfile.peek(1) else "idle")
            return self.rfile.readline(self.server.url_length_limit)
        except (OSError, ValueError):
            return ""

    def parse_request(self) -> bool:
        lines = _HeadLines(self.rfile)
        self.rfile = lines  # type: ignore[assignment]  # the base puts its own back after this
        if not super().parse_request():
            return False
        if not lines.are_plain:
            self.send_error(400, "The head of the request has a line that is no header.")
            return False
        if not self._is_framed_plainly():
            self.send_error(400, "The length of the body is ambiguous.")
            return False
        self._input.expect("body")
        return True

    def _is_framed_plainly(self) -> bool:
        """Whatever a proxy before us could read differently (request smuggling) is refused."""
        lengths = self.headers.get_all("Content-Length", [])
        encodings = self.headers.get_all("Transfer-Encoding", [])
        if len(lengths) + len(encodings) > 1:
            return False
        return all(length.isascii() and length.isdigit() for length in lengths) and all(
            encoding.strip().lower() == "chunked" for encoding in encodings
        )

    def handle_one_response(self) -> None:
        self.connection.settimeout(self.server.deadlines.send)
        super().handle_one_response()
        self._input.expect("idle")

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        body = environ["eventlet.input"]
        if body.chunked_input:
            body = environ["wsgi.input"] = environ["eventlet.input"] = ChunkedBody(body)
            environ["wsgi.input_terminated"] = True  # without the word Werkzeug reads no body of unknown length
        body.discard = _bounded_discard(body.read)
        environ[WRITE_AT_ONCE] = self._write_at_once
        return environ

    def _write_at_once(self) -> None:
        self.minimum_chunk_size = 1

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse what cannot be read, as every refusal is said; the base would write HTML and Python's version."""
        self.close_connection = True
        status = HTTPStatus(code)
        detail = message or status.description
        problem = {"type": "about:blank", "title": status.phrase, "status": code, "detail": detail, "code": status.name}
        body = json.dumps(problem).encode()
        self.wfile.write(
            b"HTTP/1.1 %d %b\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
            b"X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%b"
            % (code, status.phrase.encode(), len(body), body)
        )

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        logger.debug(format, *args)


def _bounded_discard(read: Callable[[int], bytes]) -> Callable[[], None]:
    """Eventlet reads an unread body to its end, however long, before the next request; we rather close."""

    def discard() -> None:
        left = _MOST_DISCARDED_BYTES
        while data := read(16 << 10):
            left -= len(data)
            if left <= 0:
                raise OSError("too much of the body was left unread")

    return discard


class ServerLog:
    """Where eventlet's server writes: tracebacks are errors, the rest is of interest only when debugging."""

    @staticmethod
    def info(message: str, *args: Any) -> None:
        if isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            logger.debug("a client left before it had its answer, or took none of it")
        elif "Traceback" in message:
            logger.error("unhandled error in a request\n%s", message)
        else:
            logger.debug(message, *args)

    @staticmethod
    def debug(message: str, *args: Any) -> None:
        logger.debug(message, *args)

    error = write = debug
