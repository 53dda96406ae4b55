"""How far people are with what a task found."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, func

from models import ClusterDecision, Database, DuplicateCluster
from services.dedup.findings import ClusterQuery, matching_clusters

VERDICTS = ("exact", "near", "review", "variant")
ACTIONS = ("merge", "keep_all", "not_duplicate")


class ReviewFigures:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, task_id: int) -> dict[str, Any]:
        """Clusters of finished groups: decided and left, by verdict (clusters with such a member), action and person.

        A cluster with members of two verdicts is counted under both, as the list shows it under both filters.
        """
        matching = matching_clusters(task_id, ClusterQuery())
        sums = self._database.fetch_all(
            matching.with_only_columns(
                *_both("all", DuplicateCluster.id.is_not(None)),
                *(part for name in VERDICTS for part in _both(name, getattr(DuplicateCluster, name) > 0)),
                maintain_column_froms=True,
            )
        )[0]._mapping
        return {
            "task_id": task_id,
            **_pair(sums, "all"),
            "by_verdict": {name: _pair(sums, name) for name in VERDICTS},
            **self._by_whom(matching),
        }

    def _by_whom(self, matching: Any) -> dict[str, Any]:
        people = matching.where(ClusterDecision.action.is_not(None)).with_only_columns(
            ClusterDecision.decided_by,
            ClusterDecision.action,
            func.count().label("clusters"),
            func.max(ClusterDecision.decided_at).label("last"),
            maintain_column_froms=True,
        )
        rows = self._database.fetch_all(people.group_by(ClusterDecision.decided_by, ClusterDecision.action))
        by_person: dict[str, dict[str, Any]] = {}
        by_action = dict.fromkeys(ACTIONS, 0)
        for row in rows:
            by_action[row.action] += row.clusters
            person = by_person.setdefault(row.decided_by, {"by": row.decided_by, "decided": 0, "last_at": 0.0})
            person["decided"] += row.clusters
            person["last_at"] = max(person["last_at"], row.last)
        return {"by_action": by_action, "by_person": sorted(by_person.values(), key=lambda each: -each["decided"])}


def _both(name: str, condition: Any) -> tuple[Any, Any]:
    is_decided = condition & ClusterDecision.action.is_not(None)
    return _count(condition).label(name), _count(is_decided).label(f"{name}_decided")


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _pair(sums: Any, name: str) -> dict[str, int]:
    total, decided = int(sums[name]), int(sums[f"{name}_decided"])
    return {"clusters": total, "decided": decided, "left": total - decided}
