"""The lobby's throttle and its greeting, over a push and rooms that only take notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import eventlet
import pytest

from services.tasks.event_log import LoggedEvent
from web.sockets import lobby as lobby_module
from web.sockets.lobby import Lobby
from web.sockets.rooms import LOBBY, catching_up, room_of


class NotedPush:
    def __init__(self) -> None:
        self.sent: list[tuple[str, int | None, Sequence[str]]] = []  # (event, seq, to whom)
        self.data: list[Any] = []

    def emit(self, event: str, data: Any, *, rooms: Sequence[str] = (), sids: Sequence[str] = (), **_: Any) -> int:
        self.sent.append((event, data.get("seq"), [*rooms, *sids]))
        self.data.append(data)
        return 1


class NotedRooms:
    def __init__(self) -> None:
        self.members: set[tuple[str, str]] = set()

    def enter(self, sid: str, room: str) -> None:
        self.members.add((sid, room))

    def has(self, sid: str, room: str) -> bool:
        return (sid, room) in self.members


def event(seq: int, name: str = "task_progress") -> LoggedEvent:
    return LoggedEvent(1, seq, name, {"seq": seq}, 0.0)


@pytest.fixture
def push() -> NotedPush:
    return NotedPush()


@pytest.fixture
def lobby(push: NotedPush, monkeypatch: pytest.MonkeyPatch) -> Lobby:
    monkeypatch.setattr(lobby_module, "PROGRESS_SECONDS", 0.05)
    return Lobby(push, NotedRooms())  # type: ignore[arg-type]


def test_of_a_flood_the_first_and_then_the_newest_are_sent(lobby: Lobby, push: NotedPush) -> None:
    for seq in range(1, 6):
        lobby.progress(event(seq))
    assert [seq for _, seq, _ in push.sent] == [1]
    eventlet.sleep(0.08)
    assert [seq for _, seq, _ in push.sent] == [1, 5]
    eventlet.sleep(0.08)
    assert not lobby._throttles


def test_what_waits_goes_out_before_what_came_after_it_and_never_again(lobby: Lobby, push: NotedPush) -> None:
    lobby.progress(event(1))
    lobby.progress(event(2))
    lobby.tell("task_completed", event(3, "task_completed"), and_room=True)
    eventlet.sleep(0.15)
    assert [(name, seq) for name, seq, _ in push.sent] == [
        ("task_progress", 1),
        ("task_progress", 2),
        ("task_completed", 3),
    ]


def test_what_happens_while_a_client_is_shown_the_tasks_follows_what_it_was_shown(
    lobby: Lobby, push: NotedPush
) -> None:
    def look() -> list[dict[str, Any]]:
        lobby.tell("task_status", event(7, "task_status"), and_room=True)  # already in what is shown
        lobby.tell("task_completed", event(8, "task_completed"), and_room=True)
        return [{"id": 1, "status": "running", "last_seq": 7}]

    lobby.admit("new", look, lambda: True)
    assert [(name, seq) for name, seq, to in push.sent if to == ["new"]] == [
        ("active_tasks", None),
        ("task_completed", 8),
    ]
    lobby.admit("new", look, lambda: True)
    assert len(push.sent) == 4, "a member is not shown in again"


def test_what_a_client_has_by_a_tasks_room_while_the_tasks_are_read_is_in_what_it_is_shown_and_not_sent_again(
    lobby: Lobby, push: NotedPush
) -> None:
    def change(task_id: int, seq: int, name: str, data: dict[str, Any]) -> LoggedEvent:
        return LoggedEvent(task_id, seq, name, data | {"seq": seq}, 0.0)

    def look() -> list[dict[str, Any]]:
        shown = [{"id": number, "status": "running", "processed": 0, "last_seq": 1} for number in (1, 2, 3)]
        for seq in (2, 3):  # the second of them waits for the lobby's next turn
            lobby.progress(change(1, seq, "task_progress", {"processed": seq, "progress": 30.0}))
        lobby.tell("task_completed", change(2, 2, "task_completed", {"data": {"status": "completed"}}), and_room=True)
        lobby.tell("task_status", change(4, 9, "task_status", {"data": {"id": 4, "status": "queued"}}), and_room=True)
        lobby.tell("decision", change(3, 2, "decision", {}), and_room=True)
        return shown

    for number in (1, 2, 4):
        lobby._rooms.enter("new", room_of(number))
    lobby._rooms.enter("new", catching_up(3))
    lobby.admit("new", look, lambda: True)
    told = [(name, data) for (name, _, to), data in zip(push.sent, push.data, strict=True) if to == ["new"]]
    assert told == [
        (
            "active_tasks",
            {
                "tasks": [
                    {"id": 4, "status": "queued", "last_seq": 9},
                    {"id": 3, "status": "running", "processed": 0, "last_seq": 2},
                    {"id": 1, "status": "running", "processed": 3, "last_seq": 3},
                ]
            },
        )
    ]


def test_what_a_client_has_from_the_log_of_a_task_that_it_joins_meanwhile_is_not_sent_again(
    lobby: Lobby, push: NotedPush
) -> None:
    def look() -> list[dict[str, Any]]:
        lobby.progress(event(2))
        lobby._rooms.enter("new", room_of(1))
        return [{"id": 1, "status": "running", "last_seq": 1}]

    lobby.admit("new", look, lambda: True)
    assert [(name, data) for (name, _, to), data in zip(push.sent, push.data, strict=True) if to == ["new"]] == [
        ("active_tasks", {"tasks": [{"id": 1, "status": "running", "last_seq": 2}]})
    ]


def test_a_client_that_left_meanwhile_is_not_let_in(lobby: Lobby, push: NotedPush) -> None:
    lobby.admit("gone", list, lambda: False)
    assert push.sent == []
    assert not lobby._rooms.has("gone", LOBBY)
