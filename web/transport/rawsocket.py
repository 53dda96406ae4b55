"""Plain WebSockets on a Flask route, for clients that do not speak Socket.IO.

They stand on the same channel, reader and writer as Socket.IO's. simple-websocket (flask-sock) does not hold under
eventlet: it calls `send()` where a green socket takes a part and the rest is lost, it queues a client's messages
without bound while the handler works, and under TLS it waits in `select` for bytes that OpenSSL already holds.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic
from typing import Any

import eventlet
import flask
from eventlet.hubs import get_hub
from eventlet.semaphore import Semaphore
from eventlet.wsgi import WSGI_LOCAL

from web.transport import deflate, frames, handshake
from web.transport.channel import Channel
from web.transport.frames import MessageReader, PeerClosedError, ProtocolError
from web.transport.message import Message
from web.transport.outbox import Outbox, OutboxLimits
from web.transport.writer import Writer

logger = logging.getLogger("taskbeam.websocket")

IDLE = 4408  # closed for silence, after HTTP's 408
_OPEN = "taskbeam.websockets"
_PING = Message(frames.encode_frame(frames.PING, b""))
_LIMITS = OutboxLimits(messages=16, bytes=1 << 30)  # `send` lets one message in at a time, beside a ping and a pong


class ConnectionClosedError(Exception):
    """The WebSocket is closed, with this code (None: without a close frame)."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"the connection is closed ({code})")
        self.code = code


class RawWebSocket:
    """An open connection as its handler sees it. Any greenthread may send, one receives."""

    def __init__(
        self,
        channel: Channel,
        *,
        compress: bool,
        max_message_bytes: int,
        waiting_messages: int,
        ping_interval: float,
        idle_timeout: float | None,
    ) -> None:
        self._channel = channel
        self._compress = compress
        self._ping_interval, self._idle_timeout = ping_interval, idle_timeout
        self._writer = Writer(channel, Outbox(_LIMITS))
        self._frames = MessageReader(
            channel.receive, max_message_bytes, self._on_control, inflate=compress, pause=partial(eventlet.sleep, 0)
        )
        self._inbox: deque[str | bytes] = deque()
        self._arrived, self._room = Semaphore(0), Semaphore(waiting_messages)
        self._is_held_up = False  # by a handler that is busy
        self._has_taken_one = False
        self._sender = Semaphore(1)
        self._closed = False
        self._code: int | None = None
        self._heard_at = self._message_at = monotonic()
        self._writer.start()
        self._timer = get_hub().schedule_call_global(ping_interval, self._check)
        self._reader = eventlet.spawn(self._read)

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def max_message_bytes(self) -> int:
        """Of the next message that begins; with `waiting_messages=0` that is the one after the handler's present."""
        return self._frames.limit

    @max_message_bytes.setter
    def max_message_bytes(self, limit: int) -> None:
        self._frames.limit = limit

    def receive(self, timeout: float | None = None) -> str | bytes:
        """Wait for the next message; the one before counts as handled.

        Raises:
            ConnectionClosedError: there will be none.
            TimeoutError: none came within `timeout` seconds.
        """
        if self._has_taken_one:
            self._has_taken_one = False
            self._room.release()
        if not self._arrived.acquire(timeout=timeout):
            raise TimeoutError(f"no message within {timeout} s")
        if not self._inbox:
            self._arrived.release()  # for whoever asks again
            raise ConnectionClosedError(self._code)
        self._has_taken_one = True
        return self._inbox.popleft()

    def send(self, data: str | bytes) -> None:
        """Send a message and wait until the kernel has taken it all: a slow reader slows its own sender, nobody else.

        Raises:
            ConnectionClosedError: it could not be sent.
        """
        self.send_message(Message(self._encode(data)))

    def send_message(self, message: Message) -> None:
        """As `send`, of frames that were made before, for many."""
        with self._sender:
            if not self._closed:
                self._writer.send(message)
                self._writer.wait()
            if self._closed or self._writer.dead:
                raise ConnectionClosedError(self._code)

    def close(self, code: int = frames.NORMAL, reason: str = "") -> None:
        """Say goodbye after what was sent before; a second call does nothing."""
        if not self._closed:
            self._closed, self._code = True, code
            self._writer.finish(frames.close_frame(code, reason))
            self._wake()

    def release(self) -> None:
        """Close, and wait until nothing waits on the socket any more."""
        self.close()
        self._reader.wait()
        self._writer.close()

    def _read(self) -> None:
        try:
            while not self._closed:
                self._inbox.append(self._frames.read())
                self._message_at = monotonic()
                self._arrived.release()
                self._is_held_up = True
                self._room.acquire()
                self._is_held_up = False
        except PeerClosedError as end:
            self._peer_closed(end.code)
            return  # it said goodbye; browsers then wait for us to end the connection
        except ProtocolError as problem:
            logger.info("closed with %d, %s", problem.code, problem.reason)
            self.close(problem.code, problem.reason)
        # Closing with unread input would reset the connection, and lose our close frame with it.
        while self._channel.receive(frames.RECEIVE_BYTES):
            pass

    def _peer_closed(self, code: int | None) -> None:
        if code is None:
            self._writer.die()
        self.close(code or frames.NORMAL)

    def _wake(self) -> None:
        self._timer.cancel()
        self._arrived.release()
        self._room.release()

    def _encode(self, data: str | bytes) -> bytes:
        opcode, payload = (frames.TEXT, data.encode()) if isinstance(data, str) else (frames.BINARY, data)
        if self._compress and len(payload) >= deflate.COMPRESS_FROM:
            return frames.encode_frame(opcode | frames.COMPRESSED, deflate.deflate(payload))
        return frames.encode_frame(opcode, payload)

    def _on_control(self, opcode: int, data: bytes) -> None:
        self._heard_at = monotonic()
        if opcode == frames.PING:
            self._writer.send(Message(frames.encode_frame(frames.PONG, data), key=frames.PONG))

    def _check(self) -> None:
        """Every ping interval, on the hub: is the peer alive, has it been silent too long; then ping it."""
        now = monotonic()
        if self._is_held_up:
            self._heard_at = self._message_at = now  # it is we who do not read
        if now - max(self._heard_at, self._message_at) > 2 * self._ping_interval:
            self._channel.abort()
        elif self._idle_timeout is not None and now - self._message_at >= self._idle_timeout:
            self.close(IDLE, f"silent for {self._idle_timeout:.0f} s")
        else:
            self._writer.send_first(_PING)
            self._timer = get_hub().schedule_call_global(self._until_next_check(now), self._check)

    def _until_next_check(self, now: float) -> float:
        if self._idle_timeout is None:
            return self._ping_interval
        return max(0.01, min(self._ping_interval, self._message_at + self._idle_timeout - now))


def raw_websocket(
    app: flask.Flask,
    rule: str,
    handler: Callable[..., None],
    *,
    check_origin: Callable[[Mapping[str, Any]], bool],
    max_message_bytes: int,
    waiting_messages: int = 8,
    ping_interval: float = 25.0,
    idle_timeout: float | None = 90.0,
    compress: bool = True,
    endpoint: str | None = None,
) -> None:
    """Serve a WebSocket at `rule`.

    Args:
        app: the Flask application.
        rule: as for `app.route`.
        handler: called with the RawWebSocket and the rule's variables, inside the request's context; the connection
            closes when it returns (1000) or fails (1011).
        check_origin: given the WSGI environment; False refuses the upgrade with 403.
        max_message_bytes: of one message from the client, unpacked and however fragmented (1009 beyond).
        waiting_messages: read ahead while the handler is busy; then the client is not read, and TCP makes it wait.
        ping_interval: seconds between our pings; twice as long without a sign of life ends the connection.
        idle_timeout: seconds without a message from the client before it is closed (4408); None: for ever.
        compress: offer permessage-deflate; not for pictures.
        endpoint: Flask's name for it; the rule unless given.
    """
    open_ones: set[RawWebSocket] = app.extensions.setdefault(_OPEN, set())

    def view(**variables: Any) -> flask.Response:
        environ = flask.request.environ
        if not check_origin(environ):
            flask.abort(403)
        try:
            channel, agreed = handshake.accept(environ, compress=compress)
        except handshake.HandshakeError as refusal:
            return flask.Response(status=refusal.status, headers=refusal.headers)
        websocket = RawWebSocket(
            channel,
            compress=agreed,
            max_message_bytes=max_message_bytes,
            waiting_messages=waiting_messages,
            ping_interval=ping_interval,
            idle_timeout=idle_timeout,
        )
        open_ones.add(websocket)
        try:
            handler(websocket, **variables)
        except ConnectionClosedError:
            pass
        except Exception:
            # Past the upgrade nobody else may answer: Flask's error page would be written into the stream.
            logger.exception("the handler of %s failed", rule)
            websocket.close(frames.SERVER_ERROR, "internal error")
        finally:
            open_ones.discard(websocket)
            websocket.release()
        return _AlreadyAnswered()

    app.add_url_rule(rule, endpoint or rule, view, websocket=True)


def close_websockets(app: flask.Flask) -> None:
    """Tell every raw client that the server is going away."""
    for websocket in list(app.extensions.get(_OPEN, ())):
        websocket.close(frames.GOING_AWAY, "server shutdown")


class _AlreadyAnswered(flask.Response):
    def __call__(self, *_: Any) -> list[bytes]:
        WSGI_LOCAL.already_handled = True
        return []
