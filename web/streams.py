"""Pictures without an end over HTTP (MJPEG): one answer that goes on for as long as its client reads it.

A part is sent when the one before was taken, and it is the newest then: a slow reader gets fewer, never older ones.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from eventlet.patcher import original
from flask import Response

from services.auth import Principal
from services.bootstrap import Services
from services.cameras.broadcaster import Subscription
from services.cameras.frames import Frame
from services.errors import CameraUnavailableError, SubscriptionClosedError, UnauthorizedError
from web.auth import token_of_headers
from web.places import Places
from web.transport.http import WRITE_AT_ONCE

STREAMS = "taskbeam.streams"  # in the application's extensions
MEDIA_TYPE = "multipart/x-mixed-replace"
_BOUNDARY = b"taskbeam-frame"
_FIRST_SECONDS = 8.0  # until the first frame; after that the stream waits as long as its client does
_LOOK_SECONDS = 1.0  # between two looks whether the client is still there while no frame comes
_KEY_SECONDS = 10.0  # between two looks whether its key still holds
_UNSENT_BYTES = 64 << 10  # which the kernel may hold beside what is on its way: more would only grow old there
_SILENT_SECONDS = 30  # before the kernel asks a silent client whether it is there

_select = original("select")  # the patched one has no poll; this one is only asked what is known already
_GONE = getattr(_select, "POLLRDHUP", 0)  # elsewhere than on Linux it shows when the next frame is written

Environ = Mapping[str, Any]


class Streams:
    """The streams of this server."""

    def __init__(self, services: Services, places: Places) -> None:
        self._services, self._places = services, places
        self._viewers: set[Subscription] = set()

    def __len__(self) -> int:
        return len(self._viewers)

    def answer(self, principal: Principal, environ: Environ, watch: Callable[[], Subscription]) -> Response:
        """The stream of what `watch` gives, once its first frame is there.

        Raises:
            TooManyConnectionsError: the server, or this client, has as many live connections as it may.
            CameraUnavailableError: no frame came; says what the camera's fault is.
        """
        with ExitStack() as ended:
            self._take_place(principal, environ, ended)
            viewer = watch()
            ended.callback(self._leave, viewer)
            self._viewers.add(viewer)
            first = self._first_frame(viewer)
            _prepare(environ)
            parts = _Parts(viewer, first, _Client(self._services, environ), ended.pop_all())
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Response(parts, content_type=f"{MEDIA_TYPE}; boundary={_BOUNDARY.decode()}", headers=headers)

    def stop(self) -> None:
        """Ends them all."""
        for viewer in list(self._viewers):
            viewer.close()

    def _take_place(self, principal: Principal, environ: Environ, ended: ExitStack) -> None:
        who = environ.get("REMOTE_ADDR", "") if principal.kind == "local" else principal.id
        self._places.take(who)
        ended.callback(self._places.give_back, who)

    def _leave(self, viewer: Subscription) -> None:
        self._viewers.discard(viewer)
        viewer.close()

    def _first_frame(self, viewer: Subscription) -> Frame:
        frame = viewer.next(_FIRST_SECONDS)
        if frame is None:
            fault = self._services.cameras.status(viewer.camera_id)["error"]
            why = fault["message"] if fault else "none came in time"
            raise CameraUnavailableError(f"The camera gives no frame: {why}")
        return frame


class _Parts(Iterator[bytes]):
    """A class and no generator: one that was never begun (HEAD) would not run its `finally`."""

    def __init__(self, viewer: Subscription, first: Frame, client: _Client, ended: ExitStack) -> None:
        self._viewer, self._client, self._ended = viewer, client, ended
        self._next: Frame | None = first
        self._opening = b"--%b\r\n" % _BOUNDARY

    def __next__(self) -> bytes:
        while self._client.is_welcome():
            try:
                frame, self._next = self._next or self._viewer.next(_LOOK_SECONDS), None
            except SubscriptionClosedError:
                break
            if frame is not None:
                opening, self._opening = self._opening, b""
                return opening + frame.form("mjpeg", _part)
        raise StopIteration

    def close(self) -> None:
        self._ended.close()


class _Client:
    def __init__(self, services: Services, environ: Environ) -> None:
        self._auth, self._token = services.auth, token_of_headers(environ)
        self._look_at_key = time.monotonic() + _KEY_SECONDS
        self._poll = _poll_of(environ)

    def is_welcome(self) -> bool:
        """Whether it is still there, and its key not revoked."""
        return not (self._poll and self._poll.poll(0)) and self._holds_key()

    def _holds_key(self) -> bool:
        if time.monotonic() < self._look_at_key:
            return True
        self._look_at_key = time.monotonic() + _KEY_SECONDS
        try:
            self._auth.authenticate(self._token)
        except UnauthorizedError:
            return False
        return True


def _part(frame: Frame) -> bytes:
    """Ends with the next boundary, not before it: browsers show a picture when they have seen its end."""
    head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\nX-Seq: %d\r\nX-Timestamp: %.6f\r\n\r\n" % (
        len(frame.data),
        frame.seq,
        frame.timestamp,
    )
    return b"%b%b\r\n--%b\r\n" % (head, frame.data, _BOUNDARY)


def _socket_of(environ: Environ) -> Any:
    """None where the request came over none (Flask's test client)."""
    body = environ.get("eventlet.input")
    return None if body is None else body.get_socket()


def _poll_of(environ: Environ) -> Any:
    sock = _socket_of(environ)
    if sock is None or not _GONE:
        return None
    poll = _select.poll()
    poll.register(sock.fileno(), _GONE)
    return poll


def _prepare(environ: Environ) -> None:
    """The connection: each part goes out at once, little of it waits in the kernel, and a dead client is noticed."""
    sock = _socket_of(environ)
    if sock is None:
        return
    environ[WRITE_AT_ONCE]()
    options = {"TCP_NOTSENT_LOWAT": _UNSENT_BYTES, "TCP_KEEPIDLE": _SILENT_SECONDS, "TCP_KEEPINTVL": 10}
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in options.items():
            if hasattr(socket, name):  # not every system has them
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
