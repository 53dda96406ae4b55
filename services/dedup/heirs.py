"""Which of a run's clusters goes on with which earlier one, and so keeps its id."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from services.dedup.pipeline import Cluster

Row = tuple[int, str, float]
"""A member: question, verdict, similarity."""
_MERGED = ("exact", "near")
_WEIGHT = 1000


def rows_of(cluster: Cluster) -> list[Row]:
    return [(member.question_id, str(member.verdict), member.similarity) for member in cluster.members]


def heirs_of(clusters: Sequence[Cluster], earlier: Mapping[int, Sequence[Row]]) -> dict[int, int]:
    """Earlier cluster id -> place of the new cluster that goes on with it: the one that has most of its members.

    Members that are merged count before those that only hang on it; each cluster has one heir and one origin.
    """
    if not earlier:
        return {}
    places: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for place, cluster in enumerate(clusters):
        for member in cluster.members:
            places[member.question_id].append((place, member.verdict in _MERGED))
    shared: Counter[tuple[int, int]] = Counter()
    for key, rows in earlier.items():
        for question_id, verdict, _ in rows:
            for place, is_merged in places.get(question_id, ()):
                shared[key, place] += _WEIGHT if is_merged and verdict in _MERGED else 1
    heirs: dict[int, int] = {}
    taken: set[int] = set()
    for (key, place), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if key not in heirs and place not in taken:
            heirs[key] = place
            taken.add(place)
    return heirs
