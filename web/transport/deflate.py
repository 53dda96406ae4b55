"""permessage-deflate (RFC 7692) without context takeover: each message alone, so an idle connection holds no window."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

RESPONSE = b"permessage-deflate; server_no_context_takeover; client_no_context_takeover"
COMPRESS_FROM = 1024  # bytes; less is not worth the hub's time
_LEVEL = 1
_PIECE_BYTES, _PACKED_BYTES = 256 * 1024, 64 * 1024
_TAIL = b"\x00\x00\xff\xff"  # ends every flushed block, and is left out on the wire


class InflatedTooLargeError(ValueError):
    """A message unpacks beyond its limit."""


def is_acceptable(offers: str) -> bool:
    """Whether one of the offers in a `Sec-WebSocket-Extensions` header asks for nothing but what we do."""
    return any(_is_acceptable(offer) for offer in offers.split(","))


def _is_acceptable(offer: str) -> bool:
    name, *parameters = [part.strip().lower() for part in offer.split(";")]
    # A smaller server window is declined: zlib's raw streams cannot promise 8 bits.
    names = {parameter.partition("=")[0].strip() for parameter in parameters}
    ours = {"client_max_window_bits", "client_no_context_takeover", "server_no_context_takeover"}
    return name == "permessage-deflate" and names <= ours


def deflate(payload: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_TAIL)


def inflate(data: bytes | bytearray, limit: int, pause: Callable[[], None] = lambda: None) -> bytes:
    """At most `limit` bytes of memory are spent on a message, whatever it would unpack to.

    `pause` is called between pieces: 14 MB take 50 ms to unpack.

    Raises:
        InflatedTooLargeError: it would be more.
        zlib.error: it is damaged.
    """
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    message = bytearray()
    for packed in _pieces(data):
        rest = packed
        while rest:
            message += unpacker.decompress(rest, min(_PIECE_BYTES, limit + 1 - len(message)))
            if len(message) > limit:
                raise InflatedTooLargeError
            rest = unpacker.unconsumed_tail
            pause()
        if unpacker.eof:
            break
    return bytes(message)


def _pieces(data: bytes | bytearray) -> Iterator[bytes]:
    # What a call leaves over it copies, so it is given little.
    for at in range(0, len(data), _PACKED_BYTES):
        yield bytes(data[at : at + _PACKED_BYTES])
    yield _TAIL
