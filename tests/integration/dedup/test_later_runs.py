"""What becomes of clusters and decisions in later runs over the same bank."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from models import Database, DuplicateGroup
from services.auth import LOCAL
from services.dedup.decisions import Decision
from services.dedup.findings import ClusterQuery
from services.dedup.ledger import Ledger
from services.errors import NotFoundError
from tests.integration.dedup.steps import StepHouse, cut_into

STORY = "In the town there are 57 baskets of apples near the bridge. How many apples does everybody see after 9 days?"
SCANNED = STORY.replace("every", "cvery")
OTHER = "商店运来一箱苹果，每箱重二十千克，卖出一半以后还剩多少千克苹果没有卖出去？"
FILLER = [f"Question {n}: what is the name of the {word} that was built in {1700 + 7 * n}?" for n, word in enumerate(
    ["tower", "palace", "harbour", "station", "theatre", "library", "market", "temple", "museum", "lighthouse"]
)]  # fmt: skip


@pytest.fixture(params=["small", "large"])
def house(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Iterator[StepHouse]:
    """Each of these holds for a group in one piece, and for one that is brought up to date from stored fingerprints."""
    with cut_into(6 if request.param == "large" else 10_000):
        yield StepHouse(database, tmp_path)


def of(house: StepHouse, task_id: int, question_id: int) -> list[int]:
    """The clusters of a task that hold a question."""
    return [key for key, rows in house.found(task_id).items() if question_id in {row[0] for row in rows}]


def decision_on(house: StepHouse, task_id: int, cluster_id: int) -> str | None:
    decision = house.duplicates.cluster(task_id, cluster_id)["decision"]
    return None if decision is None else str(decision["action"])


def test_a_cluster_keeps_its_id_when_it_gains_or_loses_a_member(house: StepHouse) -> None:
    a, _, c, *_ = house.questions(STORY, f"1. {STORY}", OTHER, f"2. {OTHER}", *FILLER)
    first = house.run()
    (apples,), (boxes,) = of(house, first, a), of(house, first, c)
    (late,) = house.questions(SCANNED)
    house.set_status("deleted", a)
    house.edit(a)
    second = house.run()
    assert of(house, second, late) == [apples]
    assert of(house, second, a) == []
    assert of(house, second, c) == [boxes]
    assert house.duplicates.cluster(second, apples)["task_id"] == second
    assert house.duplicates.cluster(first, apples)["task_id"] == first  # the same findings, as they are now


def test_a_cluster_whose_copies_are_gone_is_gone_and_comes_back_as_a_new_one(house: StepHouse) -> None:
    a, b, *_ = house.questions(STORY, SCANNED, *FILLER)
    (cluster,) = of(house, house.run(), a)
    house.edit(b, stem=OTHER)
    gone = house.run()
    assert of(house, gone, a) == []
    with pytest.raises(NotFoundError):
        house.duplicates.cluster(gone, cluster)
    house.edit(b, stem=SCANNED)
    (again,) = of(house, house.run(), a)
    assert again > cluster


@pytest.mark.parametrize("action", ["not_duplicate", "keep_all"])
def test_what_somebody_kept_apart_stays_apart_in_every_later_run(house: StepHouse, action: str) -> None:
    a, b, *_ = house.questions(STORY, SCANNED, *FILLER)
    first = house.run()
    (cluster,) = of(house, first, a)
    house.duplicates.decide(first, cluster, Decision(action), by=LOCAL)
    second = house.run()
    assert house.found(second) == house.found(first)
    assert decision_on(house, second, cluster) == action
    (copy,) = house.questions(f"3. {STORY}")
    third = house.run()
    open_ones = [house.found(third)[key] for key in of(house, third, copy)]
    assert [{row[0] for row in rows} for rows in open_ones] == [{a, copy}]  # b is not put to a again through its copy
    other_settings = house.run(threshold=0.85)
    for task in (third, other_settings):
        undecided = [key for key in house.found(task) if decision_on(house, task, key) is None]
        assert not any({a, b} <= {row[0] for row in house.found(task)[key]} for key in undecided)


def test_exact_copies_that_somebody_kept_apart_stay_apart_too(house: StepHouse) -> None:
    a, b, *_ = house.questions(STORY, f"1. {STORY}", *FILLER)
    first = house.run()
    (cluster,) = of(house, first, a)
    house.duplicates.decide(first, cluster, Decision("not_duplicate"), by=LOCAL)
    house.questions("A new one, so that something has changed.")
    assert of(house, house.run(), b) == of(house, first, b)


def test_a_merge_stays_as_it_is_and_a_later_copy_makes_a_new_cluster_with_the_one_that_was_kept(
    house: StepHouse,
) -> None:
    a, b, *_ = house.questions(STORY, SCANNED, *FILLER)
    first = house.run()
    (cluster,) = of(house, first, a)
    house.duplicates.decide(first, cluster, Decision("merge"), by=LOCAL)
    (late,) = house.questions(f"2. {STORY}")
    second = house.run()
    assert house.status_of(a, b) == [("active", None), ("merged", a)]
    assert decision_on(house, second, cluster) == "merge"
    assert house.found(second)[cluster] == house.found(first)[cluster]
    (new,) = of(house, second, late)
    assert {row[0] for row in house.found(second)[new]} == {a, late}
    result = house.duplicates.groups(second, limit=1, cursor=None).items[0]
    assert (result["questions"], result["exact"], result["near"], result["unique"]) == (12, 1, 0, 11)


def test_what_a_merge_left_out_stays_apart_and_what_it_did_not_speak_of_is_asked_again(house: StepHouse) -> None:
    a, b, c, d, *_ = house.questions(STORY, f"1. {STORY}", SCANNED, STORY.replace("57", "75"), *FILLER)
    first = house.run()
    (cluster,) = of(house, first, a)
    house.duplicates.decide(first, cluster, Decision("merge", exclude=[c]), by=LOCAL)
    assert house.status_of(b, c) == [("merged", a), ("active", None)]
    second = house.run()
    undecided = [rows for key, rows in house.found(second).items() if decision_on(house, second, key) is None]
    assert not any({a, c} <= {row[0] for row in rows if row[1] in ("exact", "near")} for rows in undecided)
    assert any(d in {row[0] for row in rows} for rows in undecided)


def test_a_decision_that_is_undone_is_forgotten_by_the_next_run(house: StepHouse) -> None:
    a, b, *_ = house.questions(STORY, SCANNED, *FILLER)
    first = house.run()
    (cluster,) = of(house, first, a)
    house.duplicates.decide(first, cluster, Decision("not_duplicate"), by=LOCAL)
    house.run()
    house.duplicates.undo(first, cluster, by=LOCAL)
    house.questions(f"3. {STORY}")
    last = house.run()
    assert of(house, last, b) == [cluster]
    assert decision_on(house, last, cluster) is None
    assert house.duplicates.clusters(last, ClusterQuery()).items[0]["size"] == 3


def test_a_filter_looks_at_the_same_findings_and_other_options_at_their_own(house: StepHouse) -> None:
    a, *_ = house.questions(STORY, SCANNED, *FILLER)
    first = house.run()
    filtered = house.run(filters={"subject_name": "数学"})
    strict = house.run(threshold=0.999)
    assert house.found(filtered) == house.found(first)
    assert [row[1] for row in house.found(strict)[of(house, strict, a)[0]]] == ["exact", "review"]
    assert [row[1] for row in house.found(first)[of(house, first, a)[0]]] == ["exact", "near"]


def test_a_deleted_task_takes_away_only_what_no_other_shows_and_no_decision(house: StepHouse) -> None:
    a, *_ = house.questions(STORY, SCANNED, *FILLER, OTHER, f"1. {OTHER}")
    first, second = house.run(), house.run()
    (cluster,) = of(house, second, a)
    house.tasks.delete(first, by=LOCAL)
    assert of(house, second, a) == [cluster]
    house.duplicates.decide(second, cluster, Decision("not_duplicate"), by=LOCAL)
    house.tasks.delete(second, by=LOCAL)
    last = house.run()
    assert decision_on(house, last, cluster) == "not_duplicate"
    assert len(house.found(last)) == 4  # the others were found anew


def test_a_decision_made_while_a_run_writes_is_kept(house: StepHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    a, *_ = house.questions(STORY, SCANNED, *FILLER)
    first = house.run()
    (cluster,) = of(house, first, a)
    (late,) = house.questions(f"2. {STORY}")
    (unit,), context = house.begin()
    work_out = Ledger._change

    def decide_meanwhile(ledger: Ledger, *arguments: Any) -> Any:
        change = work_out(ledger, *arguments)
        if decision_on(house, first, cluster) is None:
            house.duplicates.decide(first, cluster, Decision("keep_all"), by=LOCAL)
        return change

    monkeypatch.setattr(Ledger, "_change", decide_meanwhile)
    house.compute(unit, context)
    assert decision_on(house, context.task_id, cluster) == "keep_all"
    assert len(house.found(context.task_id)[cluster]) == 2
    assert late in {row[0] for key in of(house, context.task_id, late) for row in house.found(context.task_id)[key]}


def test_a_task_takes_over_a_group_from_one_that_was_paused_while_it_wrote(house: StepHouse) -> None:
    house.questions(STORY, SCANNED, *FILLER)
    first = house.run()
    house.questions(f"2. {STORY}")
    with house.database.transaction() as session:
        session.execute(update(DuplicateGroup).values(writer="somebody who is gone", written_at=9e12, digest=""))
    assert len(next(iter(house.found(house.run()).values()))) == 3
    assert len(next(iter(house.found(first).values()))) == 3
