"""What people have decided in a bank, as the method heeds it: questions that shall not be put together again.

`keep_all` and `not_duplicate` speak of all members of a cluster, a `merge` of those it left out and the one it kept;
what it merged is no longer active. A decision is about questions, so it holds under other settings and in other groups,
too, and for as long as it is not undone. The cluster that was decided stays as it was; later finds make new ones.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import xxhash
from sqlalchemy import select

from models import ClusterDecision, Database, DuplicateGroup, DuplicateMember, FoundCluster, Question
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
    """The decisions that concern two or more active questions of a group."""
    statement = (
        select(
            ClusterDecision.cluster_id,
            ClusterDecision.action,
            ClusterDecision.keep_id,
            ClusterDecision.exclude,
            ClusterDecision.decided_at,
            DuplicateMember.question_id,
        )
        .join(FoundCluster, FoundCluster.id == ClusterDecision.cluster_id)
        .join(DuplicateGroup, DuplicateGroup.id == FoundCluster.group_id)
        .join(DuplicateMember, DuplicateMember.cluster_id == FoundCluster.id)
        .join(Question, Question.id == DuplicateMember.question_id)
        .where(DuplicateGroup.bank_id == group.bank_id, *group.conditions())
        .order_by(ClusterDecision.cluster_id, DuplicateMember.question_id)
    )
    settled: dict[int, set[int]] = defaultdict(set)
    members: dict[int, list[int]] = defaultdict(list)
    stamps: dict[int, float] = {}
    for row in database.stream(statement):
        stamps[row.cluster_id] = row.decided_at
        members[row.cluster_id].append(row.question_id)
        if row.action != "merge" or row.question_id == row.keep_id or row.question_id in row.exclude:
            settled[row.question_id].add(row.cluster_id)
    return Decided({key: frozenset(clusters) for key, clusters in settled.items()}, dict(members), stamps)
