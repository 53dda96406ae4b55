from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from models import Database
from services.auth import LOCAL
from services.banks.service import BankService
from services.batches import ROWS
from services.config import Settings
from services.dedup.decisions import Decision
from services.dedup.findings import ClusterQuery, Effort, stretches
from services.errors import ConflictError, TaskbeamError
from tests.integration.dedup.planted import PlantedHouse, copies


@pytest.fixture
def house(database: Database) -> PlantedHouse:
    return PlantedHouse(database)


def still_open(house: PlantedHouse, task_id: int) -> list[int]:
    return [cluster["id"] for cluster in house.duplicates.clusters(task_id, ClusterQuery(decision="none")).items]


def decide_many(
    house: PlantedHouse, task_id: int, query: ClusterQuery, action: str = "merge", *, dry_run: bool = False
) -> tuple[int, int]:
    """Clusters decided, questions merged."""
    effect = house.duplicates.decide_many(task_id, query, action, by=LOCAL, dry_run=dry_run)
    assert (effect.decision_id is None) == dry_run
    return effect.clusters, effect.merged


def test_a_merge_of_many_leaves_what_a_person_must_judge_open(house: PlantedHouse) -> None:
    a, b, c, d = house.questions(*"abcd")
    task_id, (_, doubtful) = house.finished_task(copies(a, b), [(c, "exact", 1.0), (d, "review", 0.9)])
    assert decide_many(house, task_id, ClusterQuery(), dry_run=True) == (1, 1)
    assert decide_many(house, task_id, ClusterQuery()) == (1, 1)
    assert still_open(house, task_id) == [doubtful]


def test_a_merge_of_many_by_similarity_takes_no_member_that_is_less_alike(house: PlantedHouse) -> None:
    a, b, c, d, e = house.questions(*"abcde")
    mixed = [(a, "exact", 1.0), (b, "near", 0.99), (c, "near", 0.81)]
    sure = [(d, "exact", 1.0), (e, "near", 0.97)]
    task_id, (first, _) = house.finished_task(mixed, sure)
    assert decide_many(house, task_id, ClusterQuery(min_similarity=0.95)) == (1, 1)
    assert house.status_of(b, c, e) == [("active", None), ("active", None), ("merged", d)]
    assert still_open(house, task_id) == [first]


def test_what_is_too_much_alike_is_not_called_different_with_the_rest(house: PlantedHouse) -> None:
    a, b, c = house.questions(*"abc")
    task_id, clusters = house.finished_task([(a, "exact", 1.0), (b, "exact", 1.0), (c, "variant", 0.82)])
    query = ClusterQuery(max_similarity=0.85)
    assert decide_many(house, task_id, query, "not_duplicate") == (0, 0)
    assert still_open(house, task_id) == clusters


@pytest.mark.parametrize("status", ["deleted", "merged"])
def test_a_merge_of_many_leaves_a_cluster_open_whose_representative_is_gone(house: PlantedHouse, status: str) -> None:
    a, b, c = house.questions(*"abc")
    task_id, clusters = house.finished_task(copies(a, b, c))
    house.set_status(status, a)
    assert decide_many(house, task_id, ClusterQuery()) == (0, 0)
    assert still_open(house, task_id) == clusters


def test_the_preview_of_a_merge_counts_what_the_merge_then_does(house: PlantedHouse) -> None:
    a, b, c, d, e = house.questions(*"abcde")
    task_id, _ = house.finished_task(copies(a, b, c), copies(d, e))
    house.set_status("deleted", c, e)
    preview = decide_many(house, task_id, ClusterQuery(), dry_run=True)
    assert preview == decide_many(house, task_id, ClusterQuery()) == (1, 1)


def test_no_statement_names_more_questions_than_a_batch_however_large_a_cluster_is(house: PlantedHouse) -> None:
    """PostgreSQL takes 65,535 parameters; a cluster may have more members."""
    ids = house.questions(*["one"] * (2 * ROWS + 10))
    task_id, (cluster,) = house.finished_task(copies(*ids))
    sizes: list[int] = []

    def executed(_connection: Any, _cursor: Any, _statement: str, parameters: Any, *_: Any) -> None:
        sizes.append(len(parameters))

    event.listen(house.database.engine, "after_cursor_execute", executed)
    house.duplicates.decide(task_id, cluster, Decision("merge"), by=LOCAL)
    assert house.status_of(ids[0], ids[1], ids[-1]) == [("active", None), ("merged", ids[0]), ("merged", ids[0])]
    house.duplicates.undo(task_id, cluster, by=LOCAL)
    assert house.status_of(ids[1], ids[-1]) == [("active", None), ("active", None)]
    assert max(sizes) <= ROWS


def test_two_people_who_merge_two_questions_crosswise_never_lose_both(house: PlantedHouse) -> None:
    pairs = [house.questions("one", "one") for _ in range(20)]
    one_way, first = house.finished_task(*(copies(a, b) for a, b in pairs))
    other_way, second = house.finished_task(*(copies(b, a) for a, b in pairs))
    faults: list[Exception] = []

    def merge(task_id: int, cluster_id: int, together: threading.Barrier) -> None:
        together.wait()
        try:
            house.duplicates.decide(task_id, cluster_id, Decision("merge"), by=LOCAL)
        except ConflictError:
            pass  # the other was quicker
        except Exception as error:
            faults.append(error)

    for cluster, other in zip(first, second, strict=True):
        together = threading.Barrier(2)
        asked = ((one_way, cluster, together), (other_way, other, together))
        people = [threading.Thread(target=merge, args=each) for each in asked]
        for person in people:
            person.start()
        for person in people:
            person.join(30)
    assert faults == []
    assert all(sorted(status for status, _ in house.status_of(*pair)) == ["active", "merged"] for pair in pairs)


def test_the_findings_of_a_deleted_bank_are_shown_without_its_questions(house: PlantedHouse, tmp_path: Path) -> None:
    banks = BankService(house.database, house.tasks, Settings(data_dir=tmp_path))
    bank_id = banks.create("short-lived")["id"]
    task_id, (cluster,) = house.finished_task(copies(*house.questions("a", "a", bank_id=bank_id)), bank_id=bank_id)
    banks.delete(bank_id)
    found = house.duplicates.cluster(task_id, cluster)
    assert (found["size"], found["members"]) == (2, [])
    with pytest.raises(TaskbeamError, match="gone"):
        house.duplicates.decide(task_id, cluster, Decision("merge"), by=LOCAL)


def test_a_small_edit_in_a_long_text_is_shown_as_one() -> None:
    text = "甲乙丙丁" * 5_000
    edited = f"{text[:9_000]}戊{text[9_001:]}"
    assert stretches(text, edited, Effort()) == [
        ["equal", text[:9_000], text[:9_000]],
        ["replace", text[9_000], "戊"],
        ["equal", text[9_001:], text[9_001:]],
    ]
    assert stretches(text, text, Effort()) == [["equal", text, text]]
    assert stretches("", "甲", Effort()) == [["insert", "", "甲"]]
