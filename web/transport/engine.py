"""engine.io and Socket.IO servers that work on our own client sessions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import engineio
import eventlet
import flask_socketio
import socketio
from engineio.packet import OPEN, Packet

from web.transport import frames, jsoncodec
from web.transport.client import Client
from web.transport.origin import OriginPolicy
from web.transport.outbox import Counters, OutboxLimits

logger = logging.getLogger("taskbeam.socketio")
# The libraries call every packet information, and add a handler of their own to a logger of their own.
_library_logger = logging.getLogger("taskbeam.socketio.library")
_library_logger.setLevel(logging.WARNING)

_LAST_EVENTS_SECONDS = 2.0
_GOODBYE_SECONDS = 3.0
_MOST_ATTACHMENTS = 10  # of one event from a client, as in Node's parser; python-socketio allows a billion
_FROM_CLIENTS = {
    socketio.packet.CONNECT,
    socketio.packet.DISCONNECT,
    socketio.packet.EVENT,
    socketio.packet.ACK,
    socketio.packet.BINARY_EVENT,
    socketio.packet.BINARY_ACK,
}


@dataclass(frozen=True, slots=True)
class Later:
    """What a handler returns when the rest of its work takes long: `finish` runs beside the client's next events.

    It must not raise; what it returns is the ack.
    """

    finish: Callable[[], Any]


class MalformedPacketError(ValueError):
    """A client sent what is not a Socket.IO packet."""


class SocketPacket(socketio.packet.Packet):  # type: ignore[misc]
    """python-socketio's packet, with binary data found while encoding and everything checked while decoding."""

    uses_binary_events = False  # the base would walk the whole payload a second time to look for bytes
    json = jsoncodec

    def encode(self) -> str | list[str | bytes]:
        text, attachments = ("", []) if self.data is None else jsoncodec.dumps_with_attachments(self.data)
        namespace = f"{self.namespace}," if self.namespace not in (None, "/") else ""
        tail = f"{namespace}{'' if self.id is None else self.id}{text}"
        if not attachments:
            return f"{self.packet_type}{tail}"
        binary = {socketio.packet.EVENT: socketio.packet.BINARY_EVENT, socketio.packet.ACK: socketio.packet.BINARY_ACK}
        return [f"{binary[self.packet_type]}{len(attachments)}-{tail}", *attachments]

    def decode(self, encoded_packet: Any) -> int:
        try:
            count = super().decode(encoded_packet)
        except (ValueError, TypeError, IndexError) as problem:
            raise MalformedPacketError(str(problem)) from None
        if self.packet_type not in _FROM_CLIENTS:
            raise MalformedPacketError(f"unexpected packet type {self.packet_type}")
        if count > _MOST_ATTACHMENTS:
            raise MalformedPacketError(f"more than {_MOST_ATTACHMENTS} attachments")
        if self.packet_type in (socketio.packet.EVENT, socketio.packet.BINARY_EVENT) and not _is_event(self.data):
            raise MalformedPacketError("an event without a name")
        if self.packet_type in (socketio.packet.ACK, socketio.packet.BINARY_ACK) and not isinstance(self.data, list):
            raise MalformedPacketError("an ack without arguments")
        return int(count)

    def add_attachment(self, attachment: Any) -> bool:
        if not isinstance(attachment, bytes):
            raise MalformedPacketError("text where an attachment was due")
        try:
            return bool(super().add_attachment(attachment))
        except (ValueError, TypeError, IndexError) as problem:
            raise MalformedPacketError(str(problem)) from None


def _is_event(data: Any) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str)


class Engine(engineio.Server):  # type: ignore[misc]
    """engineio's server with our `Client` for its sockets and our answer to foreign origins."""

    def __init__(self, *, origins: OriginPolicy, outbox_limits: OutboxLimits, **options: Any) -> None:
        super().__init__(cors_allowed_origins=origins.allows_origin_of, monitor_clients=False, **options)
        self.origins = origins
        self.outbox_limits = outbox_limits
        self.counters = Counters()
        self.is_used: Callable[[str], bool] = lambda _: True
        self.sockets: dict[str, Client]

    def handle_request(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not self.origins.allows(environ):
            start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Connection", "close")])
            return [b"This origin is not allowed."]
        answer: Iterable[bytes] = super().handle_request(environ, start_response)
        return answer

    def _log_error_once(self, message: str, message_key: str) -> None:
        # A client's mistake, such as a session from before our restart, is no error of ours.
        del message_key
        logger.info(message)

    def _handle_connect(
        self,
        environ: dict[str, Any],
        start_response: Callable[..., Any],
        transport: str,
        jsonp_index: int | None = None,
    ) -> Any:
        sid = self.generate_id()
        client = self.sockets[sid] = Client(self, sid)
        client.send(Packet(OPEN, self._welcome(sid, transport)))
        accepted = self._trigger_event("connect", sid, environ, run_async=False)
        if accepted is not None and accepted is not True:
            del self.sockets[sid]
            return self._unauthorized(accepted or None)
        client.schedule_ping()
        if transport == "websocket":
            return client.handle_get_request(environ, start_response)
        client.connected = True
        return self._ok(client.poll(), jsonp_index=jsonp_index)

    def _welcome(self, sid: str, transport: str) -> dict[str, Any]:
        return {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }


class SocketServer(socketio.Server):  # type: ignore[misc]
    """python-socketio's server on `Engine`; a client that sends nonsense is disconnected, as Node's server does.

    Attributes:
        on_ack: by namespace, who numbers its own acks: called with the client's sid and the number of each that comes.
            One number may then go to many clients, in one message.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.eio.is_used = self._is_in_a_namespace
        self.on_ack: dict[str, Callable[[str, int], None]] = {}

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    def _is_in_a_namespace(self, eio_sid: str) -> bool:
        return any(self.manager.sid_from_eio_sid(eio_sid, namespace) for namespace in self.manager.get_namespaces())

    def turn_away(self, sid: str, namespace: str, reason: str) -> None:
        """Close the connection of a client that is about to be refused but may be let in later.

        A refusal is final to Socket.IO's own clients: they never ask again. One whose connection ends comes back by
        itself. Who is in another namespace already keeps its connection, and is refused.
        """
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace)
        client = self.eio.sockets.get(eio_sid)
        others = [other for other in self.manager.get_namespaces() if other != namespace]
        if client is not None and not any(self.manager.sid_from_eio_sid(eio_sid, other) for other in others):
            client.turn_away(reason)

    def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        try:
            super()._handle_eio_message(eio_sid, data)
        except MalformedPacketError as problem:
            self._binary_packet.pop(eio_sid, None)
            client = self.eio.sockets.get(eio_sid)
            if client is not None:
                client.fail(f"malformed packet: {problem}")

    def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: list[Any]) -> None:  # noqa: A002
        namespace = namespace or "/"
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        client = self.eio.sockets.get(eio_sid)
        if client is not None and self.manager.is_connected(sid, namespace):
            client.inbox.put(partial(self._handle_event_internal, self, sid, eio_sid, data, namespace, id))

    def _handle_event_internal(
        self,
        server: Any,  # noqa: ARG002 (the base passes itself)
        sid: str,
        eio_sid: str,
        data: list[Any],
        namespace: str,
        id: int | None,  # noqa: A002
    ) -> None:
        answer = self._trigger_event(data[0], namespace, sid, *data[1:])
        if isinstance(answer, Later):
            eventlet.spawn(lambda: self._acknowledge(eio_sid, namespace, id, answer.finish()))
        else:
            self._acknowledge(eio_sid, namespace, id, answer)

    def _acknowledge(self, eio_sid: str, namespace: str, id: int | None, answer: Any) -> None:  # noqa: A002
        if id is None or answer == self.not_handled or eio_sid not in self.eio.sockets:
            return
        arguments = [] if answer is None else list(answer) if isinstance(answer, tuple) else [answer]
        self._send_packet(eio_sid, self.packet_class(socketio.packet.ACK, namespace=namespace, id=id, data=arguments))

    def _handle_ack(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:  # noqa: A002
        namespace = namespace or "/"
        listener = self.on_ack.get(namespace)
        if listener is None:
            super()._handle_ack(eio_sid, namespace, id, data)
            return
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        if sid is not None and id is not None:
            listener(sid, id)

    def _handle_disconnect(self, eio_sid: str, namespace: str | None, reason: str | None = None) -> None:
        # What the client sent before it left is handled while it is still known.
        client = self.eio.sockets.get(eio_sid)
        if client is not None:
            client.inbox.join(_LAST_EVENTS_SECONDS)
        super()._handle_disconnect(eio_sid, namespace, reason)


class FlaskSocketIO(flask_socketio.SocketIO):  # type: ignore[misc]
    """Flask-SocketIO on `SocketServer`; the base names python-socketio's own class in `init_app`."""

    def init_app(self, app: Any, **options: Any) -> None:
        self.server_options.update(options)
        self.server = SocketServer(
            serializer=SocketPacket,
            json=jsoncodec,
            logger=_library_logger,
            engineio_logger=_library_logger,
            **self.server_options,
        )
        self.async_mode = self.server.async_mode
        for event, handler, namespace in self.handlers:
            self.server.on(event, handler, namespace=namespace)
        for namespace_handler in self.namespace_handlers:
            self.server.register_namespace(namespace_handler)
        app.extensions["socketio"] = self
        self.sockio_mw = flask_socketio._SocketIOMiddleware(self.server, app)
        app.wsgi_app = self.sockio_mw

    def close_clients(self) -> None:
        """Tell every client that the server is going away (they reconnect), and wait a little for it to be sent."""
        clients: list[Client] = list(self.server.eio.sockets.values())
        goodbyes = [eventlet.spawn(client.end, "server shutdown", code=frames.GOING_AWAY) for client in clients]
        with eventlet.Timeout(_GOODBYE_SECONDS, False):
            for goodbye in goodbyes:
                goodbye.wait()
