"""A body that comes in chunks (RFC 9112, 7.1)."""

from __future__ import annotations

import re
from typing import Any

from eventlet import wsgi

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
_END_OF_LINE = b"\r\n"
_MOST_LINE = 4096  # bytes
_MOST_TRAILERS = 100


class ChunkedBody(wsgi.Input):  # type: ignore[misc]
    """Reads what the RFC allows and nothing else; a body that broke stays broken, so that its connection is closed.

    eventlet's own takes a size as `int` does (-5, 1_0, 0x5), takes any line for the end of a chunk, keeps a line of
    any length in memory, and goes on after a fault: whatever a proxy before us reads otherwise becomes a request.
    """

    def __init__(self, plain: Any) -> None:
        """`plain`: the input that eventlet made for the request."""
        super().__init__(plain.rfile, None, plain.get_socket(), plain.wfile, plain.wfile_line, chunked_input=True)
        self._left = 0  # bytes of the chunk at hand
        self._has_ended = self._is_broken = False

    def _chunked_read(self, rfile: Any, length: int | None = None, use_readline: bool = False) -> bytes:
        if self._is_broken:
            raise wsgi.ChunkReadError("the body broke off before")
        if self.should_send_hundred_continue:
            self.send_hundred_continue_response()
            self.is_hundred_continue_response_sent = True
        self._is_broken = True  # unless this goes well
        data = self._read_line(rfile, length) if use_readline else self._read_bytes(rfile, length)
        self._is_broken = False
        return data

    def _read_bytes(self, rfile: Any, length: int | None) -> bytes:
        wanted = length if length is not None and length >= 0 else None
        pieces = []
        while wanted != 0 and self._has_more(rfile):
            piece = self._take(rfile, rfile.read, self._left if wanted is None else min(wanted, self._left))
            pieces.append(piece)
            wanted = None if wanted is None else wanted - len(piece)
        return b"".join(pieces)

    def _read_line(self, rfile: Any, length: int | None) -> bytes:
        wanted = length if length is not None and length >= 0 else None
        line = b""
        while not line.endswith(b"\n") and wanted != len(line) and self._has_more(rfile):
            room = self._left if wanted is None else min(wanted - len(line), self._left)
            line += self._take(rfile, rfile.readline, room)
        return line

    def _has_more(self, rfile: Any) -> bool:
        if not self._left and not self._has_ended:
            size = _SIZE_LINE.fullmatch(rfile.readline(_MOST_LINE))
            if size is None:
                raise wsgi.ChunkReadError("not the size of a chunk")
            self._left = int(size[1], 16)
            if not self._left:
                self._has_ended = True
                self._discard_trailers(rfile)
        return not self._has_ended

    def _take(self, rfile: Any, read: Any, count: int) -> bytes:
        data = bytes(read(count))
        if not data:
            raise OSError("unexpected end of file while parsing chunked data")
        self._left -= len(data)
        if not self._left and rfile.readline(_MOST_LINE) != _END_OF_LINE:
            raise wsgi.ChunkReadError("a chunk is longer than it says")
        return data

    def _discard_trailers(self, rfile: Any) -> None:
        for _ in range(_MOST_TRAILERS):
            line = rfile.readline(_MOST_LINE)
            if line == _END_OF_LINE:
                return
            if not line.endswith(_END_OF_LINE):
                break
        raise wsgi.ChunkReadError("the trailers do not end")
