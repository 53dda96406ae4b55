"""Thresholds tried on a part of a bank before a task is started."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from services.dedup import preview, sampling
from services.dedup.preview import PreviewRequest, Previews, PreviewsBusyError
from services.errors import InvalidInputError, UnitTimeoutError
from services.runners.worker import WorkerContext
from services.runners.worker_pool import Reply
from tests.factories import InlinePool
from tests.integration.dedup.conftest import DedupHouse

LETTERS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
COUNTS = ("clusters", "exact", "near", "review", "variant", "unique")


def question(stem: str, **fields: Any) -> dict[str, Any]:
    return {"type_name": "解答题", "stem": stem} | fields


def pairs(count: int) -> list[dict[str, Any]]:
    """Questions twice each, in words of their own, the second with a number, a mark and other white space."""
    found = []
    for number in range(count):
        words = "".join(LETTERS[(number * step + number // 22 + step) % 22] for step in (1, 3, 5, 7, 9, 13, 15, 17))
        found += [question(f"{words}的说法是否正确？"), question(f"{number}.（5分）{words}的说法 是否正确?")]
    return found


def test_of_a_small_bank_a_preview_shows_exactly_what_a_task_finds(house: DedupHouse) -> None:
    house.add(*pairs(5), question("已知圆的半径为 3 厘米，求面积。"), question("已知圆的半径为 5 厘米，求面积。"))
    house.add(question("已知圆的半径为 3 厘米，求面积。", channel_code="b"))
    for options in ({}, {"across": ["channel_code"]}):
        shown = house.duplicates.preview(PreviewRequest(1, options=options, thresholds=[0.9, 0.8]))
        assert (shown["questions"], shown["sampled"], shown["is_whole"], shown["is_complete"]) == (13, 13, True, True)
        assert [tried["threshold"] for tried in shown["thresholds"]] == [0.8, 0.9]
        for tried in shown["thresholds"]:
            result = house.tasks.get(house.run(options=options | {"threshold": tried["threshold"]}))["result"]
            assert {name: tried[name] for name in COUNTS} == {name: result[name] for name in COUNTS}
        assert shown["groups"] == (1 if options else 2)


def test_questions_that_begin_alike_are_drawn_together(house: DedupHouse) -> None:
    house.add(*pairs(150))
    shown = house.duplicates.preview(PreviewRequest(1, thresholds=[0.8], sample=60))
    assert (shown["questions"], shown["is_whole"]) == (300, False)
    assert 20 <= shown["sampled"] <= 60
    assert shown["thresholds"][0]["exact"] >= shown["sampled"] // 2 - 1  # drawn one by one: 6


def test_a_bank_of_one_template_is_looked_at_too(house: DedupHouse) -> None:
    house.add(*(question(f"已知圆的半径为 {number} 厘米，求面积。") for number in range(60)))
    shown = house.duplicates.preview(PreviewRequest(1, thresholds=[0.8], sample=20))
    assert shown["sampled"] == 20


def test_a_group_can_be_looked_at_alone(house: DedupHouse) -> None:
    house.add(*pairs(3), question("别的问题", type_name="填空题"))
    shown = house.duplicates.preview(PreviewRequest(1, {"type_name": "填空题"}))
    assert (shown["questions"], shown["thresholds"][0]["unique"]) == (1, 1)
    nothing = house.duplicates.preview(PreviewRequest(1, {"type_name": "没有"}))
    assert [tried["clusters"] for tried in nothing["thresholds"]] == [0, 0, 0, 0]


def test_the_least_alike_pairs_that_would_be_merged_are_shown(house: DedupHouse) -> None:
    stem = "下列关于二氧化碳性质的说法中，哪一项是正确的？请结合实验说明你的理由。"
    first, second = house.add(question(stem), question(stem.replace("结合", "结台")))
    (tried,) = house.duplicates.preview(PreviewRequest(1, thresholds=[0.8]))["thresholds"]
    (example,) = tried["examples"]
    assert {example["representative_id"], example["question_id"]} == {first, second}
    assert 0.9 < example["similarity"] < 1


def test_thresholds_for_which_there_is_no_time_are_left_out_and_said_to_be(house: DedupHouse) -> None:
    house.add(*pairs(2))
    argument = {
        "database_url": house.database.url.render_as_string(hide_password=False),
        "params": {"bank_id": 1, "filters": {}, "options": {}},
        "thresholds": [0.8, 0.9],
        "sample": 100,
        "seconds": 0.0,
    }
    shown = sampling.preview(argument, WorkerContext(lambda _report: None, {}), b"")
    assert (shown["thresholds"], shown["is_complete"]) == ([], False)


def test_very_long_questions_make_a_smaller_sample(house: DedupHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "_MOST_CHARACTERS", 100)
    house.add(*pairs(20))
    argument = {
        "database_url": house.database.url.render_as_string(hide_password=False),
        "params": {"bank_id": 1, "filters": {}, "options": {}},
        "thresholds": [0.8],
        "sample": 100,
        "seconds": 20.0,
    }
    shown = sampling.preview(argument, WorkerContext(lambda _report: None, {}), b"")
    assert 0 < shown["sampled"] < 10
    assert not shown["is_whole"]


def test_a_bank_or_an_option_that_does_not_exist_is_refused(house: DedupHouse) -> None:
    with pytest.raises(InvalidInputError, match="no question bank 9"):
        house.duplicates.preview(PreviewRequest(9))
    with pytest.raises(InvalidInputError):
        house.duplicates.preview(PreviewRequest(1, options={"speed": 1}))


class SlowPool(InlinePool):
    """Its workers are at work until they are let go, and then say that time was up."""

    def __init__(self) -> None:
        super().__init__()
        self.at_work, self.let_go = threading.Semaphore(0), threading.Event()

    def run(self, *_arguments: Any, **_options: Any) -> Reply:
        self.at_work.release()
        self.let_go.wait(30)
        raise UnitTimeoutError("It took too long.")


def test_more_previews_than_there_is_room_for_are_turned_away_and_slow_ones_say_what_to_do(house: DedupHouse) -> None:
    pool = SlowPool()
    previews = Previews(house.database, pool)
    faults: list[str] = []

    def look() -> None:
        try:
            previews.compute(PreviewRequest(1))
        except UnitTimeoutError as error:
            faults.append(error.message)

    people = [threading.Thread(target=look) for _ in range(preview.AT_ONCE)]
    for person in people:
        person.start()
        pool.at_work.acquire(timeout=30)
    with pytest.raises(PreviewsBusyError):
        previews.compute(PreviewRequest(1))
    pool.let_go.set()
    for person in people:
        person.join(30)
    assert len(faults) == preview.AT_ONCE
    assert all("smaller sample" in fault for fault in faults)
    with pytest.raises(UnitTimeoutError):  # there is room again
        previews.compute(PreviewRequest(1))
