"""WebSocket framing (RFC 6455), as a server needs it: whole frames out, unmasked and bounded messages in."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

from web.transport import deflate

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
COMPRESSED = 0x40  # permessage-deflate's bit, on the first frame of a message
_CONTINUATION, _FINAL, _CONTROL = 0x0, 0x80, 0x8
_OPCODES = {_CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG}

NORMAL, GOING_AWAY, PROTOCOL_ERROR, INVALID_DATA = 1000, 1001, 1002, 1007
POLICY_VIOLATION, MESSAGE_TOO_BIG, SERVER_ERROR, TRY_AGAIN_LATER = 1008, 1009, 1011, 1013
_CLOSE_CODES_FROM_CLIENTS = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}

RECEIVE_BYTES = 16 * 1024  # also what one TLS record holds
_TRANSLATE_FROM = 4096  # bytes; below it one XOR of two big integers is quicker than four translated slices
_XOR_TABLES = [bytes(value ^ key for value in range(256)) for key in range(256)]


class ProtocolError(Exception):
    """The peer broke the protocol; the connection ends with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class PeerClosedError(Exception):
    """The peer ended the connection: with a close frame (`code`), or without a word (`code` None)."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__(f"closed by the peer ({code})")
        self.code = code


def encode_frame(opcode: int, payload: bytes) -> bytes:
    """One final, unmasked frame."""
    length = len(payload)
    if length < 126:
        return struct.pack("!BB", _FINAL | opcode, length) + payload
    if length < 65536:
        return struct.pack("!BBH", _FINAL | opcode, 126, length) + payload
    return struct.pack("!BBQ", _FINAL | opcode, 127, length) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    # A control frame holds 125 bytes; a reason cut inside a character would be invalid UTF-8.
    text = reason.encode()[:123].decode(errors="ignore").encode()
    return encode_frame(CLOSE, struct.pack("!H", code) + text)


def decode_frames(frames: bytes) -> Iterator[tuple[int, bytes]]:
    """Take frames of `encode_frame` apart again: (opcode, payload) of each."""
    at = 0
    while at < len(frames):
        opcode, length = frames[at] & 0x0F, frames[at + 1]
        at += 2
        if length == 126:
            (length,) = struct.unpack_from("!H", frames, at)
            at += 2
        elif length == 127:
            (length,) = struct.unpack_from("!Q", frames, at)
            at += 8
        yield opcode, frames[at : at + length]
        at += length


def unmask(data: bytes, mask: bytes) -> bytes:
    """XOR `data` with the 4-byte `mask`, repeated.

    The library's loop over single bytes did 3 MB/s, on the hub; these do 70 to 500 MB/s.
    """
    length = len(data)
    if length < _TRANSLATE_FROM:
        key = (mask * (length // 4 + 1))[:length]
        return (int.from_bytes(data, "little") ^ int.from_bytes(key, "little")).to_bytes(length, "little")
    unmasked = bytearray(length)
    for lane in range(4):
        unmasked[lane::4] = data[lane::4].translate(_XOR_TABLES[mask[lane]])
    return bytes(unmasked)


class MessageReader:
    """Assembles a client's messages from its frames; the limit holds for the whole message, however it is cut."""

    def __init__(
        self,
        receive: Callable[[int], bytes],
        max_message_bytes: int,
        on_control: Callable[[int, bytes], None],
        *,
        inflate: bool = False,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """`receive(n)` waits for and returns at most n bytes, b"" at the end of the stream.

        `on_control` gets opcode and payload of each ping and pong; `inflate`: permessage-deflate was agreed; `pause` is
        called while a large message is unpacked. `limit` may be changed between messages.
        """
        self._receive = receive
        self.limit = max_message_bytes
        self._on_control = on_control
        self._inflate = inflate
        self._pause = pause
        self._buffer = b""
        self._at = 0

    def read(self) -> str | bytes:
        """The next message.

        Raises:
            PeerClosedError: the connection has ended.
            ProtocolError: it must be ended by us.
        """
        # One growing buffer: a list of pieces would let a million one-byte fragments cost a million objects.
        kind, data = 0, bytearray()
        while True:
            first, length = self._read_header(in_message=bool(kind), room=self.limit - len(data))
            opcode, mask = first & 0x0F, self._take(4)
            if opcode & _CONTROL:
                self._handle_control(opcode, unmask(self._take(length), mask))
                continue
            kind = kind or first & (COMPRESSED | 0x0F)
            self._read_payload(length, mask, data)
            if first & _FINAL:
                return self._finish(kind, data)

    def _read_header(self, *, in_message: bool, room: int) -> tuple[int, int]:
        """The first byte of a frame, and its length; what may not come here does not pass."""
        first, second = self._take(2)
        opcode, length = first & 0x0F, second & 0x7F
        self._check_reserved(first)
        if opcode not in _OPCODES:
            raise ProtocolError(PROTOCOL_ERROR, f"unknown opcode {opcode}")
        if not second & 0x80:
            raise ProtocolError(PROTOCOL_ERROR, "a client must mask its frames")
        if opcode & _CONTROL:
            if not first & _FINAL or length > 125:
                raise ProtocolError(PROTOCOL_ERROR, "a control frame is whole and at most 125 bytes")
            return first, length
        if in_message == (opcode != _CONTINUATION):
            raise ProtocolError(PROTOCOL_ERROR, "a fragment is out of place")
        if length == 126:
            (length,) = struct.unpack("!H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._take(8))
        if length > room:
            raise ProtocolError(MESSAGE_TOO_BIG, f"a message is at most {self.limit} bytes")
        return first, length

    def _check_reserved(self, first: int) -> None:
        # With permessage-deflate agreed, its bit may stand on the first frame of a message.
        allowed = COMPRESSED if self._inflate and first & 0x0F in (TEXT, BINARY) else 0
        if first & 0x70 & ~allowed:
            raise ProtocolError(PROTOCOL_ERROR, "reserved bits are set")

    def _read_payload(self, length: int, mask: bytes, data: bytearray) -> None:
        # In pieces as they arrive: memory follows what was sent, not what was announced, and no piece holds the hub.
        while length:
            piece = self._take_some(length)
            data += unmask(piece, mask)
            turn = len(piece) % 4
            mask = mask[turn:] + mask[:turn]
            length -= len(piece)

    def _finish(self, kind: int, data: bytes | bytearray) -> str | bytes:
        if kind & COMPRESSED:
            data = self._unpack(data)
        if kind & 0x0F == BINARY:
            return bytes(data)
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise ProtocolError(INVALID_DATA, "text is not UTF-8") from None

    def _unpack(self, data: bytes | bytearray) -> bytes:
        try:
            return deflate.inflate(data, self.limit, self._pause)
        except deflate.InflatedTooLargeError:
            raise ProtocolError(MESSAGE_TOO_BIG, f"a message is at most {self.limit} bytes") from None
        except zlib.error:
            raise ProtocolError(INVALID_DATA, "compressed data is damaged") from None

    def _handle_control(self, opcode: int, data: bytes) -> None:
        if opcode == CLOSE:
            raise PeerClosedError(_parse_close(data))
        self._on_control(opcode, data)

    def _take(self, count: int) -> bytes:
        """Exactly `count` bytes, for headers and control frames."""
        while len(self._buffer) - self._at < count:
            self._fill()
        taken = self._buffer[self._at : self._at + count]
        self._at += count
        return taken

    def _take_some(self, limit: int) -> bytes:
        """What is there, at least one byte and at most `limit`."""
        if self._at == len(self._buffer):
            self._fill()
        taken = self._buffer[self._at : self._at + limit]
        self._at += len(taken)
        return taken

    def _fill(self) -> None:
        data = self._receive(RECEIVE_BYTES)
        if not data:
            raise PeerClosedError
        self._buffer = self._buffer[self._at :] + data
        self._at = 0


def _parse_close(data: bytes) -> int:
    if not data:
        return NORMAL
    code = int.from_bytes(data[:2], "big")
    if len(data) < 2 or code not in _CLOSE_CODES_FROM_CLIENTS:
        raise ProtocolError(PROTOCOL_ERROR, "not a close code")
    try:
        data[2:].decode()
    except UnicodeDecodeError:
        raise ProtocolError(PROTOCOL_ERROR, "a close reason is UTF-8") from None
    return code
