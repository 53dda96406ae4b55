"""What every namespace has in common: who may come in, and which handler serves which event."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import eventlet
import flask_socketio
from pydantic import ValidationError
from socketio.exceptions import ConnectionRefusedError as RefusedError

from services.errors import InvalidInputError, RateLimitExceededError, TooManyConnectionsError, UnknownEventError
from web.errors import refused_input, socket_answer
from web.schemas.socket import Asked, Incoming, Nothing
from web.sockets.connections import Connection, Connections
from web.sockets.control import Answer, Handler
from web.sockets.rooms import Rooms
from web.transport.engine import Later

_PASSING = (RateLimitExceededError, TooManyConnectionsError)
"""Why a client is not let in now, and will be later."""


class GuardedNamespace(flask_socketio.Namespace):  # type: ignore[misc]  # flask_socketio has no types
    """Admits clients, and turns each event into one call and one answer; nothing a client sends gets past it raw."""

    def __init__(
        self,
        rooms: Rooms,
        connections: Connections,
        incoming: Mapping[str, Incoming],
        handlers: Mapping[str, Handler],
    ) -> None:
        """
        Args:
            rooms: of this namespace.
            connections: of this namespace.
            incoming: the events that clients may send.
            handlers: what serves each of them.
        """
        super().__init__(rooms.namespace)
        self._rooms, self._connections = rooms, connections
        self._incoming, self._handlers = incoming, handlers

    def welcome(self, connection: Connection, auth: object) -> None:
        """A client came in; in a greenthread of its own."""

    def farewell(self, sid: str) -> None:
        """A client has gone; events of its that are still being served find it closed."""

    def complain(self, connection: Connection, error: Exception, arguments: Sequence[Any]) -> Mapping[str, Any]:
        """Tells a client why its event could not be served; returns `{code, message}` for the ack."""
        raise NotImplementedError

    def trigger_event(self, event: str, *arguments: Any) -> Any:
        """What python-socketio calls for everything; its answer becomes the ack.

        A client can name its own event "connect" and bring its own `environ`, so only the manager's word is taken for
        what is happening.
        """
        sid = arguments[0]
        manager = self.server.manager
        if event == "connect" and manager.is_pre_connected(sid, self.namespace):
            return self._connect(*arguments)
        if event == "disconnect" and not manager.is_connected(sid, self.namespace):
            return self._release(sid)
        return self._serve(event, sid, arguments[1:])

    def _connect(self, sid: str, environ: Mapping[str, Any], auth: object = None) -> None:
        try:
            connection = self._connections.admit(sid, environ, auth)
        except Exception as error:  # noqa: BLE001 (the edge: `socket_answer` logs the unforeseen and hides it)
            answer = socket_answer(error)
            if isinstance(error, _PASSING):
                self.server.turn_away(sid, self.namespace, answer["code"])
            raise RefusedError(answer["message"], answer) from None
        # Nothing may be sent before python-socketio has confirmed the connection, which it does when we return.
        eventlet.spawn(self._welcome, connection, auth)

    def _welcome(self, connection: Connection, auth: object) -> None:
        if self._rooms.is_stale(connection.sid):
            self._release(connection.sid)
            self._rooms.forget(connection.sid)
        else:
            self.welcome(connection, auth)

    def _release(self, sid: str) -> None:
        self._connections.release(sid)
        self.farewell(sid)

    def _serve(self, event: str, sid: str, arguments: Sequence[Any]) -> dict[str, Any] | Later | None:
        connection = self._connections.get(sid)
        if connection is None:  # it left before its event got its turn
            return None
        return self._attempt(connection, arguments, lambda: self._answer(connection, event, arguments))

    def _answer(self, connection: Connection, event: str, arguments: Sequence[Any]) -> dict[str, Any] | Later:
        self._connections.count_event_of(connection)
        if event not in self._handlers:
            raise UnknownEventError(event)
        incoming = self._incoming[event]
        connection.principal.require(incoming.scope)
        answer = self._handlers[event](connection, _parse(incoming.payload, arguments))
        return self._begin(connection, arguments, answer) if isinstance(answer, Generator) else answer

    def _begin(
        self, connection: Connection, arguments: Sequence[Any], work: Generator[None, None, Answer]
    ) -> Answer | Later:
        try:
            next(work)
        except StopIteration as done:
            return dict(done.value)
        return Later(lambda: self._attempt(connection, arguments, lambda: _finish(work)))

    def _attempt(
        self, connection: Connection, arguments: Sequence[Any], answer: Callable[[], Answer | Later]
    ) -> Answer | Later:
        """The ack: what `answer` gives, or why it failed, of which the client is also told by an event."""
        try:
            given = answer()
        except Exception as error:  # noqa: BLE001 (the edge: `complain` logs the unforeseen and hides it)
            return {"ok": False, **self.complain(connection, error, arguments)}
        return given if isinstance(given, Later) else {"ok": True, **given}


def _finish(work: Generator[None, None, Answer]) -> Answer:
    while True:
        try:
            next(work)
        except StopIteration as done:
            return dict(done.value)


def _parse(model: type[Asked], arguments: Sequence[Any]) -> Asked:
    if model is Nothing:
        return Nothing()
    if not arguments and not any(field.is_required() for field in model.model_fields.values()):
        return model()
    if not arguments or not isinstance(arguments[0], dict):
        raise InvalidInputError("The event needs an object as its data.")
    try:
        return model.model_validate(arguments[0])
    except ValidationError as error:
        raise refused_input(error) from None
