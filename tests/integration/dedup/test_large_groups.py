"""Large groups: cut into stages, cut short, brought up to date. A part here holds 40 questions instead of 5,000."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, event, func, select, update
from sqlalchemy.orm import Session

from models import Database, FingerprintPart, Task, UnitOutput
from services.dedup import handover, search, store
from services.dedup.canonical import Canonical
from services.dedup.groups import Group
from services.dedup.store import canonicals_of, spans
from tests.integration.dedup.steps import GROUP, StepHouse, cut_before, cut_into

WORDS = (
    *("apples", "pears", "plums", "boxes", "baskets", "children", "teachers", "schools", "trains", "rivers"),
    *("bridges", "windows", "gardens"),
)


def stems(count: int, seed: int = 1) -> list[str]:
    """Story problems with their exact copies, scans and variants among them."""
    chance = random.Random(seed)
    made: list[str] = []
    while len(made) < count:
        words = [chance.choice(WORDS) for _ in range(6)]
        story = (
            f"In the {words[0]} there are {chance.randrange(10, 99)} {words[1]} and {words[2]} near the {words[3]}. "
            f"How many {words[4]} and {words[5]} does everybody see after {chance.randrange(10, 99)} days?"
        )
        made += [story, f"{len(made)}. {story}", story.replace("every", "cvery"), story.replace("days", "hours")]
    return made[:count]


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[StepHouse]:
    with cut_into(40):
        yield StepHouse(database, tmp_path)


def clusters(house: StepHouse, task_id: int) -> list[tuple[object, ...]]:
    return sorted(house.found(task_id).values())


def anew(house: StepHouse) -> list[tuple[object, ...]]:
    """The clusters that a first search finds now, in one piece."""
    with cut_into(10_000):
        return clusters(house, house.run(threshold=0.8 + random.random() / 1e9))  # settings of its own


def test_a_group_that_is_cut_has_the_clusters_and_counts_of_one_that_is_not(house: StepHouse) -> None:
    house.questions(*stems(300))
    units, context = house.begin()
    assert [unit.spec["step"] for unit in units] == ["prints"] * 8 + ["compare"] * (len(units) - 9) + ["merge"]
    assert sum(unit.size for unit in units) == 1
    assert sum(unit.work for unit in units) == pytest.approx(300)
    for unit in units:
        house.compute(unit, context)
    result = house.end(context)
    assert clusters(house, context.task_id) == anew(house)
    (group,) = house.duplicates.groups(context.task_id, limit=10, cursor=None).items
    assert (group["questions"], result["questions"], result["groups"]) == (300, 300, 1)
    assert (group["exact"], group["near"], group["variant"]) == (result["exact"], result["near"], result["variant"])
    assert result["exact"] >= 60
    with house.database.reader() as session:
        assert session.scalar(select(func.count()).select_from(UnitOutput)) == 0


def test_what_a_task_handed_over_is_removed_in_short_transactions(
    house: StepHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.questions(*stems(300))
    units, context = house.begin()
    for unit in units:
        house.compute(unit, context)
    removed, remove = [], handover._remove

    def counting(unit_ids: Sequence[int], session: Session) -> None:
        removed.append(len(unit_ids))
        remove(unit_ids, session)

    monkeypatch.setattr(handover, "_remove", counting)
    house.end(context)
    assert max(removed) == 2
    assert sum(removed) == len(units) - 1


def test_a_group_that_grows_keeps_its_parts(house: StepHouse) -> None:
    """Their size goes by the whole group, not by what stands behind the last one's first question."""
    with cut_into(2):
        house.questions(*stems(200))
        house.run()
        group = Group.of({"bank_id": 1}, GROUP)
        parts = spans(house.database, group)
        house.questions(*stems(202)[200:])
        assert len(parts) == 40
        assert spans(house.database, group) == parts
        house.questions(*stems(208)[202:])
        assert spans(house.database, group)[:40] == [*parts[:-1], replace(parts[-1], until=parts[-1].first + 5)]


def test_what_a_task_that_was_cancelled_left_for_its_next_stage_is_removed_a_day_later(house: StepHouse) -> None:
    house.questions(*stems(100))
    units, context = house.begin()
    house.compute(units[0], context)

    def ended(seconds_ago: float) -> int:
        with house.database.transaction() as session:
            values = {"status": "cancelled", "finished_at": time.time() - seconds_ago}
            session.execute(update(Task).where(Task.id == context.task_id).values(**values))
        return house.duplicates.tidy()

    assert (ended(3600), ended(90_000), ended(90_000)) == (0, 1, 0)


@pytest.mark.parametrize("transactions", [0, 1, 2, 3, 4])
def test_a_cut_group_that_is_cut_short_anywhere_ends_with_the_same_clusters(
    house: StepHouse, transactions: int
) -> None:
    house.questions(*stems(120))
    units, context = house.begin()
    for unit in units:
        try:
            with cut_before(transactions % (1 + 4 * (unit.size > 0)), KeyboardInterrupt):
                house.compute(unit, context)
        except KeyboardInterrupt:
            house.compute(unit, context)
    assert clusters(house, context.task_id) == anew(house)


def test_the_canonical_forms_of_a_group_are_made_once(house: StepHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def noted(rows: Sequence[Row[Any]]) -> list[Canonical]:
        made.extend(row.id for row in rows)
        return canonicals_of(rows)

    for module in (store, search):
        monkeypatch.setattr(module, "canonicals_of", noted)
    ids = house.questions(*stems(300))
    units, context = house.begin()
    for unit in units[:-1]:
        house.compute(unit, context)
    assert sorted(made) == ids


def test_a_question_edited_between_two_stages_is_found_as_it_is_by_the_next_run(house: StepHouse) -> None:
    ids = house.questions(*stems(100))
    units, context = house.begin()
    for unit in units:
        if unit.spec["step"] == "compare":
            house.edit(ids[0], stem="Somebody wrote a text of its own into the first question.")
        house.compute(unit, context)
    house.end(context)
    assert clusters(house, house.run()) == anew(house)


def test_a_later_run_computes_only_what_is_new_and_finds_what_a_first_one_would(house: StepHouse) -> None:
    ids = house.questions(*stems(400))
    first = house.found(house.run())
    house.questions(*stems(420)[400:], "Nothing like this was ever asked before in this house.")
    house.edit(ids[0], stem="Somebody wrote a text of its own into the first question.")
    house.edit(ids[41], status="deleted")
    house.edit(ids[90], status="active")  # touched, but the same
    with computed_rows(house.database) as read:
        (unit,), context = house.begin()
        house.compute(unit, context)
    assert clusters(house, context.task_id) == anew(house)
    later = house.found(context.task_id)
    same = [key for key, members in first.items() if later.get(key) == members]
    assert len(same) > 0.8 * len(first)
    assert len(read) < 200  # texts of 21 new ones, the edited one, and what they are compared with


def test_a_run_over_what_has_not_changed_reads_no_text_and_shows_the_same(house: StepHouse) -> None:
    house.questions(*stems(100))
    first = house.run()
    with computed_rows(house.database) as read:
        second = house.run()
    assert read == []
    assert house.found(second) == house.found(first)
    results = [house.duplicates.groups(task, limit=1, cursor=None).items[0] for task in (first, second)]
    assert results[0] | {"seconds": 0} == results[1] | {"seconds": 0}


def test_fingerprints_are_used_again_under_other_settings_and_made_anew_for_another_method(
    house: StepHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.questions(*stems(100))
    house.run()

    def parts() -> list[tuple[int, str]]:
        statement = select(FingerprintPart.id, FingerprintPart.version).order_by(FingerprintPart.first_id)
        return [tuple(row) for row in house.database.fetch_all(statement)]

    stored = parts()
    house.run(threshold=0.9)
    assert parts() == stored
    monkeypatch.setattr("services.dedup.store.prints_version", lambda: "another")
    house.run(threshold=0.95)
    assert [version for _, version in parts()] == ["another"] * len(stored)


@pytest.mark.parametrize("transactions", range(7))
def test_an_update_that_is_cut_short_anywhere_is_made_good_by_the_next_run_whatever_it_is_of(
    house: StepHouse, transactions: int
) -> None:
    ids = house.questions(*stems(100))
    house.run()
    fresh = house.questions(*stems(108)[100:])
    house.edit(ids[5], stem="Somebody wrote a text of its own into this question.")
    (unit,), context = house.begin()
    with suppress(KeyboardInterrupt), cut_before(transactions, KeyboardInterrupt):
        house.compute(unit, context)
    house.end(context)
    for key in fresh[:4]:
        house.edit(key, status="deleted")
    house.edit(ids[5], stem=stems(6)[5])
    assert clusters(house, house.run()) == anew(house)


@contextmanager
def computed_rows(database: Database) -> Iterator[list[int]]:
    """Ids of the questions whose texts are read."""
    read: list[int] = []

    def executed(_connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("SELECT questions.id, questions.updated_at, questions.stem"):
            read.extend(parameters.values() if isinstance(parameters, dict) else parameters)  # type: ignore[arg-type]

    engines = (database.engine, database._scanner)
    for engine in engines:
        event.listen(engine, "after_cursor_execute", executed)
    yield read
    for engine in engines:
        event.remove(engine, "after_cursor_execute", executed)
