from __future__ import annotations

import time

from sqlalchemy import update

from models import Task
from services.auth import LOCAL
from services.tasks.external import Report
from services.tasks.retention import EventRetention
from tests.factories import TaskHouse

DAY = 86400


def ended(house: TaskHouse, days_ago: float, events: int) -> int:
    task_id = house.external.create("old", by=LOCAL)["id"]
    for number in range(events):
        house.external.report(task_id, Report(progress=number * 100 / events), by=LOCAL)
    house.external.report(task_id, Report(status="completed"), by=LOCAL)
    with house.database.transaction() as session:
        session.execute(update(Task).where(Task.id == task_id).values(finished_at=time.time() - days_ago * DAY))
    return int(task_id)


def test_only_the_last_event_of_a_task_that_ended_long_ago_is_kept(house: TaskHouse) -> None:
    old, recent = ended(house, 31, 700), ended(house, 29, 5)
    running = house.external.create("running", by=LOCAL)["id"]
    assert EventRetention(house.database, 30).sweep() == 702
    assert house.names_of(old) == ["task_completed"]
    assert len(house.log_of(recent)) == 8
    assert len(house.log_of(running)) == 1


def test_who_has_seen_less_than_the_log_still_holds_sees_the_gap(house: TaskHouse) -> None:
    task_id = ended(house, 31, 5)
    EventRetention(house.database, 30).sweep()
    last = house.tasks.get(task_id)["last_seq"]

    def next_after(seq: int) -> list[int]:
        return [event.seq for event in house.events.since(task_id, seq, 10)]

    assert next_after(last) == []
    assert next_after(last - 1) == [last]
    assert next_after(last - 2)[0] > last - 1
    assert next_after(0)[0] > 1
