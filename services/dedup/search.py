"""The method on a large group: by stored fingerprints, in shares that run side by side, and only as far as something
has changed.

The same steps as `pipeline.deduplicate`, which has a whole group in memory. Here the texts are read when two of them
are compared, and clusters are made anew only where something hangs together with a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash
from sqlalchemy import select

from models import Database, DuplicateMember
from services.batches import chunks
from services.dedup.candidates import Share, pair_blocks
from services.dedup.canonical import Canonical
from services.dedup.cluster import Entry, Pair, Star, build_stars
from services.dedup.edges import Edges, turned
from services.dedup.entries import Heads, entries_of, heads_of
from services.dedup.forms import unpack, wanted_forms
from services.dedup.groups import Group
from services.dedup.handover import Stage, handed_over
from services.dedup.lookup import Mask
from services.dedup.options import DedupOptions
from services.dedup.pipeline import EXACT, Cluster, Member, listed, opcodes
from services.dedup.profiles import may_be_alike
from services.dedup.settled import Decided
from services.dedup.state import Ids, State, compare_with, spread
from services.dedup.store import Prints, canonicals_of, stems_of, texts_of
from services.dedup.verify import Comparison, Verdict, compare
from services.runners.base import UnitContext

_PAIRS_AT_ONCE = 2_000
_STARS_AT_ONCE = 2_000
_TEXTS_KEPT = 8_000  # canonical texts in memory, some 20 MB
_MET = 0.2  # how much of a share is done when its pairs are known
_READ, _COMPARED, _CLUSTERED = 0.1, 0.4, 0.7  # how much of a merge is done
_WHOLE = Share()
Pairs = npt.NDArray[np.int64]
"""(smaller row, larger row) of the prints, shape (pairs, 2)."""


@dataclass(frozen=True, slots=True)
class Search:
    """A group to be searched, the decisions to be heeded, and the unit that does it."""

    group: Group
    decisions: Decided
    context: UnitContext

    @property
    def options(self) -> DedupOptions:
        return DedupOptions.from_params(self.context.params.get("options") or {})


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        clusters: all clusters that hold one of `touched`.
        touched: ids of the questions whose clusters may have changed; None: all.
        state: for the next run.
    """

    clusters: list[Cluster]
    touched: Ids | None
    state: State


def compare_share(search: Search, prints: Prints, share: Share) -> bytes:
    """The alike pairs of one share of a group, for `compared_shares`."""
    heads = heads_of(prints, search.decisions.settled)
    return _stamp(prints, heads) + _alike(search, prints, heads, share).to_bytes()


def compared_shares(search: Search, prints: Prints) -> State | None:
    """What the units of the stage before have compared; None where the group has changed in between."""
    heads = heads_of(prints, search.decisions.settled)
    stamp = _stamp(prints, heads)
    shares = []
    for data in handed_over(search.group, Stage.COMPARE, search.context):
        if data is None or data[: len(stamp)] != stamp:
            return None
        shares.append(Edges.from_bytes(data[len(stamp) :]))
    return State.of(prints, heads, Edges.joined(shares), search.decisions.stamps)


def bring_up_to_date(search: Search, prints: Prints, state: State, again: Iterable[int], *, everything: bool) -> Found:
    """The clusters that are others than in a state, or may be.

    Args:
        search: the group, and the decisions to be heeded.
        prints: of its questions as they are now.
        state: what is known; of no questions, where nothing is.
        again: ids of questions to be dealt with in any case.
        everything: whether all clusters are asked for.
    """
    report = search.context.report
    heads = heads_of(prints, search.decisions.settled)
    seeds = np.array([*again, *_newly_decided(search, state)], dtype=np.int64)
    change = compare_with(state, prints, heads, seeds)
    report(_READ, "candidates")
    edges = Edges.joined([state.edges.only(change.kept), _alike(search, prints, heads, fresh=change.fresh)])
    reached = np.ones(len(prints), dtype=np.bool_) if everything else spread(change.seeds, prints, edges)
    report(_COMPARED, "cluster")
    clusters = _clusters(search, prints, heads, edges, reached)
    touched = None if everything else np.unique(np.concatenate([prints.ids[reached], change.gone, seeds]))
    return Found(clusters, touched, State.of(prints, heads, edges.bare(), search.decisions.stamps))


def _newly_decided(search: Search, state: State) -> list[int]:
    """The questions about which something was decided, or undone, since the last run."""
    changed = sorted({key for key, _ in set(state.stamps.items()) ^ set(search.decisions.stamps.items())})
    ids: list[int] = []
    for some in chunks(changed):
        members = select(DuplicateMember.question_id).where(DuplicateMember.cluster_id.in_(some))
        ids += [row.question_id for row in search.context.database.fetch_all(members)]
    return ids


def _stamp(prints: Prints, heads: Heads) -> bytes:
    """Names what is compared with each other: 16 bytes."""
    digest = xxhash.xxh3_128(heads.rows.tobytes())
    for array in (prints.ids, prints.texts):
        digest.update(array.tobytes())
    return digest.digest()


class _Texts:
    """Displayed stems and canonical forms by id, read when they are needed.

    Args:
        database: where they are, or are made from.
        packed: forms that are there already, see `forms`.
    """

    def __init__(self, database: Database, packed: Mapping[int, bytes] | None = None) -> None:
        self._database = database
        self._packed = packed or {}
        self._stems: dict[int, str] = {}
        self._forms: dict[int, Canonical] = {}

    def fetch(self, ids: Iterable[int]) -> None:
        """For `compare`."""
        wanted = set(ids)
        if len(self._forms) + len(wanted) > _TEXTS_KEPT:
            self._forms.clear()
        missing = wanted - self._forms.keys()
        here = missing & self._packed.keys()
        self._forms.update((key, unpack(self._packed[key])) for key in here)
        for rows in texts_of(self._database, sorted(missing - here)):
            self._forms.update(zip((row.id for row in rows), canonicals_of(rows), strict=True))

    def fetch_stems(self, ids: Iterable[int]) -> None:
        """For `opcodes`."""
        wanted = set(ids)
        if len(self._stems) + len(wanted) > _TEXTS_KEPT:
            self._stems.clear()
        self._stems.update(stems_of(self._database, sorted(wanted - self._stems.keys())))

    def compare(self, a: int, b: int, options: DedupOptions) -> Comparison | None:
        """What b is to a."""
        if a not in self._forms or b not in self._forms:
            return None  # deleted with its bank this moment
        return compare(self._forms[a], self._forms[b], options)

    def opcodes(self, a: int, b: int) -> list[list[str | int]]:
        """The edits between two displayed stems."""
        return opcodes(self._stems[a], self._stems[b]) if {a, b} <= self._stems.keys() else []


def _alike(search: Search, prints: Prints, heads: Heads, share: Share = _WHOLE, fresh: Mask | None = None) -> Edges:
    """The pairs of entries that are alike: of a share, or those with at least one fresh entry."""
    if fresh is not None and not fresh.any():
        return Edges.of([])
    options = search.options
    pairs = _candidates(search, prints, heads, share, None if fresh is None else fresh[heads.rows])
    texts, found = _Texts(search.context.database, _packed_forms(search, prints, pairs)), []
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        if fresh is None:
            search.context.report(_MET + (1 - _MET) * start / len(pairs), "verify")
        some = prints.ids[pairs[start : start + _PAIRS_AT_ONCE]].tolist()
        texts.fetch(key for pair in some for key in pair)
        compared = [(a, b, texts.compare(a, b, options)) for a, b in some]
        alike = [(a, b, comparison) for a, b, comparison in compared if comparison]
        texts.fetch_stems(key for a, b, _ in alike for key in (a, b))
        for a, b, comparison in alike:
            comparison.evidence["opcodes"] = texts.opcodes(a, b)
        found.append(Edges.of(alike))
    return Edges.joined(found)


def _candidates(search: Search, prints: Prints, heads: Heads, share: Share, fresh: Mask | None) -> Pairs:
    """The pairs of rows to compare: those that meet, but for those that their profiles tell apart."""
    floor = search.options.floor
    pairs = [np.zeros((0, 2), dtype=np.int64)]
    blocks = pair_blocks(prints.sketches().of_rows(heads.rows), prints.numbers[heads.rows], share, fresh)
    for met, done in blocks:
        rows = heads.rows[met]
        pairs.append(rows[may_be_alike(prints.shapes, prints.profiles, rows, floor)])
        if fresh is None:
            search.context.report(_MET * done, "candidates")
    return np.concatenate(pairs)


def _packed_forms(search: Search, prints: Prints, pairs: Pairs) -> dict[int, bytes]:
    """The canonical forms of the rows that the stage before has left."""
    rows = np.unique(pairs)
    return wanted_forms(handed_over(search.group, Stage.PRINTS, search.context), prints.ids[rows], prints.texts[rows])


def _clusters(search: Search, prints: Prints, heads: Heads, edges: Edges, reached: Mask) -> list[Cluster]:
    """The clusters of all entries that were reached."""
    a, b = np.searchsorted(prints.ids, edges.a), np.searchsorted(prints.ids, edges.b)
    some = np.flatnonzero(reached[a] & reached[b])
    copied = [row for row in heads.copies if reached[row]]
    copies = np.array([row for head in copied for row in heads.copies[head]], dtype=np.int64)
    rows = np.unique(np.concatenate([a[some], b[some], np.array(copied, dtype=np.int64)]))
    entries = entries_of(prints, heads, rows)
    row_of = {key: row for row, key in enumerate(prints.ids[rows].tolist())}
    comparisons = edges.comparisons(row_of, some.tolist())
    number_of, read = dict(zip(comparisons, some.tolist(), strict=True)), edges.reader()
    texts = _Texts(search.context.database)

    def compare_pairs(pairs: Sequence[Pair]) -> list[Comparison | None]:
        compared: list[Comparison | None] = []
        options = search.options
        for some in chunks([(entries[one].ids[0], entries[other].ids[0]) for one, other in pairs], _PAIRS_AT_ONCE):
            texts.fetch(key for pair in some for key in pair)
            compared += [texts.compare(*pair, options) for pair in some]
        return compared

    def evidence_of(pair: Pair) -> Mapping[str, Any]:
        return read(number_of[pair]) if pair in number_of else {}

    stars = build_stars(entries, comparisons, compare_pairs, search.decisions.settled)
    raw = dict(zip(prints.ids[copies].tolist(), prints.texts[copies].tolist(), strict=True))
    describe = _Describer(entries, evidence_of, texts, raw, search.options)
    clusters: list[Cluster] = []
    for start in range(0, len(stars), _STARS_AT_ONCE):
        search.context.report(_COMPARED + (_CLUSTERED - _COMPARED) * start / len(stars), "cluster")
        clusters += describe.all_of(stars[start : start + _STARS_AT_ONCE])
    return clusters


@dataclass(frozen=True, slots=True)
class _Describer:
    """Makes clusters of questions from stars of entries, with the evidence that was kept, or else worked out again.

    Attributes:
        entries: by row.
        kept: the evidence of a pair of rows.
        texts: to work it out again.
        raw: hashes of the raw texts, by id, of the questions that are exact copies of others.
        options: of the run.
    """

    entries: Sequence[Entry]
    kept: Callable[[Pair], Mapping[str, Any]]
    texts: _Texts
    raw: Mapping[int, int]
    options: DedupOptions

    def all_of(self, stars: Sequence[Star]) -> list[Cluster]:
        drafts = [(star, self._members(star)) for star in stars]
        chiefs = [self.entries[star.representative].ids[0] for star in stars]
        together = [(chief, member) for chief, (_, members) in zip(chiefs, drafts, strict=True) for member in members]
        unknown = [key for chief, each in together if not each.evidence for key in (chief, self._head(each))]
        copies = [key for pair in together if self._is_other_copy(*pair) for key in (pair[0], pair[1].question_id)]
        self.texts.fetch(unknown)
        self.texts.fetch_stems(unknown + copies)
        return [self._cluster(star, members) for star, members in drafts]

    def _members(self, star: Star) -> list[_Draft]:
        """The evidence is that of the pair in the order of its rows; without it the texts must be read."""
        drafts = []
        for key, row, comparison in listed(star, self.entries):
            pair = min(row, star.representative), max(row, star.representative)
            evidence = comparison.evidence if comparison is EXACT else self.kept(pair)
            drafts.append(_Draft(key, row, comparison, evidence))
        return drafts

    def _head(self, member: _Draft) -> int:
        return self.entries[member.row].ids[0]

    def _is_copy(self, member: _Draft) -> bool:
        """Not the one that was compared, whose displayed stem may be another."""
        return member.question_id != self._head(member)

    def _is_other_copy(self, chief: int, member: _Draft) -> bool:
        """A copy that differs from the representative to the eye, or may; the others' stems need not be read."""
        return self._is_copy(member) and self.raw[member.question_id] != self.raw.get(chief)

    def _cluster(self, star: Star, members: Sequence[_Draft]) -> Cluster:
        chief = self.entries[star.representative].ids[0]
        described = [Member(chief, Verdict.EXACT, 1.0, {})]
        for member in members:
            evidence = self._evidence(star.representative, member)
            if self._is_copy(member):
                evidence["opcodes"] = self.texts.opcodes(chief, member.question_id)
            comparison = member.comparison
            described.append(Member(member.question_id, comparison.verdict, comparison.similarity, evidence))
        return Cluster(chief, described)

    def _evidence(self, representative: int, member: _Draft) -> dict[str, Any]:
        evidence = member.evidence
        if not evidence:
            rows = min(representative, member.row), max(representative, member.row)
            a, b = (self.entries[row].ids[0] for row in rows)
            again = self.texts.compare(a, b, self.options)
            evidence = again.evidence | {"opcodes": self.texts.opcodes(a, b)} if again else {}
        return turned(evidence) if member.row < representative else dict(evidence)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A member to be: the evidence may have to be worked out again."""

    question_id: int
    row: int  # of its entry
    comparison: Comparison
    evidence: Mapping[str, Any]
