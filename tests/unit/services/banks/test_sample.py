from __future__ import annotations

import json

from services.banks.sample import SAMPLE
from services.dedup.options import DedupOptions
from services.dedup.pipeline import QuestionText, deduplicate


def questions_by_group() -> dict[tuple[str, str, str], list[QuestionText]]:
    groups: dict[tuple[str, str, str], list[QuestionText]] = {}
    for number, line in enumerate(SAMPLE.read_text("utf-8").splitlines()):
        row = json.loads(line)
        group = groups.setdefault((row["type_name"], row["subject_name"], row["channel_code"]), [])
        group.append(QuestionText(number, row["stem"], tuple(row["options"]), row["answer"]))
    return groups


def test_there_is_something_of_everything_to_find():
    groups = questions_by_group()
    results = [deduplicate(group, DedupOptions(), lambda _stage, _done: None) for group in groups.values()]
    assert sum(result.questions for result in results) >= 180
    assert len(groups) >= 15
    for verdict, least in {"exact": 20, "near": 3, "review": 3, "variant": 25}.items():
        assert sum(getattr(result, verdict) for result in results) >= least, verdict
