from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from models import Database, Task
from services.auth import LOCAL
from services.banks.formats import DEFAULT_LIMITS, csv
from services.dedup.decisions import Decision
from services.dedup.output import members
from services.errors import InvalidInputError
from services.exports import FOLDER
from tests.integration.dedup.planted import PlantedHouse, copies


@pytest.fixture
def house(database: Database) -> PlantedHouse:
    return PlantedHouse(database)


def unique(house: PlantedHouse, task_id: int) -> list[int]:
    lines = b"".join(house.duplicates.export(task_id, "jsonl", "unique").chunks).splitlines()
    return [json.loads(line)["id"] for line in lines]


@pytest.mark.parametrize("status", ["deleted", "merged"])
def test_the_copies_of_a_representative_that_is_gone_do_not_go_with_it(house: PlantedHouse, status: str) -> None:
    first, second, third = house.questions("one", "one", "one")
    task_id, _ = house.finished_task(copies(first, second, third))
    assert unique(house, task_id) == [first]
    house.set_status(status, first)
    assert unique(house, task_id) == [second]
    house.set_status(status, second)
    assert unique(house, task_id) == [third]


def test_two_tasks_that_keep_each_others_copy_do_not_lose_both(house: PlantedHouse) -> None:
    one, other = house.questions("one", "one")
    first, (cluster,) = house.finished_task(copies(other, one))
    second, _ = house.finished_task(copies(one, other))
    house.duplicates.decide(first, cluster, Decision("merge"), by=LOCAL)
    assert unique(house, second) == [other]


def test_a_question_that_waits_for_review_stands_for_nobody(house: PlantedHouse) -> None:
    gone, doubtful, copy = house.questions("one", "two", "one")
    task_id, _ = house.finished_task([(gone, "exact", 1.0), (copy, "exact", 1.0), (doubtful, "review", 0.9)])
    house.set_status("deleted", gone)
    assert unique(house, task_id) == [doubtful, copy]


def test_the_clusters_of_a_task_are_sorted_one_at_a_time(sqlite_url: str) -> None:
    """Sorted as a whole, every text of the task would stand in memory before the first line goes out."""
    database = Database(sqlite_url)
    statement = members(1).compile(database.engine, compile_kwargs={"literal_binds": True})
    with database.engine.connect() as connection:
        plan = [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}"))]
    database.close()
    assert [step for step in plan if "TEMP B-TREE" in step] == ["USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"]


def export(house: PlantedHouse, task_id: int, file_format: str, what: str) -> bytes:
    return b"".join(house.duplicates.export(task_id, file_format, what).chunks)


def imported(house: PlantedHouse, layout: dict[str, Any] | None, count: int) -> None:
    """An import into bank 1 that is done; without a layout it is one of before layouts were kept."""
    result = {"imported": count} | ({"layout": layout} if layout else {})
    task_id = house.create("import", params={"bank_id": 1})["id"]
    with house.database.transaction() as session:
        session.execute(update(Task).where(Task.id == task_id).values(status="completed", result=result))


def test_the_unique_bank_goes_back_into_the_form_that_most_of_it_came_in(house: PlantedHouse) -> None:
    first, second, _ = house.questions("=1+1", "另一题", "另一题")
    task_id, _ = house.finished_task(copies(second, second + 1))
    assert unique(house, task_id) == [first, second]
    assert export(house, task_id, "original", "unique") == export(house, task_id, "jsonl", "unique")
    imported(house, None, 9)
    style = {
        "format": "csv",
        "columns": [["科目", "subject_name"], ["题目", "stem"]],
        "delimiter": ";",
        "encoding": "gb18030",
    }
    imported(house, style, 100)
    imported(house, {"format": "aiken", "columns": [], "delimiter": ",", "encoding": "utf-8"}, 5)
    found = house.duplicates.export(task_id, "original", "unique")
    assert (found.file_name, found.mime_type) == (f"dedup-{task_id}-unique.csv", "text/csv; charset=gb18030")
    assert b"".join(found.chunks).decode("gb18030").splitlines() == [
        "科目;题目;题型",
        "数学;'=1+1;单选题",
        "数学;另一题;单选题",
    ]


@pytest.mark.parametrize("file_format", ["json", "gift", "aiken", "original"])
def test_clusters_have_no_form_that_only_holds_questions(house: PlantedHouse, file_format: str) -> None:
    task_id, _ = house.finished_task()
    with pytest.raises(InvalidInputError, match="jsonl, csv, xlsx"):
        house.duplicates.export(task_id, file_format, "clusters")


def test_a_line_of_the_clusters_says_who_decided_what_and_where_the_question_went(
    house: PlantedHouse, tmp_path: Path
) -> None:
    a, b = house.questions("one", "one")
    task_id, (cluster,) = house.finished_task(copies(a, b))
    house.duplicates.decide(task_id, cluster, Decision("merge"), by=LOCAL)
    line = json.loads(export(house, task_id, "jsonl", "clusters").splitlines()[1])
    assert (line["decision"], line["decided_by"], line["question"]["merged_into"]) == ("merge", "local", a)
    file = tmp_path / "clusters.csv"
    file.write_bytes(export(house, task_id, "csv", "clusters"))
    header, _, second = (row.split(",") for row in file.read_text("utf-8-sig").splitlines())
    cells = dict(zip(header, second, strict=True))
    assert (cells["decision"], cells["decided_by"], cells["status"], cells["merged_into"]) == (
        "merge", "local", "merged", str(a),
    )  # fmt: skip
    assert len(list(csv.read(file, DEFAULT_LIMITS))) == 2


def test_an_export_leaves_no_file_behind(house: PlantedHouse) -> None:
    task_id, _ = house.finished_task(copies(*house.questions("one", "one")))
    before = set((house.data_dir / FOLDER).glob("*"))
    chunks = house.duplicates.export(task_id, "csv", "clusters").chunks
    next(chunks)
    assert len(set((house.data_dir / FOLDER).glob("*")) - before) == 1
    chunks.close()  # as of a client that hangs up
    assert set((house.data_dir / FOLDER).glob("*")) == before
