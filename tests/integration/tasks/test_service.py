from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import event, func, select

from models import Base, Database, Task, TaskUnit
from services.auth import LOCAL
from services.errors import ConflictError, InvalidInputError, NotFoundError
from services.tasks.service import TaskQuery
from tests.factories import TaskHouse


def test_pages_of_a_list_hold_every_task_once_even_while_new_ones_come(house: TaskHouse) -> None:
    ids = [house.create(name=f"task {number}")["id"] for number in range(7)]
    seen, cursor = [], None
    while True:
        page = house.tasks.list(TaskQuery(limit=3, cursor=cursor))
        seen += [task["id"] for task in page.items]
        house.create(name="a later one")
        if (cursor := page.next_cursor) is None:
            break
    assert seen == sorted(ids, reverse=True)


def test_a_list_is_narrowed_by_kind_status_name_owner_and_time(house: TaskHouse) -> None:
    before = time.time()
    wanted = house.create(kind="import", name="50%_off", start=True)
    house.create(kind="dedup", name="500 off")
    for query in (
        TaskQuery(kind="import"),
        TaskQuery(status="queued"),
        TaskQuery(q="%_OFF"),
        TaskQuery(owner="local", q="50%"),
        TaskQuery(kind="import", created_after=before, created_before=time.time() + 1),
    ):
        page = house.tasks.list(query)
        assert [task["id"] for task in page.items] == [wanted["id"]]
        assert page.total == 1
    assert house.tasks.list(TaskQuery(created_before=before - 1)).items == []


def test_a_cursor_that_is_not_ours_is_refused(house: TaskHouse) -> None:
    with pytest.raises(InvalidInputError):
        house.tasks.list(TaskQuery(cursor="nonsense"))


def test_active_tasks_are_the_queued_running_and_paused(house: TaskHouse) -> None:
    house.create(name="pending")
    queued = house.create(name="queued", start=True)
    cancelled = house.create(name="cancelled", start=True)
    house.tasks.cancel(cancelled["id"], by=LOCAL)
    reported = house.external.create("reported", by=LOCAL)
    assert [task["id"] for task in house.tasks.active()] == [reported["id"], queued["id"]]


def test_a_deleted_task_leaves_nothing_behind(house: TaskHouse) -> None:
    task = house.create()
    with house.database.transaction() as session:
        session.add_all(TaskUnit(task_id=task["id"], position=number, spec={}) for number in range(1200))
    house.tasks.delete(task["id"], by=LOCAL)
    with house.database.reader() as session:
        for table in ("tasks", "task_units", "task_events"):
            assert session.scalar(select(func.count()).select_from(Base.metadata.tables[table])) == 0
    with pytest.raises(NotFoundError):
        house.tasks.get(task["id"])


def test_an_active_task_is_not_deleted(house: TaskHouse) -> None:
    task = house.create(start=True)
    with pytest.raises(ConflictError, match="Cancel it first"):
        house.tasks.delete(task["id"], by=LOCAL)
    with house.database.reader() as session:
        assert session.get(Task, task["id"]) is not None


def test_an_id_is_never_given_twice(house: TaskHouse) -> None:
    task = house.create()
    house.tasks.delete(task["id"], by=LOCAL)
    assert house.create()["id"] > task["id"]


@pytest.mark.parametrize("transactions", range(2, 9))
def test_a_task_whose_deletion_was_cut_short_is_seen_by_nobody_and_removed_later(
    house: TaskHouse, transactions: int
) -> None:
    task_id = house.create()["id"]
    house.tasks.cancel(task_id, by=LOCAL)
    with house.database.transaction() as session:
        session.add_all(TaskUnit(task_id=task_id, position=number, spec={}) for number in range(600))
    with cut_short(house.database, after=transactions), pytest.raises(KeyboardInterrupt):
        house.tasks.delete(task_id, by=LOCAL)
    for call in (house.tasks.get, partial(house.tasks.retry, by=LOCAL), partial(house.tasks.cancel, by=LOCAL)):
        with pytest.raises(NotFoundError):
            call(task_id)
    assert house.tasks.list(TaskQuery()).total == 0
    assert house.tasks.remove_deleted() == 1
    with house.database.reader() as session:
        for table in ("tasks", "task_units", "task_events"):
            assert session.scalar(select(func.count()).select_from(Base.metadata.tables[table])) == 0


@contextmanager
def cut_short(database: Database, after: int) -> Iterator[None]:
    """The process ends when one transaction more would begin."""
    left = itertools.count(after, -1)

    def begin(_connection: object) -> None:
        if next(left) == 0:
            raise KeyboardInterrupt

    event.listen(database.writer, "begin", begin)
    yield
    event.remove(database.writer, "begin", begin)
