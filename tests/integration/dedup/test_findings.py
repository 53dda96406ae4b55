"""Answers stay small however long the questions and however large the clusters are."""

from __future__ import annotations

import pytest

from models import Database
from services.dedup.findings import TEXT_IN_ANSWER, ClusterQuery, Effort, stretches
from tests.integration.dedup.planted import PlantedHouse, copies

LONG = TEXT_IN_ANSWER // 20  # characters of a stem


@pytest.fixture
def house(database: Database) -> PlantedHouse:
    return PlantedHouse(database)


def test_a_page_ends_where_its_texts_fill_an_answer_and_the_next_one_goes_on(house: PlantedHouse) -> None:
    found = [house.questions(*["长" * LONG] * 6) for _ in range(8)]
    task_id, expected = house.finished_task(*(copies(*ids) for ids in found))
    seen, pages, cursor = [], 0, None
    while True:
        page = house.duplicates.clusters(task_id, ClusterQuery(limit=500, cursor=cursor))
        assert page.total == 8
        members = [member for cluster in page.items for member in cluster["members"]]
        assert sum(len(member["question"]["stem"]) for member in members) <= TEXT_IN_ANSWER + LONG
        assert all(len(cluster["members"]) == 6 for cluster in page.items)
        seen += [cluster["id"] for cluster in page.items]
        pages += 1
        if (cursor := page.next_cursor) is None:
            break
    assert (seen, pages) == (expected, 3)


def test_a_cluster_that_fills_an_answer_alone_shows_its_first_members(house: PlantedHouse) -> None:
    large, small = house.questions(*["长" * LONG] * 30), house.questions("短", "短")
    task_id, (first, second) = house.finished_task(copies(*large), copies(*small))
    page = house.duplicates.clusters(task_id, ClusterQuery())
    assert [cluster["id"] for cluster in page.items] == [first]
    assert page.next_cursor is not None
    rest = house.duplicates.clusters(task_id, ClusterQuery(cursor=page.next_cursor))
    assert [cluster["id"] for cluster in rest.items] == [second]
    detail = house.duplicates.cluster(task_id, first)
    for cluster in (page.items[0], detail):
        shown = [member["question_id"] for member in cluster["members"]]
        assert (cluster["size"], shown) == (30, large[: len(shown)])
        assert 19 <= len(shown) <= 20


def test_the_diffs_of_one_answer_cost_no_more_than_so_much_together() -> None:
    one, other, effort = "甲乙" * 500, "乙丙丁" * 300, Effort(cells=1_000_000)
    assert len(stretches(one, other, effort)) > 3
    assert stretches(f"题{one}", f"题{other}", effort) == [["equal", "题", "题"], ["replace", one, other]]
    assert len(stretches("一二三", "一四三", effort)) == 3
