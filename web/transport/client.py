"""One engine.io session: long-polling, WebSocket, and the move from one to the other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import eventlet
from engineio import exceptions
from engineio.base_socket import BaseSocket
from engineio.packet import CLOSE, MESSAGE, NOOP, PING, PONG, UPGRADE, Packet
from eventlet.event import Event
from eventlet.hubs import get_hub
from eventlet.wsgi import WSGI_LOCAL

from web.transport import frames, handshake
from web.transport.channel import Channel
from web.transport.frames import MessageReader, PeerClosedError, ProtocolError
from web.transport.inbox import Inbox
from web.transport.message import Message, of_engine_packet
from web.transport.outbox import Outbox
from web.transport.writer import Writer

logger = logging.getLogger("taskbeam.socketio")

if TYPE_CHECKING:
    from web.transport.engine import Engine

_PING = Message.of_packets([str(PING)])
_NOOP = Message.of_packets([str(NOOP)])
_CLOSE = Message.of_packets([str(CLOSE)])
_PROBE_ANSWER = Message.of_packets([f"{PONG}probe"])
_MOST_PACKETS_PER_POST = 1000  # engineio's 16 loses a burst of a client's own events; the body's size is bounded anyway
_POLL_BYTES = 1_000_000  # in one answer to a long poll
UPGRADE_SECONDS = 10.0
OUTBOX_FULL = "outbox full"
NO_NAMESPACE = "connected to no namespace"


class Client(BaseSocket):  # type: ignore[misc]  # engineio has no types
    """Replaces `engineio.Socket`; its unbounded queue and its writer greenthread per client are what is put right.

    Every packet to the client goes through `deliver`, whoever sends it (Push, python-socketio's emit and acks, the
    engine itself), so there is one order and one bound.
    """

    server: Engine

    def __init__(self, server: Engine, sid: str) -> None:
        # Not the base's constructor: it would give each client an eventlet queue that nobody uses.
        self.server = server
        self.sid = sid
        self.session: dict[str, Any] = {}
        self.connected = self.upgrading = self.upgraded = self.closing = self.closed = False
        self.outbox = Outbox(server.outbox_limits, server.counters)
        self.inbox = Inbox()
        self._writer: Writer | None = None
        self._poll: Event | None = None  # while a long poll waits for something to answer
        self._heartbeat: Any = None
        self._awaiting_pong = False
        self._gone = False  # nothing more is sent, though the disconnect handlers may still be running

    @property
    def queued_bytes(self) -> int:
        return self.outbox.bytes + (self._writer.queued_bytes if self._writer is not None else 0)

    @property
    def is_idle(self) -> bool:
        """Whether the client has been given, or its connection has taken, all there was."""
        return not self.outbox and (self._writer is None or self._writer.is_idle)

    def has_taken(self, but: int) -> bool | None:
        """Whether all that was sent has arrived, but for so many bytes; None where the system does not tell."""
        if not self.is_idle or self._writer is None:  # who polls has fetched what is not here any more
            return self.is_idle
        on_its_way = self._writer.in_flight()
        return None if on_its_way is None else on_its_way <= but

    # --- to the client -------------------------------------------------------------------------------------------

    def deliver(self, message: Message) -> bool:
        """Send now or queue; never waits, never yields. False when the client is gone, or has just been let go."""
        if self._gone:
            return False
        writer = self._writer
        if writer is not None:
            if writer.send(message):
                return True
        elif self.outbox.put(message):
            self._wake_poll()
            return True
        self._let_go()
        return False

    def send(self, pkt: Packet) -> None:
        """What python-socketio and engineio call."""
        self.deliver(of_engine_packet(pkt))

    def _let_go(self) -> None:
        """The client reads too slowly: forget its backlog and disconnect it; it catches up by `last_seq`."""
        self.server.counters.dropped += 1
        logger.warning(
            "%s: disconnected, its outbox is full (%d messages, %d bytes)",
            self.sid,
            len(self.outbox),
            self.queued_bytes,
        )
        self.turn_away(OUTBOX_FULL)

    def turn_away(self, reason: str) -> None:
        """Close the connection for now, with nothing more said: the client's library comes back by itself."""
        self._gone = True
        self.outbox.clear()
        self._end_transport(frames.TRY_AGAIN_LATER, reason)
        # The disconnect handlers may wait for a database; whoever emits must not.
        eventlet.spawn(self._disconnect, reason)

    # --- the end -------------------------------------------------------------------------------------------------

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:  # noqa: ARG002
        """Disconnect; `abort` without telling the client (it told us). Never waits for the client to read."""
        self.end(reason or self.server.reason.SERVER_DISCONNECT, tell=not abort)

    def end(self, reason: str, *, tell: bool = True, code: int = frames.NORMAL) -> None:
        """Run the disconnect handlers, then close the transport; a second call does nothing."""
        if self.closing:
            return
        self._disconnect(reason)
        if tell:
            self.deliver(_CLOSE)
        if not self._gone:
            self._gone = True
            self._end_transport(code, reason)

    def _disconnect(self, reason: str) -> None:
        if self.closing:
            return
        self.closing = True
        self._cancel_heartbeat()
        self.server._trigger_event("disconnect", self.sid, reason, run_async=False)
        self.closed = True
        self.server.sockets.pop(self.sid, None)

    def _end_transport(self, code: int, reason: str) -> None:
        self._cancel_heartbeat()
        if self._writer is not None:
            self._writer.finish(frames.close_frame(code, reason))
        self._wake_poll()

    # --- heartbeat: one timer of the hub per client, where engineio keeps a greenthread asleep ---------------------

    def schedule_ping(self) -> None:
        self._cancel_heartbeat()
        if not (self.closing or self._gone):
            self._heartbeat = get_hub().schedule_call_global(self.server.ping_interval, self._ping)

    def _ping(self) -> None:
        if not self.server.is_used(self.sid):
            # Never let into a namespace, or thrown out of its last: it only takes up one of our connections.
            eventlet.spawn(self.end, NO_NAMESPACE)
            return
        self._awaiting_pong = True
        self._heartbeat = get_hub().schedule_call_global(self.server.ping_timeout, self._give_up)
        if self._writer is not None:
            self._writer.send_first(_PING)
        else:
            self.outbox.put_first(_PING)
            self._wake_poll()

    def _give_up(self) -> None:
        logger.info("%s: no pong, closing", self.sid)
        eventlet.spawn(self.end, self.server.reason.PING_TIMEOUT)

    def _cancel_heartbeat(self) -> None:
        self._awaiting_pong = False
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            self._heartbeat = None

    # --- from the client -----------------------------------------------------------------------------------------

    def receive(self, pkt: Packet) -> None:
        if pkt.packet_type == MESSAGE:
            self.server._trigger_event("message", self.sid, pkt.data, run_async=False)
        elif pkt.packet_type == PONG:
            if self._awaiting_pong:
                self.schedule_ping()
        elif pkt.packet_type == CLOSE:
            self.end(self.server.reason.CLIENT_DISCONNECT, tell=False)
        elif pkt.packet_type not in (UPGRADE, NOOP):
            self.fail(f"unexpected packet type {pkt.packet_type}")

    def fail(self, reason: str) -> None:
        """The client sends what cannot be understood."""
        logger.info("%s: %s", self.sid, reason)
        self.end(self.server.reason.TRANSPORT_ERROR, tell=False, code=frames.PROTOCOL_ERROR)

    # --- long-polling --------------------------------------------------------------------------------------------

    def handle_get_request(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Any:
        if _asks_for_websocket(environ):
            return self._upgrade(environ, start_response)
        if self.upgrading or self.upgraded:
            return [_NOOP]
        if self._poll is not None:
            # Two polls at once would share the messages out between them, in no order.
            self.fail("two long polls at once")
            raise exceptions.EngineIOError
        return self.poll()

    def poll(self) -> list[Message]:
        """Wait for messages; what one answer to a long poll carries."""
        if not self.outbox and not self._gone:
            self._poll = Event()
            try:
                self._poll.wait(self.server.ping_interval + self.server.ping_timeout)
            finally:
                self._poll = None
        if self.outbox and not self.upgrading:
            return self.outbox.take(_POLL_BYTES)
        return [_CLOSE] if self._gone else [_NOOP]

    def _wake_poll(self) -> None:
        if self._poll is not None and not self._poll.ready():
            self._poll.send()

    def handle_post_request(self, environ: Mapping[str, Any]) -> None:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > self.server.max_http_buffer_size:
            raise exceptions.ContentTooLongError
        for pkt in self._decode_body(environ["wsgi.input"].read(length)):
            if self._gone:
                break
            self.receive(pkt)

    def _decode_body(self, body: bytes) -> Iterable[Packet]:
        try:
            encoded = body.decode().split("\x1e", _MOST_PACKETS_PER_POST)
            if len(encoded) > _MOST_PACKETS_PER_POST:
                raise ValueError("too many packets")
            return [Packet(encoded_packet=packet) for packet in encoded]
        except ValueError as problem:
            self.fail(f"a body that cannot be read: {problem}")
            raise exceptions.EngineIOError from None

    # --- WebSocket -----------------------------------------------------------------------------------------------

    def _upgrade(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> tuple[bytes, ...]:
        """Answers with a tuple, for engineio takes a list to be packets."""
        if self.upgraded or self.upgrading:
            start_response("400 Bad Request", [])
            return (b"",)
        try:
            channel, _ = handshake.accept(environ)
        except handshake.HandshakeError as refusal:
            if not self.connected:
                self.end(self.server.reason.TRANSPORT_ERROR, tell=False)
            start_response(refusal.status, refusal.headers)
            return (b"",)
        if "eventlet.set_idle" in environ:
            environ["eventlet.set_idle"]()
        self._serve_websocket(channel)
        # The server must not write an HTTP answer into the stream.
        WSGI_LOCAL.already_handled = True
        return ()

    def _serve_websocket(self, channel: Channel) -> None:
        reader = MessageReader(channel.receive, self.server.max_http_buffer_size, self._on_control)
        if self.connected and not self._probe(channel, reader):
            channel.shutdown()
            return
        self.connected = self.upgraded = True
        self._writer = Writer(channel, self.outbox)
        self._writer.start()
        reason, code = self.server.reason.TRANSPORT_CLOSE, frames.NORMAL
        try:
            while not self._gone:
                self.receive(_decode(reader.read()))
        except PeerClosedError as end:
            if end.code is None:
                self._writer.die()
        except ProtocolError as problem:
            logger.info("%s: closed with %d, %s", self.sid, problem.code, problem.reason)
            reason, code = self.server.reason.TRANSPORT_ERROR, problem.code
        finally:
            self.end(reason, tell=False, code=code)
            self._leave(channel, self._writer)

    def _probe(self, channel: Channel, reader: MessageReader) -> bool:
        """The client's move from long-polling to WebSocket; False if it did not go through with it."""
        self.upgrading = True  # messages wait in the outbox
        timer = get_hub().schedule_call_global(UPGRADE_SECONDS, channel.abort)
        try:
            if reader.read() != f"{PING}probe":
                return False
            channel.send_all(_PROBE_ANSWER.frames)
            self._wake_poll()  # the client upgrades once its last long poll has been answered
            return reader.read() == str(UPGRADE) and not self._gone
        except (PeerClosedError, ProtocolError, OSError):
            return False
        finally:
            timer.cancel()
            self.upgrading = False

    def _on_control(self, opcode: int, data: bytes) -> None:
        # Only the latest ping needs an answer (RFC 6455, 5.5.3), so a flood of them cannot fill the outbox.
        if opcode == frames.PING and self._writer is not None:
            self._writer.send(Message(frames.encode_frame(frames.PONG, data), key=(frames.PONG, "websocket")))

    @staticmethod
    def _leave(channel: Channel, writer: Writer) -> None:
        # Let our close frame out and the peer's last bytes in: closing with unread input resets the connection, and the
        # close frame is lost with it. The writer's timer bounds the wait.
        while channel.receive(frames.RECEIVE_BYTES):
            pass
        writer.close()


def _decode(data: str | bytes) -> Packet:
    try:
        return Packet(encoded_packet=data)
    except ValueError:
        raise ProtocolError(frames.PROTOCOL_ERROR, "not an engine.io packet") from None


def _asks_for_websocket(environ: Mapping[str, Any]) -> bool:
    tokens = [token.strip() for token in environ.get("HTTP_CONNECTION", "").lower().split(",")]
    return "upgrade" in tokens and environ.get("HTTP_UPGRADE", "").lower() == "websocket"
