"""Clusters: which questions are one, who stands for them, and what hangs on them.

The last stage of the method. Stars, not chains: a member belongs to a cluster because it was verified against the
representative itself. What is alike but not the same (`review`, `variant`) hangs on the most similar cluster without
being merged.

The representative is the question with an answer and options, then the one that most others were verified against
(the text that noise departs from), then the longest, then the smallest id. The rule looks at nothing but the group's
questions, so the order of input cannot matter; a question that joins later takes the place of a representative only
where it is the better text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from services.dedup.canonical import Canonical
from services.dedup.verify import Comparison, Verdict

Pair = tuple[int, int]
"""Two entries, smaller row first."""
ComparePairs = Callable[[Sequence[Pair]], Sequence[Comparison | None]]
"""What each pair is, None where its two are not alike."""


class Outline(Protocol):
    """As much of a canonical question as clusters are made from: `answer` is falsy where there is none."""

    @property
    def stem(self) -> Sized: ...
    @property
    def options(self) -> Sized: ...
    @property
    def answer(self) -> Hashable: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """Questions that are equal after canonicalisation and whose answers do not disagree.

    Attributes:
        canonical: of the first of them, or its outline.
        ids: ascending, those with an answer first.
        row: of the first of them, in the order of the group's ids.
    """

    canonical: Outline
    ids: tuple[int, ...]
    row: int


Settled = Mapping[int, frozenset[int]]
"""Decisions by what they are about: two that are under one decision shall not stand in one cluster again."""
_NOTHING: frozenset[int] = frozenset()


@dataclass(slots=True)
class Star:
    """A representative entry, the near entries merged with it, and what hangs on it; rows of the entry list.

    Evidence names the representative's side first.
    """

    representative: int
    near: dict[int, Comparison] = field(default_factory=dict)
    hanging: dict[int, Comparison] = field(default_factory=dict)


def exact_entries(
    ids: Sequence[int], questions: Sequence[Canonical], keys: Sequence[int], settled: Settled | None = None
) -> list[Entry]:
    """One entry for each exact key and answer, in the order of their rows.

    A copy without an answer joins the answer most copies give (then the one of the smallest id).

    Args:
        ids: ascending.
        questions: canonical, row by row.
        keys: equal where the questions are, whatever their answers.
        settled: decisions by id.
    """
    answers = [question.answer for question in questions]
    by_row = {row: settled[key] for row, key in enumerate(ids) if key in settled} if settled else {}
    by_key: dict[int, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        by_key[key].append(row)
    entries = []
    for rows in by_key.values():
        groups = [rows] if len(rows) == 1 else split_copies(rows, answers, by_row)
        entries += [Entry(questions[group[0]], tuple(ids[row] for row in group), group[0]) for group in groups]
    return sorted(entries, key=lambda entry: entry.row)


def split_copies(
    rows: Sequence[int], answers: Sequence[Hashable] | Mapping[int, Hashable], settled: Settled
) -> list[list[int]]:
    """Rows of one exact key as entries, each with the rows that have an answer first.

    Args:
        rows: ascending.
        answers: by row; falsy where there is none.
        settled: decisions by row.
    """
    by_answer: dict[Hashable, list[int]] = defaultdict(list)
    for row in rows:
        by_answer[answers[row]].append(row)
    silent = [row for answer, some in by_answer.items() if not answer for row in some]
    copies = sorted((some for answer, some in by_answer.items() if answer), key=lambda some: (-len(some), some[0]))
    copies = copies or [[]]
    copies[0] = copies[0] + silent
    return [part for some in copies for part in _kept_apart(some, settled)]


def _kept_apart(rows: Sequence[int], settled: Settled) -> list[list[int]]:
    parts: list[tuple[list[int], set[int]]] = []
    for row in rows:
        decisions = settled.get(row, _NOTHING)
        host = next((part for part in parts if decisions.isdisjoint(part[1])), None)
        if host is None:
            host = ([], set())
            parts.append(host)
        host[0].append(row)
        host[1].update(decisions)
    return [part for part, _ in parts]


def build_stars(
    entries: Sequence[Entry],
    comparisons: Mapping[Pair, Comparison],
    compare_pairs: ComparePairs,
    settled: Settled | None = None,
) -> list[Star]:
    """Clusters of entries, in the order of their rank.

    Args:
        entries: all entries of the group.
        comparisons: the verified pairs.
        compare_pairs: verifies pairs that were no candidates; needed where clusters are linked through members only.
        settled: decisions by the id of a question; whatever two of one decision are, they share no cluster.
    """
    by_row = _settled_rows(entries, settled or {})

    def is_open(a: int, b: int) -> bool:
        return by_row.get(a, _NOTHING).isdisjoint(by_row.get(b, _NOTHING))

    def compare_open(pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Comparison | None]]:
        some = [pair for pair in pairs if is_open(*pair)]
        return zip(some, compare_pairs(some), strict=True)

    known = {pair: comparison for pair, comparison in comparisons.items() if not by_row or is_open(*pair)}
    for _ in range(2):
        stars = _merge_near(entries, known, by_row)
        linked = _linked(stars, known)
        if not _compare_linked(linked, known, compare_open):
            break
    return _hang(entries, stars, {pair: known[pair] for pair in linked if pair in known})


def _settled_rows(entries: Sequence[Entry], settled: Settled) -> Settled:
    if not settled:
        return {}
    rows = {row: [settled[key] for key in entry.ids if key in settled] for row, entry in enumerate(entries)}
    return {row: frozenset().union(*decisions) for row, decisions in rows.items() if decisions}


def _merge_near(entries: Sequence[Entry], comparisons: Mapping[Pair, Comparison], settled: Settled) -> list[Star]:
    near, foes = _neighbours(comparisons)
    alike = {row for pair in comparisons for row in pair}
    active = [row for row, entry in enumerate(entries) if row in alike or len(entry.ids) > 1]
    by_rank = _ranked(active, entries, near)
    ranks = {row: rank for rank, row in enumerate(by_rank)}
    representatives = _choose_representatives(by_rank, near)
    stars = {row: Star(row) for row in by_rank if row in representatives}
    decisions = {row: settled.get(row, _NOTHING) for row in stars} if settled else {}
    for row in sorted(near.keys() - representatives, key=ranks.__getitem__):
        ours = settled.get(row, _NOTHING)
        open_to_us = near[row]
        if ours:
            open_to_us = {other: c for other, c in near[row].items() if ours.isdisjoint(decisions.get(other, _NOTHING))}
        host = _host(row, open_to_us, foes[row], stars, entries, ranks)
        if host is None:
            host = row
            stars[row] = Star(row)
        else:
            stars[host].near[row] = _seen_from(host, row, near[row][host])
        if settled:
            decisions[host] = decisions.get(host, _NOTHING) | ours
    return [stars[row] for row in by_rank if row in stars]


def _choose_representatives(by_rank: Iterable[int], near: Mapping[int, Mapping[int, Comparison]]) -> set[int]:
    """The best entry stands for its neighbours, then the best of those that are left, and so on."""
    chosen: set[int] = set()
    covered: set[int] = set()
    for row in by_rank:
        if row not in covered:
            chosen.add(row)
            covered.add(row)
            covered.update(near.get(row, ()))
    return chosen


def _host(
    row: int,
    near: Mapping[int, Comparison],
    foes: set[int],
    stars: Mapping[int, Star],
    entries: Sequence[Entry],
    ranks: Mapping[int, int],
) -> int | None:
    """The representative most like an entry, of those whose clusters hold nothing that contradicts it.

    An entry with an answer never joins a representative without one: two answers could meet there.
    """
    has_answer = bool(entries[row].canonical.answer)
    hosts = [
        other
        for other in near
        if other in stars
        and (entries[other].canonical.answer or not has_answer)
        and other not in foes
        and foes.isdisjoint(stars[other].near)
    ]
    return min(hosts, key=lambda other: (-near[other].similarity, ranks[other]), default=None)


def _neighbours(
    comparisons: Mapping[Pair, Comparison],
) -> tuple[dict[int, dict[int, Comparison]], dict[int, set[int]]]:
    """For each entry the ones it is near to, and the ones it cannot share a cluster with."""
    near: dict[int, dict[int, Comparison]] = defaultdict(dict)
    foes: dict[int, set[int]] = defaultdict(set)
    for (one, other), comparison in comparisons.items():
        if comparison.verdict is Verdict.NEAR:
            near[one][other] = near[other][one] = comparison
        elif comparison.contradicts:
            foes[one].add(other)
            foes[other].add(one)
    return near, foes


def _ranked(rows: Sequence[int], entries: Sequence[Entry], near: Mapping[int, Mapping[int, Comparison]]) -> list[int]:
    """Rows, ascending, in the order in which they make good representatives."""
    some = [entries[row] for row in rows]
    support = [len(entry.ids) for entry in some]
    for place, row in enumerate(rows):
        if row in near:
            support[place] += sum([len(entries[other].ids) for other in near[row]])
    keys = (
        [-len(entry.canonical.stem) for entry in some],
        [-count for count in support],
        [not entry.canonical.options for entry in some],
        [not entry.canonical.answer for entry in some],
    )  # the last is the first to decide; of equals the smaller row
    return [rows[place] for place in np.lexsort(keys).tolist()]


def _compare_linked(
    linked: Iterable[Pair],
    known: dict[Pair, Comparison],
    compare_open: Callable[[Sequence[Pair]], Iterable[tuple[Pair, Comparison | None]]],
) -> bool:
    """Verify the representatives of linked clusters; True when two of them turn out to be near."""
    unknown = [pair for pair in linked if pair not in known]
    found = {pair: comparison for pair, comparison in compare_open(unknown) if comparison}
    known.update(found)
    return any(comparison.verdict is Verdict.NEAR for comparison in found.values())


def _linked(stars: Sequence[Star], known: Mapping[Pair, Comparison]) -> list[Pair]:
    """The representatives of clusters that any verified pair links."""
    home = {row: star.representative for star in stars for row in (star.representative, *star.near)}
    pairs = {(min(home[a], home[b]), max(home[a], home[b])) for a, b in known if home[a] != home[b]}
    return sorted(pairs)


def _hang(entries: Sequence[Entry], stars: Sequence[Star], between: Mapping[Pair, Comparison]) -> list[Star]:
    """Hang what is alike on the most similar cluster: first what a person must judge, then the variants.

    A cluster that has something of its own keeps it: its representative then stands in its own cluster and as a variant
    in the other. Hosts are, in order, the clusters with most questions, then with most doubts to settle, then of best
    rank.

    Args:
        entries: of the group.
        stars: in the order of their rank.
        between: what their representatives are to each other, where they are linked.
    """
    links: dict[int, dict[int, Comparison]] = defaultdict(dict)
    for (a, b), comparison in between.items():
        links[a][b] = links[b][a] = comparison
    by_row = {star.representative: star for star in stars}
    size = {row: len(entries[row].ids) for row in by_row}
    for star in stars:
        for row in star.near:
            size[star.representative] += len(entries[row].ids)
    rank = {star.representative: n for n, star in enumerate(stars)}
    # One without a link neither hangs nor has what hangs on it.
    doubts = {row: sum([c.verdict is not Verdict.VARIANT for c in linked.values()]) for row, linked in links.items()}
    order = sorted(links, key=lambda row: (-size[row], -doubts[row], rank[row]))
    hosts: set[int] = set()
    for row in order:
        reviews = {other: c for other, c in links[row].items() if other in hosts and c.verdict is not Verdict.VARIANT}
        if not _hang_one(row, reviews, by_row):
            hosts.add(row)
    standing: set[int] = set()
    for row in (row for row in order if row in hosts):
        variants = {other: c for other, c in links[row].items() if other in standing}
        is_hung = _hang_one(row, variants, by_row)
        if not is_hung or size[row] > 1 or by_row[row].hanging:
            standing.add(row)
    return [star for star in stars if star.near or star.hanging or size[star.representative] > 1]


def _hang_one(row: int, choices: Mapping[int, Comparison], stars: Mapping[int, Star]) -> bool:
    if not choices:
        return False
    host = min(choices, key=lambda other: (-choices[other].similarity, other))
    stars[host].hanging[row] = _seen_from(host, row, _not_merged(choices[host]))
    return True


def _seen_from(representative: int, member: int, comparison: Comparison) -> Comparison:
    """A comparison of the smaller row with the larger, as evidence names it: the representative's side first."""
    return comparison if representative < member else comparison.flipped()


def _not_merged(comparison: Comparison) -> Comparison:
    """Two representatives that are near each other through answers that a third cluster contradicts: for a person."""
    if comparison.verdict is not Verdict.NEAR:
        return comparison
    return Comparison(Verdict.REVIEW, comparison.similarity, comparison.contradicts, comparison.evidence)
