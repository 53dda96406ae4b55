"""Namespace `/`: tasks live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.bootstrap import Services
from services.version import VERSION
from web.errors import socket_answer
from web.schemas.socket import INCOMING, Nothing
from web.sockets.connections import Connection, Connections
from web.sockets.control import Handler
from web.sockets.lobby import Lobby
from web.sockets.namespace import GuardedNamespace
from web.sockets.rooms import Rooms
from web.transport.push import Push


class TaskNamespace(GuardedNamespace):
    def __init__(
        self,
        services: Services,
        push: Push,
        rooms: Rooms,
        connections: Connections,
        lobby: Lobby,
        handlers: Mapping[str, Handler],
    ) -> None:
        own: dict[str, Handler] = {"join_lobby": self._join_lobby, "leave_lobby": self._leave_lobby}
        super().__init__(rooms, connections, INCOMING, {**handlers, **own})
        self._tasks = services.tasks
        self._push, self._lobby = push, lobby

    def welcome(self, connection: Connection, auth: object) -> None:
        sid = connection.sid
        self._push.emit("connected", {"message": "Connected to Taskbeam.", "sid": sid, "version": VERSION}, sids=[sid])
        try:
            if isinstance(auth, dict) and auth.get("lobby") is False:
                self._push.emit("active_tasks", {"tasks": self._tasks.active()}, sids=[sid])
            else:
                self._join_lobby(connection)
        except Exception as error:  # noqa: BLE001 (the edge: `socket_answer` logs the unforeseen and hides it)
            self._push.emit("error", socket_answer(error), sids=[sid])

    def complain(self, connection: Connection, error: Exception, _arguments: Sequence[Any]) -> Mapping[str, Any]:
        refusal = socket_answer(error)
        self._push.emit("error", refusal, sids=[connection.sid])
        return refusal

    def _join_lobby(self, connection: Connection, _asked: Nothing | None = None) -> dict[str, Any]:
        with connection.turns("lobby"):
            self._lobby.admit(connection.sid, self._tasks.active, lambda: connection.is_open)
        return {}

    def _leave_lobby(self, connection: Connection, _asked: Nothing) -> dict[str, Any]:
        with connection.turns("lobby"):
            self._lobby.dismiss(connection.sid)
        return {}
