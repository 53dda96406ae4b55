"""The rooms of a namespace: who hears what."""

from __future__ import annotations

from typing import Any

NAMESPACE = "/"
CAMERA_NAMESPACE = "/camera"
LOBBY = "lobby"


def room_of(task_id: int) -> str:
    """Whoever joined the task: each of its events."""
    return f"task:{task_id}"


def room_of_camera(camera_id: int) -> str:
    """Whoever watches the camera: its states and faults."""
    return f"camera:{camera_id}"


def catching_up(task_id: int) -> str:
    """Whoever is being sent the task's past. The lobby leaves them out, or an event would come live and again."""
    return f"catching-up:{task_id}"


class Rooms:
    """Membership, in the hands of python-socketio's manager, which forgets a client when it disconnects."""

    def __init__(self, server: Any, namespace: str = NAMESPACE) -> None:
        self._server = server
        self.namespace = namespace

    def enter(self, sid: str, room: str) -> None:
        """Only for a client that is still connected."""
        self._server.enter_room(sid, room, namespace=self.namespace)

    def leave(self, sid: str, room: str) -> None:
        self._server.leave_room(sid, room, namespace=self.namespace)

    def has(self, sid: str, room: str) -> bool:
        return sid in self._server.manager.rooms.get(self.namespace, {}).get(room, ())

    def is_stale(self, sid: str) -> bool:
        """Whether the transport ended while the connect handler was still at work.

        python-socketio then counts the client as connected for ever: its end was told before it had begun.
        """
        return self._server.manager.eio_sid_from_sid(sid, self.namespace) not in self._server.eio.sockets

    def forget(self, sid: str) -> None:
        self._server.manager.disconnect(sid, self.namespace, ignore_queue=True)
