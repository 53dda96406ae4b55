from __future__ import annotations

import pytest

from services.auth import LOCAL
from services.errors import NotFoundError
from services.tasks.external import Report
from services.tasks.history import POINTS, TaskHistory
from tests.factories import TaskHouse


def reported(house: TaskHouse, events: int) -> int:
    task_id = int(house.external.create("render", by=LOCAL, total=events)["id"])
    for number in range(1, events):
        house.external.report(task_id, Report(processed=number), by=LOCAL)
    house.external.report(task_id, Report(status="failed", error="no disk"), by=LOCAL)
    return task_id


def test_a_short_log_is_told_whole(house: TaskHouse) -> None:
    task_id = reported(house, 5)
    history = TaskHistory(house.database).of(task_id)
    told = sorted([change.seq for change in history.changes] + [point.seq for point in history.curve])
    assert told == list(range(1, house.tasks.get(task_id)["last_seq"] + 1))
    assert [change.event for change in history.changes][-1] == "task_error"
    assert [point.processed for point in history.curve][-1] == 4


def test_a_long_log_is_thinned_but_keeps_every_change(house: TaskHouse) -> None:
    history = TaskHistory(house.database).of(reported(house, 2 * POINTS + 50))
    assert [change.event for change in history.changes] == ["task_created", "task_status", "task_error"]
    assert POINTS / 2 < len(history.curve) <= POINTS
    processed = [point.processed for point in history.curve]
    assert processed == sorted(processed)
    assert processed[-1] > 2 * POINTS  # it reaches to the end


def test_a_task_that_is_not_there_has_no_history(house: TaskHouse) -> None:
    with pytest.raises(NotFoundError):
        TaskHistory(house.database).of(1)
