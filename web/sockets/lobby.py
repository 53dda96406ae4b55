"""The lobby hears of every task, but of each task's progress at most twice a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from eventlet.hubs import get_hub

from services.tasks.event_log import LoggedEvent
from services.tasks.lifecycle import ACTIVE
from services.tasks.view import TaskObject
from web.sockets.rooms import LOBBY, Rooms, catching_up, room_of
from web.transport.push import Push

PROGRESS_SECONDS = 0.5  # between two of one task


@dataclass(slots=True)
class _Throttle:
    """A task that spoke less than `PROGRESS_SECONDS` ago; `waiting` is its newest unsent progress."""

    timer: Any
    waiting: LoggedEvent | None = None
    had_by: set[str] = field(default_factory=set)  # who got `waiting` in the task's room and has left it since


class Lobby:
    def __init__(self, push: Push, rooms: Rooms) -> None:
        self._push, self._rooms = push, rooms
        self._throttles: dict[int, _Throttle] = {}
        # Of each client that is not yet shown the tasks: what happens meanwhile, and whether its task's room told it.
        self._arriving: dict[str, list[tuple[str, LoggedEvent, bool]]] = {}

    def admit(self, sid: str, look: Callable[[], Sequence[TaskObject]], is_open: Callable[[], bool]) -> None:
        """Sends a client `active_tasks` and lets it in, so that what comes then follows on what it was shown.

        Args:
            sid: the client.
            look: reads the active tasks, which may take a while; events of that while are sent afterwards, and of
                those that came by a task's room what is shown is never behind.
            is_open: whether the client is still there.
        """
        if sid in self._arriving or self._rooms.has(sid, LOBBY):
            return
        meanwhile = self._arriving[sid] = []
        try:
            tasks = look()
        finally:
            del self._arriving[sid]
        if not is_open():
            return
        had, held = [], []
        for name, event, by_room in meanwhile:
            # Who has joined the task since has its events from the log.
            if by_room or self._is_in_room(sid, event.task_id):
                had.append(event)
            else:
                held.append((name, event))
        tasks = _brought_up(tasks, had)
        self._push.emit("active_tasks", {"tasks": tasks}, sids=[sid])
        self._rooms.enter(sid, LOBBY)
        shown = {task["id"]: task["last_seq"] for task in tasks}
        for name, event in held:
            if event.seq > shown.get(event.task_id, 0):
                self._push.emit(name, event.data, sids=[sid])

    def dismiss(self, sid: str) -> None:
        self._rooms.leave(sid, LOBBY)

    def tell(self, name: str, event: LoggedEvent, *, and_room: bool) -> None:
        """Sends what is not progress: at once, after the progress that came before it."""
        self._settle(event.task_id)
        self._send(name, event, and_room=and_room)

    def progress(self, event: LoggedEvent) -> None:
        throttle = self._throttles.get(event.task_id)
        if throttle is None:
            self._send(event.event, event)
            self._throttles[event.task_id] = _Throttle(self._later(event.task_id))
        else:
            throttle.waiting = event
            throttle.had_by.clear()
            for sid, meanwhile in self._arriving.items():
                if self._is_in_room(sid, event.task_id):
                    meanwhile.append((event.event, event, True))

    def note_leaving(self, sid: str, task_id: int) -> None:
        """A client leaves a task's room, where it had the progress that still waits here."""
        throttle = self._throttles.get(task_id)
        if throttle is not None and throttle.waiting is not None:
            throttle.had_by.add(sid)

    def _later(self, task_id: int) -> Any:
        return get_hub().schedule_call_global(PROGRESS_SECONDS, self._tick, task_id)

    def _tick(self, task_id: int) -> None:
        throttle = self._throttles[task_id]
        if throttle.waiting is None:
            del self._throttles[task_id]
        else:
            self._send_waiting(throttle)
            throttle.timer = self._later(task_id)

    def _settle(self, task_id: int) -> None:
        throttle = self._throttles.get(task_id)
        if throttle is not None and throttle.waiting is not None:
            self._send_waiting(throttle)

    def _send_waiting(self, throttle: _Throttle) -> None:
        event = throttle.waiting
        if event is not None:
            throttle.waiting = None
            self._send(event.event, event, skip=throttle.had_by)
            throttle.had_by.clear()

    def _send(
        self, name: str, event: LoggedEvent, *, and_room: bool = False, skip: Sequence[str] | set[str] = ()
    ) -> None:
        room, behind = room_of(event.task_id), catching_up(event.task_id)
        # A client in both gets it once; one that is catching up gets it from the log.
        if and_room:
            self._push.emit(name, event.data, rooms=[room, LOBBY], skip_rooms=[behind])
        else:
            self._push.emit(name, event.data, rooms=[LOBBY], skip_rooms=[room, behind], skip_sids=list(skip))
        for sid, meanwhile in self._arriving.items():
            meanwhile.append((name, event, sid in skip or self._is_in_room(sid, event.task_id)))

    def _is_in_room(self, sid: str, task_id: int) -> bool:
        return self._rooms.has(sid, room_of(task_id)) or self._rooms.has(sid, catching_up(task_id))


def _brought_up(tasks: Sequence[TaskObject], events: Sequence[LoggedEvent]) -> Sequence[TaskObject]:
    """The active tasks as they are after the events, newest first."""
    known = {task["id"]: task for task in tasks}
    for event in events:
        task = known.get(event.task_id, {})
        if event.seq > task.get("last_seq", 0):
            known[event.task_id] = task | _changed(task, event) | {"last_seq": event.seq}
    active = [task for task in known.values() if task.get("status") in ACTIVE]
    return sorted(active, key=lambda task: -task["id"])


def _changed(task: TaskObject, event: LoggedEvent) -> TaskObject:
    if event.event in ("task_created", "decision"):
        return {}  # who has it in the task's room was there before it; a decision is about what the task found
    if event.event == "task_progress":
        return {name: value for name, value in event.data.items() if name in task}
    described: TaskObject = event.data["data"]
    return described
