"""Who watches which camera over Socket.IO."""

from __future__ import annotations

import logging
from typing import Any

import eventlet

from services.cameras.events import CameraEvent, CameraState, CameraStatus
from services.cameras.frames import Wish
from services.cameras.service import CameraService
from services.errors import ConflictError, SubscriptionClosedError
from web.errors import socket_answer
from web.schemas.camera_socket import Encoding
from web.sockets.camera_viewer import CameraViewer
from web.sockets.connections import Connection
from web.sockets.rooms import CAMERA_NAMESPACE, Rooms, room_of_camera
from web.transport.push import Push

log = logging.getLogger(__name__)

FIGURES_SECONDS = 2.0
MOST_WATCHED = 16  # cameras by one connection

_OF_CAMERA = ("camera_id", "name", "state", "width", "height", "fps", "viewers", "age", "encoded")


class CameraViewers:
    def __init__(self, cameras: CameraService, push: Push, rooms: Rooms) -> None:
        self._cameras, self._push, self._rooms = cameras, push, rooms
        self._by_sid: dict[str, dict[int, CameraViewer]] = {}  # sid -> camera -> its viewer

    def watch(self, connection: Connection, camera_id: int, wish: Wish, encoding: Encoding) -> CameraViewer:
        """A second watch of the same camera changes the first.

        Raises:
            NotFoundError: there is no such camera.
            InvalidInputError: what is wished cannot be had.
            ConflictError: the client watches as many as it may.
            SubscriptionClosedError: the client has gone, or the server stops.
        """
        watched = self._by_sid.get(connection.sid, {})
        viewer = watched.get(camera_id)
        if viewer is None:
            if len(watched) >= MOST_WATCHED:
                raise ConflictError(f"One connection watches {MOST_WATCHED} cameras at most. Unwatch one.")
            viewer = self._begin(connection, camera_id, wish, encoding)
        else:
            viewer.encoding = encoding
            self._cameras.change(viewer.subscription, wish)
        self._tell_status(connection.sid, camera_id, viewer)
        return viewer

    def unwatch(self, sid: str, camera_id: int) -> None:
        viewer = self._by_sid.get(sid, {}).pop(camera_id, None)
        if viewer is not None:
            self._rooms.leave(sid, room_of_camera(camera_id))
            viewer.subscription.close()

    def watched_by(self, sid: str) -> list[int]:
        return list(self._by_sid.get(sid, ()))

    def forget(self, sid: str) -> None:
        """The client has gone."""
        for viewer in self._by_sid.pop(sid, {}).values():
            viewer.subscription.close()

    def on_ack(self, sid: str, number: int) -> None:
        for viewer in self._by_sid.get(sid, {}).values():
            if viewer.on_ack(number):
                return

    def on_status(self, event: CameraEvent) -> None:
        """A listener of the cameras: tells whoever watches."""
        self._emit(event.event, event.as_json(), rooms=[room_of_camera(event.camera_id)])
        if isinstance(event, CameraStatus) and event.state is CameraState.CLOSED:
            self._end_closed(event.camera_id)

    def tell_figures(self) -> None:
        """Now and then, for as long as the server lives: what flows, to each viewer with its own part."""
        while True:
            eventlet.sleep(FIGURES_SECONDS)
            try:
                self._tell_figures()
            except Exception:
                log.exception("The figures of the cameras could not be told.")

    def _begin(self, connection: Connection, camera_id: int, wish: Wish, encoding: Encoding) -> CameraViewer:
        sid = connection.sid
        viewer = CameraViewer(self._push, sid, encoding)
        viewer.subscription = self._cameras.watch(camera_id, wish, on_frame=viewer.on_frame)
        if not connection.is_open:
            viewer.subscription.close()
            raise SubscriptionClosedError
        self._by_sid.setdefault(sid, {})[camera_id] = viewer
        self._rooms.enter(sid, room_of_camera(camera_id))
        return viewer

    def _tell_status(self, sid: str, camera_id: int, viewer: CameraViewer) -> None:
        status = self._cameras.status(camera_id)
        self._emit("camera_status", _status(status, viewer), sids=[sid])
        if status["error"] is not None:
            self._emit("camera_error", {"camera_id": camera_id, "type": "error", **status["error"]}, sids=[sid])

    def _tell_figures(self) -> None:
        if not self._by_sid:
            return
        figures = {camera["camera_id"]: camera for camera in self._cameras.figures()}
        for sid, watched in list(self._by_sid.items()):
            for camera_id, viewer in list(watched.items()):
                if camera_id in figures and self._push.is_idle(sid, namespace=CAMERA_NAMESPACE):
                    self._emit("camera_status", _status(figures[camera_id], viewer), sids=[sid])

    def _end_closed(self, camera_id: int) -> None:
        """The camera was deleted, or the server stops."""
        fault = {"camera_id": camera_id, "type": "error", **socket_answer(SubscriptionClosedError())}
        for sid, watched in list(self._by_sid.items()):
            viewer = watched.get(camera_id)
            if viewer is not None and viewer.subscription.closed:
                self.unwatch(sid, camera_id)
                self._emit("camera_error", fault, sids=[sid])

    def _emit(self, event: str, data: dict[str, Any], **to: Any) -> None:
        self._push.emit(event, data, namespace=CAMERA_NAMESPACE, **to)


def _status(camera: dict[str, Any], viewer: CameraViewer) -> dict[str, Any]:
    return {name: camera[name] for name in _OF_CAMERA} | {"you": viewer.figures()}
