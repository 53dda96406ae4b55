"""The states of a task and the only ways from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TaskStatus(StrEnum):
    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = frozenset({TaskStatus.QUEUED, TaskStatus.RUNNING, TaskStatus.PAUSED})
DELETED = "deleted"  # beside the states: a task of which the last rows are still being removed is seen by nobody
TERMINAL = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED})


class Action(StrEnum):
    """What is done to a task; the first five by people, the others by whoever computes it."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"
    BEGIN = "begin"
    COMPLETE = "complete"
    FAIL = "fail"
    REQUEUE = "requeue"  # its computer died or stopped: it goes on from its last committed unit


@dataclass(frozen=True, slots=True)
class Transition:
    sources: frozenset[TaskStatus]
    target: TaskStatus


TRANSITIONS: dict[Action, Transition] = {
    Action.START: Transition(frozenset({TaskStatus.PENDING}), TaskStatus.QUEUED),
    Action.PAUSE: Transition(frozenset({TaskStatus.RUNNING}), TaskStatus.PAUSED),
    Action.RESUME: Transition(frozenset({TaskStatus.PAUSED}), TaskStatus.QUEUED),
    Action.CANCEL: Transition(frozenset({TaskStatus.PENDING}) | ACTIVE, TaskStatus.CANCELLED),
    Action.RETRY: Transition(frozenset({TaskStatus.FAILED, TaskStatus.CANCELLED}), TaskStatus.QUEUED),
    Action.BEGIN: Transition(frozenset({TaskStatus.QUEUED}), TaskStatus.RUNNING),
    Action.COMPLETE: Transition(frozenset({TaskStatus.RUNNING}), TaskStatus.COMPLETED),
    Action.FAIL: Transition(frozenset({TaskStatus.RUNNING}), TaskStatus.FAILED),
    Action.REQUEUE: Transition(frozenset({TaskStatus.RUNNING}), TaskStatus.QUEUED),
}

BY_PEOPLE = (Action.START, Action.PAUSE, Action.RESUME, Action.CANCEL, Action.RETRY)


def actions_for(status: str) -> list[str]:
    """What a person can do with a task in this state; for the remedy of a refused action."""
    return [action for action in BY_PEOPLE if status in TRANSITIONS[action].sources]
