"""The unit of a small group: cut short wherever a transaction begins, and never long in one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from models import Database
from services.batches import ROWS
from services.tasks.recorder import LeaseLostError
from tests.integration.dedup.steps import StepHouse, cut_before

PAIRS = 330  # more clusters and members than one transaction takes


@pytest.fixture
def house(database: Database, tmp_path: Path) -> StepHouse:
    return StepHouse(database, tmp_path)


CUTS = [*((KeyboardInterrupt, transactions) for transactions in (0, 1, 3, 5)), (LeaseLostError, 4)]


@pytest.mark.parametrize(("cut", "transactions"), CUTS)
def test_a_unit_cut_short_between_two_batches_ends_with_the_rows_of_an_undisturbed_one(
    house: StepHouse, cut: type[BaseException], transactions: int
) -> None:
    ids = house.questions(*(uuid.uuid5(uuid.NAMESPACE_OID, str(n)).hex for n in range(PAIRS) for _ in "ab"))
    house.run()
    for key in ids[:520:2]:  # so that there are clusters to remove, and some to write again
        house.edit(key, stem=f"now another one {uuid.uuid5(uuid.NAMESPACE_DNS, str(key)).hex}")
    for key in ids[541:640:4]:
        house.edit(key, stem=f"1. {house.stem_of(key - 2)}")
    expected = sorted(house.found(house.run(threshold=0.95)).values())

    (unit,), context = house.begin()
    with pytest.raises(cut), cut_before(transactions, cut):
        house.compute(unit, context)
    house.compute(unit, context)
    assert sorted(house.found(context.task_id).values()) == expected


def test_no_transaction_writes_more_than_a_batch_however_large_a_cluster_is(house: StepHouse) -> None:
    ids = house.questions(*["抄了很多遍的一道题目"] * (3 * ROWS))
    (unit,), context = house.begin()
    with rows_per_transaction(house.database) as written:
        result = house.compute(unit, context)
        house.edit(ids[0], stem="一道别的题目")
        again = house.compute(unit, context)
    assert (result["clusters"], result["exact"]) == (1, 3 * ROWS - 1)
    assert (again["clusters"], again["exact"]) == (1, 3 * ROWS - 2)
    assert sum(written) == 3 * 3 * ROWS - 1  # written, removed, written again
    assert max(written) <= ROWS + 1  # and the representative that was there before


def test_a_unit_that_runs_again_after_its_last_row_writes_nothing(house: StepHouse) -> None:
    house.questions(*["抄了两遍的一道题目"] * 2)
    (unit,), context = house.begin()
    first = house.compute(unit, context)
    with rows_per_transaction(house.database) as written:
        second = house.compute(unit, context)
    assert not any(written)
    assert second | {"seconds": 0} == first | {"seconds": 0}


@contextmanager
def rows_per_transaction(database: Database) -> Iterator[list[int]]:
    """How many rows of members each transaction wrote or deleted."""
    written: list[int] = []

    def began(_connection: Any) -> None:
        written.append(0)

    def executed(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("INSERT INTO duplicate_members", "DELETE FROM duplicate_members")):
            written[-1] += cursor.rowcount

    event.listen(database.writer, "begin", began)
    event.listen(database.writer, "after_cursor_execute", executed)
    yield written
    event.remove(database.writer, "begin", began)
    event.remove(database.writer, "after_cursor_execute", executed)
