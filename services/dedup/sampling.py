"""What a dedup run would find at several thresholds, tried on a part of a bank. Runs in a worker process.

Duplicates are rare: of a hundredth of the questions drawn by lot a pair is left once in ten thousand. So questions
that begin alike are drawn together: the lot falls on the first letters of the stem, numbers and signs left out.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from sqlalchemy import func, select

from models import Database, Question
from services.dedup.groups import kept_fields, selected
from services.dedup.options import DedupOptions
from services.dedup.pipeline import GroupResult, QuestionText, deduplicate
from services.runners.steps import database_at
from services.runners.worker import WorkerContext

_COUNTS = ("clusters", "exact", "near", "review", "variant", "unique")
_EXAMPLES, _SHOWN = 3, 200  # pairs of a threshold, and characters of each stem
_BEGINNING, _LETTERS = 40, 6  # characters of a stem that are read, letters of them that the lot falls on
_NO_LETTER = re.compile(r"^[\W\d_]*[(（\[【][^)）\]】]{0,20}[)）\]】]|[\W\d_]+")  # a mark or source in front, too
_SCANNED = 300_000  # questions of a larger bank that take part in the draw
_DRAWING = 0.3  # share of the time for the draw
_MOST_CHARACTERS = 20_000_000  # in a sample: of very long questions there are fewer
_READ_AT_ONCE = 500
_LOT = 2**32


@dataclass(frozen=True, slots=True)
class _Sample:
    """`groups`: the questions of each. `population`: how many there are in all."""

    groups: Sequence[Sequence[QuestionText]]
    population: int

    @property
    def size(self) -> int:
        return sum(map(len, self.groups))


def preview(argument: Mapping[str, Any], _worker: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """Target of the worker pool: {database_url, params, thresholds, sample, seconds} -> counts per threshold.

    `params` as of a dedup task. Thresholds for which `seconds` did not suffice are left out of the answer.
    """
    began = time.monotonic()
    deadline = began + argument["seconds"]
    params = argument["params"]
    database, drawn_by = database_at(argument["database_url"]), began + _DRAWING * argument["seconds"]
    sample = _draw(database, params, argument["sample"], drawn_by)
    options = DedupOptions.from_params(params["options"])
    tried = []
    for threshold in argument["thresholds"]:
        found = _try(sample, replace(options, threshold=threshold), deadline)
        if found is None:
            break
        tried.append({"threshold": threshold, **found})
    return {
        "questions": sample.population,
        "sampled": sample.size,
        "groups": len(sample.groups),
        "is_whole": sample.size == sample.population,
        "is_complete": len(tried) == len(argument["thresholds"]),
        "thresholds": tried,
        "seconds": round(time.monotonic() - began, 3),
    }


def _try(sample: _Sample, options: DedupOptions, deadline: float) -> dict[str, Any] | None:
    """The counts at one threshold, None where time is up."""
    counts = dict.fromkeys(_COUNTS, 0)
    least_alike: list[dict[str, Any]] = []
    for questions in sample.groups:
        if time.monotonic() > deadline:
            return None
        found = deduplicate(questions, options, lambda _stage, _fraction: None)
        counts = {name: counts[name] + _count(found, name) for name in _COUNTS}
        least_alike = sorted([*least_alike, *_examples(found, questions)], key=_similarity)[:_EXAMPLES]
    return counts | {"examples": least_alike}


def _count(found: GroupResult, name: str) -> int:
    return len(found.clusters) if name == "clusters" else int(getattr(found, name))


def _similarity(example: Mapping[str, Any]) -> tuple[float, int]:
    return example["similarity"], example["question_id"]


def _examples(found: GroupResult, questions: Sequence[QuestionText]) -> Iterator[dict[str, Any]]:
    stems = {question.id: question.stem[:_SHOWN] for question in questions}
    for cluster in found.clusters:
        for member in cluster.members:
            if member.verdict == "near":
                yield {
                    "similarity": member.similarity,
                    "representative_id": cluster.representative_id,
                    "representative": stems[cluster.representative_id],
                    "question_id": member.question_id,
                    "question": stems[member.question_id],
                }


def _draw(database: Database, params: Mapping[str, Any], size: int, deadline: float) -> _Sample:
    chosen = selected(params)
    population = database.fetch_all(select(func.count()).select_from(Question).where(*chosen))[0][0]
    ids = None if population <= size else _drawn_ids(database, params, size, size / min(population, _SCANNED), deadline)
    groups: dict[tuple[str, ...], list[QuestionText]] = defaultdict(list)
    characters = 0
    for group, question in _questions(database, params, ids):
        characters += len(question.stem) + sum(map(len, question.options)) + len(question.answer)
        if characters > _MOST_CHARACTERS:
            break
        groups[group].append(question)
    return _Sample(list(groups.values()), population)


def _drawn_ids(
    database: Database, params: Mapping[str, Any], size: int, share: float, deadline: float
) -> Sequence[int]:
    beginning = func.substr(Question.stem, 1, _BEGINNING).label("beginning")
    beginnings = select(Question.id, beginning).where(*selected(params)).order_by(Question.id)
    ids: list[int] = []
    others: list[int] = []  # of a bank whose questions all begin alike, the lot draws all or none
    for row in database.stream(beginnings, chunk=2_000):
        letters = _NO_LETTER.sub("", row.beginning)[:_LETTERS].lower()
        if crc32(letters.encode("utf-8", "surrogatepass")) < share * _LOT:
            ids.append(row.id)
            if len(ids) == size or time.monotonic() > deadline:
                break
        elif len(others) < size:
            others.append(row.id)
    return sorted([*ids, *others[: size - len(ids)]])


def _questions(
    database: Database, params: Mapping[str, Any], ids: Sequence[int] | None
) -> Iterator[tuple[tuple[str, ...], QuestionText]]:
    """Each with the values that its group has in common; `ids` None: all of them."""
    group = [getattr(Question, name) for name in kept_fields(params)]
    texts = (Question.id, Question.stem, Question.options, Question.answer)
    statement = select(*texts, *group).where(*selected(params)).order_by(Question.id)
    if ids is None:
        rows = database.stream(statement)
    else:
        pieces = (ids[start : start + _READ_AT_ONCE] for start in range(0, len(ids), _READ_AT_ONCE))
        rows = (row for some in pieces for row in database.fetch_all(statement.where(Question.id.in_(some))))
    for row in rows:
        yield tuple(row[len(texts) :]), QuestionText(row.id, row.stem, tuple(row.options), row.answer)
