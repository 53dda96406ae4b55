"""Several people at once: nobody's decision is lost in silence, and each can be taken back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import select, update

from models import ClusterDecision, Database, Question, ReviewAct
from services.auth import LOCAL, Principal
from services.dedup.conflicts import (
    DecidedMeanwhileError,
    DecisionsInterruptedError,
    DecisionsStoppedError,
    NothingToUndoError,
    QuestionDeletedError,
    QuestionEditedError,
    QuestionMergedError,
)
from services.dedup.decisions import Decision
from services.dedup.findings import ClusterQuery
from services.dedup.many import CLUSTERS_AT_ONCE
from services.dedup.review import DuplicateService
from services.errors import NotFoundError, WorkerLostError
from services.runners.worker_pool import Reply
from tests.factories import InlinePool
from tests.integration.dedup.planted import PlantedHouse, copies

ANNA = Principal("key:anna", "Anna", frozenset(), "key")
MERGE = Decision("merge")


@pytest.fixture
def house(database: Database) -> PlantedHouse:
    return PlantedHouse(database)


def pair(house: PlantedHouse) -> tuple[int, int, list[int]]:
    ids = house.questions("a", "a")
    task_id, (cluster,) = house.finished_task(copies(*ids))
    return task_id, cluster, ids


def events(house: PlantedHouse) -> list[dict[str, Any]]:
    return [event.data for event in house.published if event.event == "decision"]


def edit(house: PlantedHouse, question_id: int) -> None:
    with house.database.transaction() as session:
        edited = update(Question).where(Question.id == question_id)
        session.execute(edited.values(stem="edited", updated_at=time.time() + 1))


def test_a_decision_and_its_undoing_are_events_of_the_task_with_the_next_seq(house: PlantedHouse) -> None:
    task_id, cluster, (kept, _) = pair(house)
    before = house.tasks.get(task_id)["last_seq"]
    house.duplicates.decide(task_id, cluster, MERGE, by=ANNA)
    house.duplicates.undo(task_id, cluster, by=LOCAL)
    made, undone = events(house)
    shown = ("seq", "action", "cluster_id", "revision", "keep_id", "questions", "by")
    assert [made[name] for name in shown] == [before + 1, "merge", cluster, 1, kept, 1, "key:anna"]
    assert [undone[name] for name in shown] == [before + 2, "undo", cluster, 2, None, 1, "local"]
    assert undone["undoes"] == made["decision_id"]
    logged = house.log_of(task_id)[-2:]
    assert [(event.event, event.data) for event in logged] == [("decision", made), ("decision", undone)]


def test_who_names_the_revision_they_have_seen_is_refused_when_another_was_there_first(house: PlantedHouse) -> None:
    task_id, cluster, ids = pair(house)
    seen = house.duplicates.cluster(task_id, cluster)["revision"]
    house.duplicates.decide(task_id, cluster, MERGE, by=ANNA, revision=seen)
    with pytest.raises(DecidedMeanwhileError, match=r"key:anna decided merge \d+ s ago"):
        house.duplicates.decide(task_id, cluster, Decision("keep_all"), by=LOCAL, revision=seen)
    with pytest.raises(DecidedMeanwhileError):
        house.duplicates.undo(task_id, cluster, by=LOCAL, revision=seen)
    assert house.status_of(ids[1]) == [("merged", ids[0])]
    house.duplicates.undo(task_id, cluster, by=LOCAL, revision=seen + 1)


def test_who_names_none_is_told_whose_decision_was_replaced_and_so_is_everybody(house: PlantedHouse) -> None:
    task_id, cluster, _ = pair(house)
    first = house.duplicates.decide(task_id, cluster, MERGE, by=ANNA)
    assert first["replaced"] is None
    second = house.duplicates.decide(task_id, cluster, Decision("not_duplicate"), by=LOCAL)
    assert (second["replaced"]["by"], second["replaced"]["action"]) == ("key:anna", "merge")
    assert second["replaced"] == events(house)[-1]["replaced"]
    assert second["revision"] == events(house)[-1]["revision"]


def test_of_many_people_who_decide_at_once_from_one_revision_exactly_one_is_heard(house: PlantedHouse) -> None:
    task_id, cluster, _ = pair(house)
    together, heard = threading.Barrier(5), []

    def decide(action: str) -> None:
        together.wait()
        try:
            house.duplicates.decide(task_id, cluster, Decision(action), by=LOCAL, revision=0)
        except DecidedMeanwhileError:
            return
        heard.append(action)

    actions = ["merge", "keep_all", "not_duplicate", "merge", "keep_all"]
    people = [threading.Thread(target=decide, args=(action,)) for action in actions]
    for person in people:
        person.start()
    for person in people:
        person.join(30)
    assert len(heard) == 1
    assert house.duplicates.cluster(task_id, cluster)["decision"]["action"] == heard[0]
    assert [event["seq"] for event in events(house)] == [house.tasks.get(task_id)["last_seq"]]


def test_a_question_that_another_decision_merged_is_named_with_where_it_went(house: PlantedHouse) -> None:
    a, b, c = house.questions("a", "a", "a")
    task_id, (first, second) = house.finished_task(copies(a, b), copies(c, b))
    house.duplicates.decide(task_id, first, MERGE, by=LOCAL)
    with pytest.raises(QuestionMergedError, match=f"question {b} was merged into {a}"):
        house.duplicates.decide(task_id, second, MERGE, by=LOCAL)
    assert house.duplicates.cluster(task_id, second)["revision"] == 0
    house.duplicates.undo(task_id, first, by=LOCAL)
    house.duplicates.decide(task_id, second, MERGE, by=LOCAL)
    assert house.status_of(b) == [("merged", c)]


def test_a_copy_that_was_deleted_is_passed_over_but_nothing_is_merged_into_one(house: PlantedHouse) -> None:
    a, b, c = house.questions("a", "a", "a")
    task_id, (cluster,) = house.finished_task(copies(a, b, c))
    house.set_status("deleted", b)
    with pytest.raises(QuestionDeletedError, match="Keep another member"):
        house.duplicates.decide(task_id, cluster, Decision("merge", keep_id=b), by=LOCAL)
    house.duplicates.decide(task_id, cluster, MERGE, by=LOCAL)
    assert house.status_of(b, c) == [("deleted", None), ("merged", a)]


def test_what_was_edited_since_is_only_merged_by_who_says_so(house: PlantedHouse) -> None:
    a, b, c = house.questions("a", "a", "a")
    task_id, (cluster,) = house.finished_task(copies(a, b, c))
    edit(house, b)
    members = house.duplicates.cluster(task_id, cluster)["members"]
    assert [member["edited"] for member in members] == [False, True, False]
    with pytest.raises(QuestionEditedError, match=f": {b}\\."):
        house.duplicates.decide(task_id, cluster, MERGE, by=LOCAL)
    house.duplicates.decide(task_id, cluster, Decision("merge", exclude=[b]), by=LOCAL)
    assert house.status_of(b, c) == [("active", None), ("merged", a)]
    house.duplicates.decide(task_id, cluster, Decision("merge", allow_edited=True), by=LOCAL)
    assert house.status_of(b, c) == [("merged", a), ("merged", a)]


def test_a_merge_and_its_undoing_are_no_edits(house: PlantedHouse) -> None:
    task_id, cluster, _ = pair(house)
    for _ in range(2):
        house.duplicates.decide(task_id, cluster, MERGE, by=LOCAL)
        house.duplicates.undo(task_id, cluster, by=LOCAL)


def test_a_decision_on_many_leaves_what_changed_to_a_person_and_counts_it(house: PlantedHouse) -> None:
    ids = [house.questions("a", "a") for _ in range(5)]
    clusters = [copies(*pair_) for pair_ in ids]
    clusters[4] = [(ids[4][0], "exact", 1.0), (ids[4][1], "review", 0.9)]
    task_id, _ = house.finished_task(*clusters)
    edit(house, ids[1][1])
    house.set_status("deleted", ids[2][0])
    house.set_status("deleted", ids[3][1])
    counted = house.duplicates.decide_many(task_id, ClusterQuery(), "merge", by=LOCAL, dry_run=True)
    assert (counted.clusters, counted.merged) == (1, 1)
    assert counted.left == {"changed": 2, "nothing_to_merge": 2, "outside_similarity": 0}
    done = house.duplicates.decide_many(task_id, ClusterQuery(), "merge", by=LOCAL)
    assert (done.clusters, done.merged, done.left) == (1, 1, counted.left)
    rest = house.duplicates.decide_many(task_id, ClusterQuery(), "keep_all", by=LOCAL)
    assert (rest.clusters, rest.merged) == (4, 0)


def test_a_decision_on_many_is_undone_as_a_whole_but_not_what_was_decided_anew(house: PlantedHouse) -> None:
    ids = [house.questions("a", "a") for _ in range(3)]
    task_id, clusters = house.finished_task(*(copies(*each) for each in ids))
    done = house.duplicates.decide_many(task_id, ClusterQuery(), "merge", by=ANNA)
    house.duplicates.undo(task_id, clusters[0], by=LOCAL)
    house.duplicates.decide(task_id, clusters[1], Decision("merge", keep_id=ids[1][1]), by=LOCAL)
    assert done.decision_id is not None
    undone = house.duplicates.undo_act(task_id, done.decision_id, by=LOCAL)
    assert (undone.clusters, undone.questions) == (1, 1)
    assert house.status_of(*ids[1], ids[2][1]) == [("merged", ids[1][1]), ("active", None), ("active", None)]
    with pytest.raises(NothingToUndoError):
        house.duplicates.undo_act(task_id, done.decision_id, by=LOCAL)
    with pytest.raises(NothingToUndoError, match="undid another"):
        house.duplicates.undo_act(task_id, undone.decision_id, by=LOCAL)
    with pytest.raises(NotFoundError):
        house.duplicates.undo_act(task_id, 999, by=LOCAL)


def test_the_list_of_decisions_says_who_did_what_and_what_of_it_stands(house: PlantedHouse) -> None:
    task_id, clusters = house.finished_task(*(copies(*house.questions("a", "a")) for _ in range(3)))
    many = house.duplicates.decide_many(task_id, ClusterQuery(verdict="exact"), "merge", by=ANNA)
    house.duplicates.undo(task_id, clusters[0], by=LOCAL)
    page = house.duplicates.acts(task_id, limit=1, cursor=None)
    assert (page.total, page.items[0]["action"], page.items[0]["undoes"]) == (2, "undo", many.decision_id)
    (first,) = house.duplicates.acts(task_id, limit=1, cursor=page.next_cursor).items
    told = {name: first[name] for name in ("id", "by", "clusters", "questions", "in_force", "filters", "state")}
    assert told == {
        "id": many.decision_id,
        "by": "key:anna",
        "clusters": 3,
        "questions": 3,
        "in_force": 2,
        "filters": {"verdict": "exact"},
        "state": "done",
    }


def test_the_figures_of_a_review_say_what_is_left_by_verdict(house: PlantedHouse) -> None:
    a, b, c, d, e = house.questions(*"abcde")
    task_id, (sure, _) = house.finished_task(copies(a, b), [(c, "exact", 1.0), (d, "near", 0.95), (e, "review", 0.9)])
    house.duplicates.decide(task_id, sure, MERGE, by=ANNA)
    figures = house.duplicates.review(task_id)
    assert (figures["clusters"], figures["decided"], figures["left"]) == (2, 1, 1)
    assert figures["by_verdict"] == {
        "exact": {"clusters": 1, "decided": 1, "left": 0},
        "near": {"clusters": 1, "decided": 0, "left": 1},
        "review": {"clusters": 1, "decided": 0, "left": 1},
        "variant": {"clusters": 0, "decided": 0, "left": 0},
    }
    assert figures["by_action"] == {"merge": 1, "keep_all": 0, "not_duplicate": 0}
    assert [(person["by"], person["decided"]) for person in figures["by_person"]] == [("key:anna", 1)]


class Interrupting(InlinePool):
    """Does something once the first transaction of a decision on many is in."""

    def __init__(self, then: Callable[[], object]) -> None:
        super().__init__()
        self._then = then

    def run(self, target: str, argument: Mapping[str, Any], *, blob: bytes = b"", **options: Any) -> Reply:
        first = iter((True,))

        def report(_done: dict[str, Any]) -> None:
            if next(first, False) and target.endswith(":decide"):
                self._then()

        return super().run(target, argument, blob=blob, **(options | {"on_report": report}))


def many_pairs(house: PlantedHouse, count: int) -> int:
    ids = house.questions(*["a"] * (2 * count))
    return house.finished_task(*(copies(*ids[start : start + 2]) for start in range(0, 2 * count, 2)))[0]


def in_force(house: PlantedHouse) -> int:
    with house.database.reader() as session:
        return len(session.scalars(select(ClusterDecision.cluster_id)).all())


def merged(house: PlantedHouse) -> int:
    with house.database.reader() as session:
        return len(session.scalars(select(Question.id).where(Question.status == "merged")).all())


def test_a_decision_on_many_is_stopped_in_the_middle_by_its_undoing(house: PlantedHouse) -> None:
    task_id = many_pairs(house, CLUSTERS_AT_ONCE + 5)
    seen: list[int] = []

    def undo_it() -> None:
        seen.append(merged(house))
        (act,) = house.duplicates.acts(task_id, limit=1, cursor=None).items
        house.duplicates.undo_act(task_id, act["id"], by=ANNA)

    pool = Interrupting(undo_it)
    reviewed = DuplicateService(house.database, house.tasks, house.recorder, pool, house.data_dir)
    with pytest.raises(DecisionsStoppedError):
        reviewed.decide_many(task_id, ClusterQuery(), "merge", by=LOCAL)
    assert seen == [CLUSTERS_AT_ONCE]
    assert (in_force(house), merged(house)) == (0, 0)
    assert [event["state"] for event in events(house) if event["action"] == "merge"] == ["running", "stopped"]


def test_a_decision_on_many_whose_worker_was_lost_says_what_stands_and_can_be_undone(house: PlantedHouse) -> None:
    task_id = many_pairs(house, CLUSTERS_AT_ONCE + 5)

    def die() -> None:
        raise WorkerLostError("The worker died.", -9)

    reviewed = DuplicateService(house.database, house.tasks, house.recorder, Interrupting(die), house.data_dir)
    with pytest.raises(DecisionsInterruptedError, match=f"after {CLUSTERS_AT_ONCE} clusters"):
        reviewed.decide_many(task_id, ClusterQuery(), "merge", by=LOCAL)
    (act,) = house.duplicates.acts(task_id, limit=5, cursor=None).items
    assert (act["state"], act["clusters"], act["in_force"]) == ("stopped", CLUSTERS_AT_ONCE, CLUSTERS_AT_ONCE)
    rest = house.duplicates.decide_many(task_id, ClusterQuery(), "merge", by=LOCAL)
    assert (rest.clusters, rest.merged) == (5, 5)
    house.duplicates.undo_act(task_id, act["id"], by=LOCAL)
    assert (in_force(house), merged(house)) == (5, 5)


def test_a_decision_on_many_whose_server_died_is_closed_by_the_next_one(house: PlantedHouse) -> None:
    task_id, _, _ = pair(house)
    with house.database.transaction() as session:
        long_ago = {"seen_at": time.time() - 3600, "state": "running", "done_by": "local"}
        session.add(ReviewAct(task_id=task_id, action="merge", **long_ago))
        session.add(ReviewAct(task_id=task_id, action="merge", **long_ago | {"seen_at": time.time()}))
    assert house.duplicates.tidy() == 1
    states = [act["state"] for act in house.duplicates.acts(task_id, limit=5, cursor=None).items]
    assert states == ["running", "stopped"]
    assert [event["state"] for event in events(house)] == ["stopped"]


def test_what_people_decided_goes_with_its_task_and_the_questions_stay_merged(house: PlantedHouse) -> None:
    task_id, cluster, ids = pair(house)
    house.duplicates.decide(task_id, cluster, MERGE, by=LOCAL)
    house.tasks.delete(task_id, by=LOCAL)
    assert house.status_of(ids[1]) == [("merged", ids[0])]
    with house.database.reader() as session:
        assert session.scalars(select(ReviewAct.id)).all() == []
