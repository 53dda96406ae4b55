"""Findings written by hand: clusters of any shape and size, without the method that would find them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from sqlalchemy import insert, select, update

from models import DuplicateGroup, DuplicateMember, FoundCluster, Question, Task, TaskGroup, TaskUnit
from services.auth import LOCAL
from services.dedup.review import DuplicateService
from tests.factories import InlinePool, TaskHouse

GROUP = {"type_name": "单选题", "subject_name": "数学", "channel_code": "default"}

Planted = tuple[int, str, float]
"""(question id, verdict, similarity); the first of a cluster is its representative."""


@dataclass
class PlantedHouse(TaskHouse):
    data_dir: Path = Path(gettempdir()) / "taskbeam-planted"  # exports stand there while they are read

    def __post_init__(self) -> None:
        super().__post_init__()
        self.duplicates = DuplicateService(self.database, self.tasks, self.recorder, InlinePool(), self.data_dir)

    def questions(self, *stems: str, bank_id: int = 1) -> list[int]:
        rows = [
            GROUP | {"bank_id": bank_id, "stem": stem, "options": [], "created_at": 0.0, "updated_at": 0.0}
            for stem in stems
        ]
        statement = insert(Question).returning(Question.id, sort_by_parameter_order=True)
        with self.database.transaction() as session:
            return list(session.scalars(statement, rows))

    def finished_task(self, *clusters: list[Planted], bank_id: int = 1, **request: Any) -> tuple[int, list[int]]:
        """A completed task of one group with these clusters; gives its id and theirs."""
        task_id = self.duplicates.create_task("planted", by=LOCAL, bank_id=bank_id, **request)["id"]
        with self.database.transaction() as session:
            session.execute(update(Task).where(Task.id == task_id).values(status="completed"))
            unit = {"task_id": task_id, "position": 0, "spec": {"group": GROUP}, "status": "done", "result": {}}
            unit_id = session.scalar(insert(TaskUnit).values(**unit).returning(TaskUnit.id))
            group = DuplicateGroup(**GROUP, bank_id=bank_id, settings=f"of task {task_id}")
            session.add(group)
            session.flush()
            session.add(TaskGroup(task_id=task_id, group_id=group.id, unit_id=unit_id))
            session.flush()
            found = [_cluster(group.id, members) for members in clusters]
            statement = insert(FoundCluster).returning(FoundCluster.id, sort_by_parameter_order=True)
            ids = list(session.scalars(statement, found)) if found else []
            for cluster_id, members in zip(ids, clusters, strict=True):
                session.execute(insert(DuplicateMember), _members(cluster_id, members))
        return task_id, ids

    def set_status(self, status: str, *ids: int) -> None:
        with self.database.transaction() as session:
            session.execute(update(Question).where(Question.id.in_(ids)).values(status=status))

    def status_of(self, *ids: int) -> list[tuple[str, int | None]]:
        columns = select(Question.id, Question.status, Question.merged_into).where(Question.id.in_(ids))
        with self.database.reader() as session:
            found = {row.id: (row.status, row.merged_into) for row in session.execute(columns)}
        return [found[key] for key in ids]


def copies(*ids: int) -> list[Planted]:
    return [(key, "exact", 1.0) for key in ids]


def _cluster(group_id: int, members: list[Planted]) -> dict[str, Any]:
    others = members[1:]
    verdicts = Counter(verdict for _, verdict, _ in others)
    similarities = [similarity for _, _, similarity in others]
    return {
        "group_id": group_id,
        **GROUP,
        "representative_id": members[0][0],
        "size": len(members),
        **{name: verdicts[name] for name in ("exact", "near", "review", "variant")},
        "min_similarity": min(similarities),
        "max_similarity": max(similarities),
    }


def _members(cluster_id: int, members: list[Planted]) -> list[dict[str, Any]]:
    return [
        {
            "cluster_id": cluster_id,
            "question_id": question_id,
            "position": position,
            "verdict": verdict,
            "similarity": similarity,
            "evidence": {},
        }
        for position, (question_id, verdict, similarity) in enumerate(members)
    ]
