"""Messages between the server and a worker process, over one stream socket.

A frame is two big-endian unsigned 32-bit lengths, the message as JSON, and a blob of raw bytes:

    | length of message | length of blob | message (JSON object) | blob |

Never pickle: a worker decodes files that strangers upload, and what it says must stay data to us. For the same
reason lengths are bounded and checked before anything is read for them.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.errors import TooLargeError

MESSAGE_LIMIT = 32 * 2**20  # bytes of JSON
BLOB_LIMIT = 64 * 2**20  # bytes

_HEADER = struct.Struct(">II")
_READ_AHEAD = 2**16
# Large frames move in pieces of this size, so that no single call keeps the caller's hub for long.
_PIECE = 2**20
_STEPS_BETWEEN_YIELDS = 32  # a step is a message or a read


class ChannelClosedError(Exception):
    """The other end is gone, or this one was shut down."""


class FrameError(Exception):
    """The other end sent something that is not a message of ours."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a unit came to: `value` travels as JSON, `blob` as it is."""

    value: dict[str, Any]
    blob: bytes = b""


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded message; `head` is header and JSON, `blob` follows it on the wire."""

    head: bytes
    blob: bytes


def encode(message: Mapping[str, Any], blob: bytes = b"") -> Frame:
    """Raises TooLargeError past the limits and TypeError for what JSON cannot hold."""
    text = orjson.dumps(message, option=orjson.OPT_SERIALIZE_NUMPY)
    _check(len(text), MESSAGE_LIMIT, "message")
    _check(len(blob), BLOB_LIMIT, "blob")
    return Frame(_HEADER.pack(len(text), len(blob)) + text, blob)


def _check(size: int, limit: int, what: str) -> None:
    if size > limit:
        raise TooLargeError(f"A unit's {what} of {size / 2**20:.1f} MiB is over the limit of {limit // 2**20} MiB.")


class Channel:
    """One end of the connection: any thread may send, one thread receives.

    Written for plain and for green sockets alike: it only ever calls send, recv, shutdown and close.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._unread = bytearray()
        self._steps = 0

    def send(self, message: Mapping[str, Any], blob: bytes = b"") -> None:
        self.send_frame(encode(message, blob))

    def send_frame(self, frame: Frame) -> None:
        try:
            with self._sending:
                self._send_pieces(frame.head)
                self._send_pieces(frame.blob)
        except OSError as problem:
            raise ChannelClosedError from problem

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """Waits for the next frame.

        Raises:
            ChannelClosedError: the other end is gone, perhaps in the middle of a frame.
            FrameError: a length over its limit, or no JSON object.
        """
        self._breathe()
        message_size, blob_size = _HEADER.unpack(self._take(_HEADER.size))
        if message_size > MESSAGE_LIMIT or blob_size > BLOB_LIMIT:
            raise FrameError(f"a frame of {message_size} + {blob_size} bytes was announced")
        try:
            message = orjson.loads(self._take(message_size))
        except orjson.JSONDecodeError as problem:
            raise FrameError("a message is not JSON") from problem
        if not isinstance(message, dict):
            raise FrameError("a message is not a JSON object")
        return message, self._take(blob_size)

    def shut_down(self) -> None:
        """Ends both directions; whoever waits in send or receive, here or at the other end, is woken."""
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:  # the other end went first, or we have closed already
            return

    def close(self) -> None:
        """Gives the descriptor back. Only for the receiving thread, and once nobody can be sending."""
        self._connection.close()

    def _send_pieces(self, data: bytes) -> None:
        # A memoryview, because eventlet's sendall slices what is left after each partial write: on bytes that copies
        # the rest of a large blob hundreds of times.
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            if start:
                time.sleep(0)
            self._connection.sendall(view[start : start + _PIECE])

    def _take(self, size: int) -> bytes:
        while len(self._unread) < size:
            missing = size - len(self._unread)
            self._unread += self._read(min(max(missing, _READ_AHEAD), _PIECE))
        taken = bytes(memoryview(self._unread)[:size])
        del self._unread[:size]
        return taken

    def _read(self, size: int) -> bytes:
        self._breathe()
        try:
            data = self._connection.recv(size)
        except (OSError, EOFError) as problem:  # eventlet says EOFError for a socket closed under its reader
            raise ChannelClosedError from problem
        if not data:
            raise ChannelClosedError
        return data

    def _breathe(self) -> None:
        # A green recv gives way only when it has to wait, so a worker that always has something to say would keep
        # the hub for itself: in one large message, or in the hundreds of small ones that a single read may bring.
        self._steps += 1
        if self._steps % _STEPS_BETWEEN_YIELDS == 0:
            time.sleep(0)
