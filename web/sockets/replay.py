"""Joining a task: its present state, the events a client missed, and from then on each as it happens.

The log is the truth. A client that catches up is read to from the log, not yet in the task's room; the last piece is
read and the room entered under the lock under which events are recorded and sent, so nothing falls between the two.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from typing import Any

import eventlet

from services.bootstrap import Services
from services.tasks.event_log import LoggedEvent
from services.tasks.view import TaskObject
from web.schemas.socket import JoinTask, TaskRef
from web.sockets.connections import Connection, Join
from web.sockets.lobby import Lobby
from web.sockets.rooms import Rooms, catching_up, room_of
from web.transport.push import Push

CHUNK = 100  # events read and sent at a time: a few milliseconds of the hub
_LOOK_SECONDS = 0.2  # between two looks whether a slow reader still wants the rest
_PAUSE_SECONDS = 0.01

LEFT = {"ok": False, "code": "LEFT", "message": "The task was left before the join was done."}


class _LeftError(Exception):
    """The client left the task, or the server, while it was catching up."""


class Joins:
    def __init__(self, services: Services, push: Push, rooms: Rooms, lobby: Lobby) -> None:
        self._tasks, self._log, self._order = services.tasks, services.events, services.recorder.order
        self._push, self._rooms, self._lobby = push, rooms, lobby

    def join(self, connection: Connection, asked: JoinTask) -> Generator[None, None, dict[str, Any]]:
        """Sends `task_status`, then what came after `last_seq`, then lets the client into the task's room.

        Another join of the same task by the same client waits for this one, or their events would mix. It yields
        where it may take long from there on; the client's next events are then served beside it.

        Returns:
            `last_seq`, which the client now has; `recovered`: whether everything in between was sent.
        """
        with connection.joining(asked.task_id) as join:
            if join.is_second:
                yield
            with connection.turns(("join", asked.task_id)):
                try:
                    answer = self._begin(connection.sid, join, asked.last_seq)
                    if answer is None:
                        yield
                        answer = self._catch_up(connection.sid, join, asked.last_seq or 0)
                except _LeftError:
                    answer = LEFT
                finally:
                    self._rooms.leave(connection.sid, catching_up(asked.task_id))
        return answer

    def leave(self, connection: Connection, asked: TaskRef) -> dict[str, Any]:
        connection.stop_joining(asked.task_id)
        if self._rooms.has(connection.sid, room_of(asked.task_id)):
            self._lobby.note_leaving(connection.sid, asked.task_id)
            self._rooms.leave(connection.sid, room_of(asked.task_id))
        # From here on the lobby may speak to it of this task again.
        self._rooms.leave(connection.sid, catching_up(asked.task_id))
        message = f"You left task {asked.task_id}."
        self._push.emit("left", {"message": message, "task_id": asked.task_id}, sids=[connection.sid])
        return {"task_id": asked.task_id}

    def _begin(self, sid: str, join: Join, last_seq: int | None) -> dict[str, Any] | None:
        """The answer where nothing was missed or nothing can be recovered; None where the client must catch up."""
        with self._order(join.task_id):
            task = self._tasks.get(join.task_id)
            _check(join)
            self._greet(sid, task)
            if last_seq is not None and last_seq < task["last_seq"]:
                return None
            # A last_seq beyond the log is of another life of this database: only the snapshot can help.
            return self._enter(sid, join.task_id, task["last_seq"], recovered=last_seq in (None, task["last_seq"]))

    def _greet(self, sid: str, task: TaskObject) -> None:
        # A client that joins again is taken out first, or live events would mix with those it asked for.
        self._rooms.leave(sid, room_of(task["id"]))
        self._rooms.enter(sid, catching_up(task["id"]))
        status = {"task_id": task["id"], "id": task["id"], "status": task["status"], "data": task, "seq": None}
        self._push.emit("task_status", status | {"timestamp": time.time()}, sids=[sid])

    def _catch_up(self, sid: str, join: Join, seq: int) -> dict[str, Any]:
        while True:
            missed = self._log.since(join.task_id, seq, CHUNK)
            _check(join)
            if missed and missed[0].seq != seq + 1:
                return self._start_anew(sid, join)
            seq = self._send(sid, missed, seq)
            if len(missed) == CHUNK:
                self._await_reader(sid, join)
                continue
            with self._order(join.task_id):
                missed = self._log.since(join.task_id, seq, CHUNK)
                _check(join)
                seq = self._send(sid, missed, seq)
                if len(missed) < CHUNK:
                    return self._enter(sid, join.task_id, seq, recovered=True)

    def _start_anew(self, sid: str, join: Join) -> dict[str, Any]:
        """The log no longer reaches back that far: never a part of it, but the present state and what follows."""
        with self._order(join.task_id):
            task = self._tasks.get(join.task_id)
            _check(join)
            self._greet(sid, task)
            return self._enter(sid, join.task_id, task["last_seq"], recovered=False)

    def _send(self, sid: str, events: Sequence[LoggedEvent], seq: int) -> int:
        """The seq the client has then."""
        for event in events:
            self._push.emit(event.event, event.data, sids=[sid])
        return events[-1].seq if events else seq

    def _enter(self, sid: str, task_id: int, seq: int, *, recovered: bool) -> dict[str, Any]:
        self._rooms.leave(sid, catching_up(task_id))
        self._rooms.enter(sid, room_of(task_id))
        return {"last_seq": seq, "recovered": recovered}

    def _await_reader(self, sid: str, join: Join) -> None:
        """Back-pressure: a long past goes out as fast as its reader reads, and its outbox stays roomy."""
        eventlet.sleep(0)  # others get their turn between two chunks, however fast the reader is
        _check(join)
        while not self._push.wait_for_room(sid, timeout=_LOOK_SECONDS):
            eventlet.sleep(_PAUSE_SECONDS)  # it may be gone, and the word of that on its way
            _check(join)


def _check(join: Join) -> None:
    """After everything that may have let others run."""
    if not join.wanted:
        raise _LeftError
