"""What people have decided in a bank, as the method heeds it: questions that shall not be put together again.

`keep_all` and `not_duplicate` speak of all members of a cluster, a `merge` of those it left out and the one it kept;
what it merged is no longer active. A decision is about questions, so it holds under other settings and in other groups,
too, and for as long as it is not undone. The cluster that was decided stays as it was; later finds make new ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import xxhash
from sqlalchemy import Row, select

from models import ClusterDecision, Database, DuplicateGroup, DuplicateMember, FoundCluster, Question
from services.batches import chunks
from services.dedup.cluster import Settled
from services.dedup.groups import Group


@dataclass(frozen=True, slots=True)
class Decided:
    """Decisions on a group's questions.

    Attributes:
        settled: question id -> the decisions (ids of their clusters) that keep it apart from others under the same.
        members: cluster id -> the active questions it was about.
        stamps: cluster id -> when it was decided; any change of the decisions is a change of these.
    """

    settled: Settled
    members: dict[int, list[int]]
    stamps: dict[int, float]

    @property
    def digest(self) -> str:
        text = " ".join(f"{key}:{at!r}" for key, at in sorted(self.stamps.items()))
        return xxhash.xxh3_64_hexdigest(text.encode()) if text else "0"


def decided(database: Database, group: Group) -> Decided:
    """The decisions that concern two or more active questions of a group.

    First the decisions of the bank, then their members: one statement for both would be answered by going through all
    questions of the group.
    """
    of_bank = (
        select(
            ClusterDecision.cluster_id,
            ClusterDecision.action,
            ClusterDecision.keep_id,
            ClusterDecision.exclude,
            ClusterDecision.decided_at,
        )
        .join(FoundCluster, FoundCluster.id == ClusterDecision.cluster_id)
        .join(DuplicateGroup, DuplicateGroup.id == FoundCluster.group_id)
        .where(DuplicateGroup.bank_id == group.bank_id)
        .order_by(ClusterDecision.cluster_id)
    )
    settled: dict[int, set[int]] = defaultdict(set)
    members: dict[int, list[int]] = defaultdict(list)
    stamps: dict[int, float] = {}
    for decisions in chunks(database.stream(of_bank)):
        by_cluster = {decision.cluster_id: decision for decision in decisions}
        for row in _members(database, group, list(by_cluster)):
            cluster_id, question_id = row.cluster_id, row.question_id
            decision = by_cluster[cluster_id]
            stamps[cluster_id] = decision.decided_at
            members[cluster_id].append(question_id)
            if decision.action != "merge" or question_id == decision.keep_id or question_id in decision.exclude:
                settled[question_id].add(cluster_id)
    return Decided({key: frozenset(clusters) for key, clusters in settled.items()}, dict(members), stamps)


def _members(database: Database, group: Group, cluster_ids: Sequence[int]) -> Iterator[Row[Any]]:
    """(cluster, question) of the active questions of a group, in this order."""
    statement = (
        select(DuplicateMember.cluster_id, DuplicateMember.question_id)
        .join(Question, Question.id == DuplicateMember.question_id)
        .where(DuplicateMember.cluster_id.in_(cluster_ids), *group.conditions())
        .order_by(DuplicateMember.cluster_id, DuplicateMember.question_id)
    )
    return database.stream(statement)
