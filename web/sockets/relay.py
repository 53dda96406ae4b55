"""From the event bus to the rooms."""

from __future__ import annotations

from services.tasks.event_log import LoggedEvent
from web.sockets.lobby import Lobby
from web.sockets.rooms import room_of
from web.transport.outbox import WhenBehind
from web.transport.push import Push


class Relay:
    """A subscriber of the event bus: called once an event is committed, in the order of seq, and never waits."""

    def __init__(self, push: Push, lobby: Lobby) -> None:
        self._push, self._lobby = push, lobby

    def __call__(self, event: LoggedEvent) -> None:
        match event.event:
            case "task_progress":
                # Each of them, as the contract has it; but who falls far behind is spared what is out of date.
                self._to_room(event, coalesce=WhenBehind(("progress", event.task_id)))
                self._lobby.progress(event)
            case "task_created":
                self._lobby.tell(event.event, event, and_room=False)
            case "task_error":
                self._to_room(event)
                self._lobby.tell("task_failed", event, and_room=False)
            case "decision":
                self._to_room(event)
            case _:
                self._lobby.tell(event.event, event, and_room=True)

    def _to_room(self, event: LoggedEvent, coalesce: WhenBehind | None = None) -> None:
        self._push.emit(event.event, event.data, rooms=[room_of(event.task_id)], coalesce=coalesce)
