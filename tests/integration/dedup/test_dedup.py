"""Dedup from a bank to decisions: real workers, both databases."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select, update

from models import DuplicateCluster, DuplicateMember, Question, Task, TaskUnit
from services.auth import LOCAL
from services.banks.formats import csv
from services.dedup.decisions import Decision
from services.dedup.findings import ClusterQuery
from services.errors import ConflictError, InvalidInputError, NotFoundError
from tests.integration.dedup.conftest import DedupHouse


def question(stem: str, **fields: Any) -> dict[str, Any]:
    return {"type_name": "单选题", "subject_name": "数学", "stem": stem} | fields


APPLES = question("商店运来 12 箱苹果，每箱重 15 千克，一共多少千克？", answer="180")
BANK = (
    APPLES,
    APPLES | {"stem": "3. 商店运来12箱苹果,每箱重15千克,一共多少千克?"},
    APPLES | {"stem": "商店运来 13 箱苹果，每箱重 15 千克，一共多少千克？", "answer": "195"},
    APPLES | {"answer": "170"},
    APPLES | {"subject_name": "物理"},
    question("二氧化碳的化学式是什么？", answer="CO2"),
)


def merged(house: DedupHouse) -> tuple[int, int, list[int]]:
    """A finished task over BANK, its cluster of apples, and the ids of the questions."""
    ids = house.add(*BANK)
    task_id = house.run()
    (cluster,) = house.duplicates.clusters(task_id, ClusterQuery()).items
    return task_id, cluster["id"], ids


def test_a_bank_is_searched_group_by_group_and_each_duplicate_gets_its_verdict(house: DedupHouse) -> None:
    task_id, cluster_id, ids = merged(house)
    cluster = house.duplicates.cluster(task_id, cluster_id)
    verdicts = {member["question_id"]: member["verdict"] for member in cluster["members"]}
    assert verdicts == {ids[0]: "exact", ids[1]: "exact", ids[2]: "variant", ids[3]: "review"}
    assert cluster["representative_id"] == ids[0]
    result = house.tasks.get(task_id)["result"]
    assert result.pop("seconds") > 0
    assert result == {
        "questions": 6, "groups": 2, "clusters": 1, "exact": 1, "near": 0, "review": 1, "variant": 1, "unique": 5,
    }  # fmt: skip


def test_the_groups_are_listed_with_their_counts_the_largest_first(house: DedupHouse) -> None:
    task_id, _, _ = merged(house)
    groups = house.duplicates.groups(task_id, limit=10, cursor=None)
    assert [(group["subject_name"], group["questions"], group["status"]) for group in groups.items] == [
        ("数学", 5, "done"),
        ("物理", 1, "done"),
    ]


def test_a_member_shows_what_differs_from_the_representative(house: DedupHouse) -> None:
    task_id, cluster_id, ids = merged(house)
    members = {m["question_id"]: m for m in house.duplicates.cluster(task_id, cluster_id)["members"]}
    diff = members[ids[2]]["diff"]["stem"]
    assert "".join(stretch[1] for stretch in diff) == APPLES["stem"]
    assert ["replace", "2", "3"] in diff
    assert members[ids[0]]["diff"] is None
    assert diff_of_options(members[ids[2]]) == ""


def diff_of_options(member: dict[str, Any]) -> str:
    return "".join(stretch[2] for stretch in member["diff"]["options"])


def test_two_answers_that_disagree_are_named_beside_each_other(house: DedupHouse) -> None:
    options = {"options": ["牛顿", "库仑"]}
    one, other, third = house.add(
        question("力的国际单位是什么？", answer="A", **options),
        question("力的国际单位是什么？", answer="B", **options),
        question("1. 力的国际单位是什么?", options=["库仑", "牛顿"], answer="B"),
    )
    task_id = house.run()
    (cluster,) = house.duplicates.clusters(task_id, ClusterQuery()).items
    members = {member["question_id"]: member for member in cluster["members"]}
    assert members[other]["answer_conflict"] == {
        "representative": {"answer": "A", "says": "牛顿"},
        "question": {"answer": "B", "says": "库仑"},
    }
    assert members[other]["evidence"]["answers"] == "disagree"
    assert (members[one]["answer_conflict"], members[third]["answer_conflict"]) == (None, None)
    shown = {member["question_id"]: member for member in house.duplicates.cluster(task_id, cluster["id"])["members"]}
    assert diff_of_options(shown[third]) == "库仑\n牛顿"


def test_clusters_are_filtered_by_group_verdict_similarity_and_decision(house: DedupHouse) -> None:
    task_id, cluster_id, _ = merged(house)

    def found(**filters: Any) -> int:
        return house.duplicates.clusters(task_id, ClusterQuery(**filters)).total

    assert [found(subject_name="数学"), found(subject_name="物理")] == [1, 0]
    assert [found(verdict="review"), found(verdict="near")] == [1, 0]
    assert [found(min_similarity=0.99), found(max_similarity=0.5)] == [1, 0]
    assert [found(decision="none"), found(decision="merge")] == [1, 0]
    house.duplicates.decide(task_id, cluster_id, Decision("keep_all"), by=LOCAL)
    assert [found(decision="none"), found(decision="keep_all")] == [0, 1]


def test_a_filter_narrows_the_task_and_across_widens_the_groups(house: DedupHouse) -> None:
    house.add(*BANK)
    assert house.tasks.get(house.run(filters={"subject_name": "物理"}))["result"]["questions"] == 1
    across = house.run(options={"across": ["subject_name"]})
    assert house.tasks.get(across)["result"]["exact"] == 2
    (group,) = house.duplicates.groups(across, limit=10, cursor=None).items
    assert (group["subject_name"], group["type_name"]) == ("*", "单选题")


def test_a_bank_without_questions_is_completed_with_zeros(house: DedupHouse) -> None:
    result = house.tasks.get(house.run(filters={"type_name": "没有"}))["result"]
    assert (result["questions"], result["groups"], result["clusters"]) == (0, 0, 0)


def test_a_bank_or_an_option_that_does_not_exist_is_refused(house: DedupHouse) -> None:
    with pytest.raises(InvalidInputError, match="no question bank 9"):
        house.duplicates.create_task("x", by=LOCAL, bank_id=9)
    with pytest.raises(InvalidInputError) as refused:
        house.duplicates.create_task("x", by=LOCAL, bank_id=1, options={"treshold": 0.9})
    assert refused.value.problems[0].field == "options.treshold"


def test_a_merge_takes_exact_and_near_members_and_its_undo_gives_exactly_them_back(house: DedupHouse) -> None:
    task_id, cluster_id, ids = merged(house)
    decided = house.duplicates.decide(task_id, cluster_id, Decision("merge"), by=LOCAL)
    assert decided["decision"]["action"] == "merge"
    assert decided["decision"]["by"] == "local"
    assert house.status_of(*ids[:4]) == [("active", None), ("merged", ids[0]), ("active", None), ("active", None)]
    assert house.duplicates.undo(task_id, cluster_id, by=LOCAL)["decision"] is None
    assert {status for status, _ in house.status_of(*ids)} == {"active"}
    with pytest.raises(ConflictError, match="nothing to undo"):
        house.duplicates.undo(task_id, cluster_id, by=LOCAL)


def test_another_member_can_be_kept_one_excluded_and_a_reviewed_one_included(house: DedupHouse) -> None:
    task_id, cluster_id, ids = merged(house)
    decision = Decision("merge", keep_id=ids[1], exclude=[ids[0]], include=[ids[3]])
    house.duplicates.decide(task_id, cluster_id, decision, by=LOCAL)
    assert house.status_of(*ids[:4]) == [("active", None), ("active", None), ("active", None), ("merged", ids[1])]


def test_a_new_decision_takes_the_place_of_the_old_one(house: DedupHouse) -> None:
    task_id, cluster_id, ids = merged(house)
    house.duplicates.decide(task_id, cluster_id, Decision("merge"), by=LOCAL)
    house.duplicates.decide(task_id, cluster_id, Decision("not_duplicate"), by=LOCAL)
    assert {status for status, _ in house.status_of(*ids)} == {"active"}


def test_a_decision_about_strangers_or_variants_is_refused_and_changes_nothing(house: DedupHouse) -> None:
    task_id, cluster_id, ids = merged(house)
    for decision in (
        Decision("merge", keep_id=ids[5]),
        Decision("merge", keep_id=ids[2]),
        Decision("merge", exclude=[999]),
        Decision("merge", include=[ids[2]]),
        Decision("merge", exclude=[ids[0]]),
    ):
        with pytest.raises(InvalidInputError):
            house.duplicates.decide(task_id, cluster_id, decision, by=LOCAL)
    assert {status for status, _ in house.status_of(*ids)} == {"active"}
    with pytest.raises(NotFoundError):
        house.duplicates.decide(task_id, 999, Decision("merge"), by=LOCAL)


def test_nothing_is_merged_into_a_question_that_another_decision_merged(house: DedupHouse) -> None:
    task_id, cluster_id, ids = merged(house)
    second = house.run(options={"threshold": 0.85})  # other findings about the same questions
    (other,) = house.duplicates.clusters(second, ClusterQuery()).items
    house.duplicates.decide(task_id, cluster_id, Decision("merge", keep_id=ids[1]), by=LOCAL)
    with pytest.raises(ConflictError, match="keep another member"):
        house.duplicates.decide(second, other["id"], Decision("merge", keep_id=ids[0]), by=LOCAL)
    assert house.status_of(ids[0], ids[1]) == [("merged", ids[1]), ("active", None)]


def test_many_are_decided_at_once_after_a_count(house: DedupHouse) -> None:
    stems = [f"已知圆的半径为 {number} 厘米，求它的面积。" for number in range(1, 150)]
    ids = house.add(*(question(stem, subject_name=f"科目{place}") for place, stem in enumerate(stems) for _ in "ab"))
    task_id = house.run()
    query = ClusterQuery(verdict="exact", decision="none")
    counted = house.duplicates.decide_many(task_id, query, "merge", by=LOCAL, dry_run=True)
    assert (counted.clusters, counted.merged) == (149, 149)
    assert {status for status, _ in house.status_of(*ids)} == {"active"}
    done = house.duplicates.decide_many(task_id, query, "merge", by=LOCAL)
    assert (done.clusters, done.merged, done.left) == (149, 149, counted.left)
    assert sum(status == "merged" for status, _ in house.status_of(*ids)) == 149
    assert house.duplicates.decide_many(task_id, query, "merge", by=LOCAL).clusters == 0


def test_a_group_that_is_not_done_shows_none_of_its_clusters(house: DedupHouse) -> None:
    task_id, cluster_id, _ = merged(house)
    with house.database.transaction() as session:
        session.execute(update(TaskUnit).values(status="pending"))
    assert house.duplicates.clusters(task_id, ClusterQuery()).items == []
    with pytest.raises(NotFoundError):
        house.duplicates.cluster(task_id, cluster_id)


def test_a_unit_that_runs_again_leaves_the_same_rows_as_once(house: DedupHouse) -> None:
    task_id, _, _ = merged(house)
    counts = [select(func.count()).select_from(table) for table in (DuplicateCluster, DuplicateMember)]
    with house.database.transaction() as session:
        before = [session.scalar(count) for count in counts]
        # As if it had died after its last row and before its commit.
        session.execute(update(TaskUnit).values(status="pending"))
        session.execute(update(Task).values(status="failed", processed=0, work_done=0))
    house.tasks.retry(task_id, by=LOCAL)
    house.wait(task_id)
    with house.database.reader() as session:
        assert [session.scalar(count) for count in counts] == before


def test_the_unique_bank_leaves_out_what_is_merged_by_itself_and_respects_decisions(house: DedupHouse) -> None:
    task_id, cluster_id, ids = merged(house)

    def unique() -> list[int]:
        lines = b"".join(house.duplicates.export(task_id, "jsonl", "unique").chunks).splitlines()
        return [json.loads(line)["id"] for line in lines]

    assert unique() == [ids[0], *ids[2:]]
    house.duplicates.decide(task_id, cluster_id, Decision("not_duplicate"), by=LOCAL)
    assert unique() == ids
    house.duplicates.decide(task_id, cluster_id, Decision("merge", keep_id=ids[1]), by=LOCAL)
    assert unique() == ids[1:]


def test_clusters_are_exported_a_line_per_member_with_formulas_guarded(house: DedupHouse) -> None:
    house.add(*(question("=HYPERLINK(1)的值是多少呢，请写出来", source="=1+1") for _ in "ab"))
    task_id = house.run()
    rows = b"".join(house.duplicates.export(task_id, "csv", "clusters").chunks).decode("utf-8-sig").splitlines()
    assert rows[0].startswith("cluster_id,representative_id,question_id,verdict,similarity,decision,")
    assert len(rows) == 3
    assert ",'=HYPERLINK(1)" in rows[1]
    assert csv.unguard("'=HYPERLINK(1)") == "=HYPERLINK(1)"
    workbook = openpyxl.load_workbook(io.BytesIO(b"".join(house.duplicates.export(task_id, "xlsx", "clusters").chunks)))
    cells = [cell.value for cell in list(workbook.active.rows)[1]]
    assert "=HYPERLINK(1)的值是多少呢，请写出来" in cells
    assert all(cell.data_type != "f" for row in workbook.active.rows for cell in row)
    with pytest.raises(InvalidInputError):
        house.duplicates.export(task_id, "pdf", "clusters")


def test_questions_that_were_merged_or_deleted_are_not_searched_again(house: DedupHouse) -> None:
    task_id, cluster_id, ids = merged(house)
    house.duplicates.decide(task_id, cluster_id, Decision("merge"), by=LOCAL)
    with house.database.transaction() as session:
        session.execute(update(Question).where(Question.id == ids[5]).values(status="deleted"))
    assert house.tasks.get(house.run())["result"]["questions"] == 4
