"""The method from end to end: questions of one group in, clusters out. Pure: no database, no threads, no state.

canonical form -> exact entries -> fingerprints -> candidate pairs -> verified pairs -> clusters
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

from services.dedup.candidates import candidate_pairs
from services.dedup.canonical import Canonical, canonicalise_all
from services.dedup.cluster import Entry, Pair, Settled, Star, build_stars, exact_entries
from services.dedup.fingerprint import fingerprint
from services.dedup.options import DedupOptions
from services.dedup.verify import PLACES, Comparison, Verdict, compare

Report = Callable[[str, float], None]
"""report(stage, fraction): the stage's name and how much of the whole group is done, 0 to 1, never falling."""

# Share of the whole at which each stage ends, as measured on 100,000 questions.
_STAGE_ENDS = {"canonicalise": 0.45, "fingerprint": 0.50, "candidates": 0.55, "verify": 0.95, "cluster": 1.0}
_REPORT_EVERY = 500
_BATCH = 4000
_DIFF_LIMIT = 16_000_000
"""Product of two displayed lengths up to which the diff is made character by character."""


@dataclass(frozen=True, slots=True)
class QuestionText:
    """What the method reads of a question; `id` is unique in the group, `answer` is "" when there is none."""

    id: int
    stem: str
    options: tuple[str, ...] = ()
    answer: str = ""


@dataclass(slots=True)
class Member:
    """One question of a cluster against its representative.

    Attributes:
        question_id: the question.
        verdict: exact and near are merged; review and variant only hang on the cluster.
        similarity: 0 to 1.
        evidence: ready for JSON: similarity of stem and options, `differs` (numbers, symbols, units, negation, words,
            pictures, options, answer, each a list of [representative's, member's]), `noise`, and `opcodes`: the
            stretches [tag, i1, i2, j1, j2] in which the member's displayed stem departs from the representative's.
    """

    question_id: int
    verdict: Verdict
    similarity: float
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Cluster:
    """A representative (first member, exact, similarity 1.0), what is merged with it and what hangs on it."""

    representative_id: int
    members: list[Member]


@dataclass(slots=True)
class GroupResult:
    """All clusters of one group; the counts are of members other than representatives, `unique` = questions - exact -
    near.
    """

    clusters: list[Cluster]
    questions: int
    exact: int
    near: int
    review: int
    variant: int
    unique: int


def deduplicate(
    questions: Sequence[QuestionText], options: DedupOptions, report: Report, settled: Settled | None = None
) -> GroupResult:
    """Find the duplicates among the questions of one group.

    Args:
        questions: in any order; the result does not depend on it.
        options: threshold and guards.
        report: called often enough for a live progress display.
        settled: what people decided, by question id: two under one decision do not come together.

    Returns:
        The clusters, largest rank first, and the counts.
    """
    with no_collection():
        return _deduplicate(questions, options, report, settled or {})


def _deduplicate(
    questions: Sequence[QuestionText], options: DedupOptions, report: Report, settled: Settled
) -> GroupResult:
    by_id = {question.id: question for question in sorted(questions, key=lambda question: question.id)}
    canonicals = _canonicalise(list(by_id.values()), report)
    prints = fingerprint(canonicals, lambda done: _tell(report, "fingerprint", done, len(canonicals)))
    entries = exact_entries(list(by_id), canonicals, prints.exact.tolist(), settled)
    _tell(report, "candidates", 0, 1)
    rows = np.array([entry.row for entry in entries], dtype=np.int64)
    pairs = candidate_pairs(prints.sketches.of_rows(rows), prints.numbers[rows])
    comparisons = _verify([canonicals[entry.row] for entry in entries], pairs, options, report)
    texts = [canonicals[entry.row] for entry in entries]

    def compare_pairs(pairs: Sequence[Pair]) -> list[Comparison | None]:
        return [compare(texts[a], texts[b], options) for a, b in pairs]

    stars = build_stars(entries, comparisons, compare_pairs, settled)
    result = _result([_cluster(star, entries, by_id) for star in stars], len(by_id))
    report("cluster", 1.0)
    return result


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the cyclic garbage collector: millions of small objects, not one cycle; it took a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _canonicalise(questions: Sequence[QuestionText], report: Report) -> list[Canonical]:
    canonicals: list[Canonical] = []
    for start in range(0, len(questions), _BATCH):
        _tell(report, "canonicalise", start, len(questions))
        batch = questions[start : start + _BATCH]
        canonicals += canonicalise_all([(question.stem, question.options, question.answer) for question in batch])
    return canonicals


def _verify(
    texts: Sequence[Canonical], pairs: npt.NDArray[np.uint32], options: DedupOptions, report: Report
) -> dict[Pair, Comparison]:
    comparisons: dict[Pair, Comparison] = {}
    for done, (a, b) in enumerate(pairs.tolist()):
        if comparison := compare(texts[a], texts[b], options):
            comparisons[a, b] = comparison
        if done % _REPORT_EVERY == 0:
            _tell(report, "verify", done, len(pairs))
    return comparisons


def _cluster(star: Star, entries: Sequence[Entry], by_id: dict[int, QuestionText]) -> Cluster:
    """Members of a star: the representative, its exact copies, then near and hanging ones, most similar first."""
    chief = entries[star.representative].ids[0]
    members = [Member(chief, Verdict.EXACT, 1.0, {})]
    for question_id, _, comparison in listed(star, entries):
        evidence = dict(comparison.evidence, opcodes=opcodes(by_id[chief].stem, by_id[question_id].stem))
        members.append(Member(question_id, comparison.verdict, comparison.similarity, evidence))
    return Cluster(chief, members)


_SAME = {"stem_similarity": 1.0, "options_similarity": 1.0, "differs": {}, "noise": 0, "reworded": False}
EXACT = Comparison(Verdict.EXACT, 1.0, evidence=_SAME)
"""What an exact copy is to its representative."""


def listed(star: Star, entries: Sequence[Entry]) -> Iterator[tuple[int, int, Comparison]]:
    """The members beside the representative in their order: question, row of its entry, what it is to the
    representative.
    """
    for copy in entries[star.representative].ids[1:]:
        yield copy, star.representative, EXACT
    for row, comparison in _ordered(star.near):
        for copy in entries[row].ids:
            yield copy, row, comparison
    for row, comparison in _ordered(star.hanging):
        yield entries[row].ids[0], row, comparison


def _ordered(rows: dict[int, Comparison]) -> list[tuple[int, Comparison]]:
    return sorted(rows.items(), key=lambda item: (PLACES[item[1].verdict], -item[1].similarity, item[0]))


def opcodes(a: str, b: str) -> list[list[str | int]]:
    """Edits from one displayed text to another, equal stretches left out."""
    if a == b:
        return []
    if len(a) * len(b) > _DIFF_LIMIT:
        return [["replace", 0, len(a), 0, len(b)]]
    return [list(op) for op in Levenshtein.opcodes(a, b).as_list() if op[0] != "equal"]


def _result(clusters: list[Cluster], questions: int) -> GroupResult:
    counts = dict.fromkeys(Verdict, 0)
    for cluster in clusters:
        for member in cluster.members[1:]:
            counts[member.verdict] += 1
    exact, near = counts[Verdict.EXACT], counts[Verdict.NEAR]
    return GroupResult(
        clusters, questions, exact, near, counts[Verdict.REVIEW], counts[Verdict.VARIANT], questions - exact - near
    )


def _tell(report: Report, stage: str, done: int, total: int) -> None:
    """Report a stage's progress as a share of the whole."""
    names = list(_STAGE_ENDS)
    begin = _STAGE_ENDS[names[names.index(stage) - 1]] if stage != names[0] else 0.0
    report(stage, begin + (_STAGE_ENDS[stage] - begin) * done / max(total, 1))
