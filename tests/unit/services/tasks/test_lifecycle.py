from __future__ import annotations

import pytest

from services.tasks.lifecycle import TERMINAL, TRANSITIONS, Action, TaskStatus, actions_for

CONTRACT = {
    ("pending", "queued"),
    ("queued", "running"),
    ("running", "completed"),
    ("running", "failed"),
    ("running", "cancelled"),
    ("running", "paused"),
    ("paused", "queued"),
    ("failed", "queued"),
    ("cancelled", "queued"),
    # What the contract says in words: cancel works before and between runs, and a lost computer's task is queued again.
    ("pending", "cancelled"),
    ("queued", "cancelled"),
    ("paused", "cancelled"),
    ("running", "queued"),
}


def test_the_table_holds_exactly_the_transitions_of_the_contract() -> None:
    table = {(source.value, each.target.value) for each in TRANSITIONS.values() for source in each.sources}
    assert table == CONTRACT


def test_completed_is_the_end() -> None:
    assert actions_for(TaskStatus.COMPLETED) == []


@pytest.mark.parametrize("status", sorted(TERMINAL - {TaskStatus.COMPLETED}))
def test_what_failed_or_was_cancelled_can_only_be_retried(status: TaskStatus) -> None:
    assert actions_for(status) == [Action.RETRY]
