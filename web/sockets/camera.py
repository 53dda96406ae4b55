"""Namespace `/camera`: watch, control, unwatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.cameras.service import CameraService
from services.errors import UnauthorizedError
from web.errors import socket_answer
from web.schemas.camera_socket import INCOMING, Control, Unwatch, Watch
from web.sockets.camera_viewers import CameraViewers
from web.sockets.connections import Connection, Connections
from web.sockets.control import Handler
from web.sockets.namespace import GuardedNamespace
from web.sockets.rooms import Rooms
from web.transport.push import Push


class CameraNamespace(GuardedNamespace):
    def __init__(
        self, cameras: CameraService, push: Push, rooms: Rooms, connections: Connections, viewers: CameraViewers
    ) -> None:
        handlers: dict[str, Handler] = {"watch": self._watch, "control": self._control, "unwatch": self._unwatch}
        super().__init__(rooms, connections, INCOMING, handlers)
        self._cameras, self._push, self._viewers = cameras, push, viewers

    def farewell(self, sid: str) -> None:
        self._viewers.forget(sid)

    def complain(self, connection: Connection, error: Exception, arguments: Sequence[Any]) -> Mapping[str, Any]:
        asked = arguments[0].get("camera_id") if arguments and isinstance(arguments[0], dict) else None
        return self._tell(connection, error, asked if isinstance(asked, (int, str)) else None)

    def tell(self, connection: Connection, refusal: UnauthorizedError) -> None:
        self._tell(connection, refusal, None)

    def _tell(self, connection: Connection, error: Exception, camera_id: int | str | None) -> Mapping[str, Any]:
        refusal = socket_answer(error)
        fault = {"camera_id": camera_id, "type": "error", **refusal}
        self._push.emit("camera_error", fault, sids=[connection.sid], namespace=self.namespace)
        return refusal

    def _watch(self, connection: Connection, asked: Watch) -> dict[str, Any]:
        camera = self._cameras.get(asked.camera_id)
        viewer = self._viewers.watch(connection, camera["id"], asked.wish, asked.encoding)
        look = viewer.subscription.look
        return {
            "camera_id": camera["id"],
            "name": camera["name"],
            "fps": look.fps,
            "quality": look.quality,
            "width": look.width,
            "encoding": viewer.encoding,
        }

    def _control(self, _connection: Connection, asked: Control) -> dict[str, Any]:
        camera = self._cameras.control(
            asked.camera_id, fps=asked.fps, quality=asked.quality, width=asked.width, source=asked.source
        )
        told = {field: camera[field] for field in ("name", "fps", "quality", "width", "source")}
        return {"camera_id": camera["id"], **told}

    def _unwatch(self, connection: Connection, asked: Unwatch) -> dict[str, Any]:
        watched = self._viewers.watched_by(connection.sid)
        if asked.camera_id is not None:
            watched = [self._cameras.get(asked.camera_id)["id"]]
        for camera_id in watched:
            self._viewers.unwatch(connection.sid, camera_id)
        return {"camera_ids": watched}
