"""Accepting a WebSocket on eventlet's WSGI server."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from web.transport import deflate
from web.transport.channel import Channel

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_DEFLATE_HEADER = b"Sec-WebSocket-Extensions: %b\r\n" % deflate.RESPONSE


class HandshakeError(Exception):
    """Not a WebSocket request we can accept; answer it with `status` and `headers`."""

    def __init__(self, status: str, headers: list[tuple[str, str]]) -> None:
        super().__init__(status)
        self.status, self.headers = status, headers


def accept(environ: Mapping[str, Any], *, compress: bool = False) -> tuple[Channel, bool]:
    """Switch the request's connection to WebSocket; also says whether permessage-deflate was agreed.

    Without `compress` no extension is ever agreed. eventlet always negotiates permessage-deflate, which for Socket.IO
    costs 100 kB a client and a third of the throughput, and makes every client's frame different.

    Raises:
        HandshakeError: the request cannot be switched; nothing has been written.
    """
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
        raise HandshakeError("426 Upgrade Required", [("Sec-WebSocket-Version", "13")])
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
    if environ.get("REQUEST_METHOD") != "GET" or not _is_key(key):
        raise HandshakeError("400 Bad Request", [])
    sock = environ["eventlet.input"].get_socket()
    # From here on the engine's pings notice a dead peer; a timer for each read would only cost.
    sock.settimeout(None)
    digest = base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest())
    channel = Channel(sock)
    agreed = compress and deflate.is_acceptable(environ.get("HTTP_SEC_WEBSOCKET_EXTENSIONS", ""))
    answer = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n%b\r\n" % (digest, _DEFLATE_HEADER if agreed else b"")
    )
    try:
        channel.send_all(answer)
    except OSError:
        raise HandshakeError("400 Bad Request", []) from None  # nobody is there to read it
    return channel, agreed


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
