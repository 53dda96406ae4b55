"""What dedup found in a bank: groups, their clusters and members, and what people decided about them.

Findings belong to a group of a bank (its names and the settings it was searched with), not to a task: a later task over
the same group brings them up to date, so that a cluster keeps its id and its decision. A task has a view of them: the
groups it has looked at (`task_groups`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, column_property, mapped_column

from models.base import Base, JsonDict, JsonList, PrimaryKey, UnixTime, now
from models.question_bank import QuestionBank
from models.task import Task, TaskUnit


class DuplicateGroup(Base):
    """The questions of a bank that are compared with each other, and the settings under which.

    `revision` counts how often they were written. A writer takes the group by `writer` and says again and again by
    `written_at` that it lives; `pending` holds the questions whose clusters it may have left half written.
    """

    __tablename__ = "duplicate_groups"
    __table_args__ = (
        UniqueConstraint(
            *("bank_id", "type_name", "subject_name", "channel_code", "settings"), name="uq_duplicate_groups_identity"
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[PrimaryKey]
    bank_id: Mapped[int]  # no foreign key: the findings of a deleted bank are the tasks' that found them
    type_name: Mapped[str] = mapped_column(String(200))  # "*": whatever it is
    subject_name: Mapped[str] = mapped_column(String(200))
    channel_code: Mapped[str] = mapped_column(String(200))
    settings: Mapped[str] = mapped_column(String(200))
    # The findings in force: the method they were found with, and what tells whether anything has changed since.
    version: Mapped[str] = mapped_column(String(40), default="")
    digest: Mapped[str] = mapped_column(String(150), default="")
    questions: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=0)
    writer: Mapped[str | None] = mapped_column(String(80))
    written_at: Mapped[UnixTime | None]
    pending: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[bytes | None] = mapped_column(LargeBinary)  # of a large group: services.dedup.state


class TaskGroup(Base):
    """A task looked at a group; it shows its clusters once the unit is done."""

    __tablename__ = "task_groups"
    __table_args__ = (Index(None, "unit_id"), Index(None, "group_id"))

    task_id: Mapped[int] = mapped_column(ForeignKey(Task.id, ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(DuplicateGroup.id, ondelete="CASCADE"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey(TaskUnit.id, ondelete="CASCADE"))


class FoundCluster(Base):
    """A representative and what resembles it, inside one group; its id is the same in every task that shows it."""

    __tablename__ = "duplicate_clusters"
    __table_args__ = (Index(None, "group_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    group_id: Mapped[int] = mapped_column(ForeignKey(DuplicateGroup.id, ondelete="CASCADE"))
    type_name: Mapped[str] = mapped_column(String(200))
    subject_name: Mapped[str] = mapped_column(String(200))
    channel_code: Mapped[str] = mapped_column(String(200))
    representative_id: Mapped[int]
    size: Mapped[int]  # members, the representative among them
    # Members by verdict, beside the representative: a list filters by verdict without reading the members.
    exact: Mapped[int] = mapped_column(default=0)
    near: Mapped[int] = mapped_column(default=0)
    review: Mapped[int] = mapped_column(default=0)
    variant: Mapped[int] = mapped_column(default=0)
    # The least and greatest similarity of a member to the representative, 0 … 1.
    min_similarity: Mapped[float]
    max_similarity: Mapped[float]
    # Rises with each decision and undoing, and when a later run finds others: who decides can say what they have seen.
    revision: Mapped[int] = mapped_column(default=0)


class DuplicateCluster(Base):
    """A cluster as a task shows it: once for each task that looked at its group. To read; FoundCluster is written."""

    __table__ = FoundCluster.__table__.join(
        TaskGroup.__table__, FoundCluster.__table__.c.group_id == TaskGroup.__table__.c.group_id
    )
    __mapper_args__ = {  # noqa: RUF012  (SQLAlchemy reads it so)
        "primary_key": [FoundCluster.__table__.c.id, TaskGroup.__table__.c.task_id]
    }
    group_id = column_property(FoundCluster.__table__.c.group_id, TaskGroup.__table__.c.group_id)

    if TYPE_CHECKING:
        id: Mapped[int]
        task_id: Mapped[int]
        unit_id: Mapped[int]
        type_name: Mapped[str]
        subject_name: Mapped[str]
        channel_code: Mapped[str]
        representative_id: Mapped[int]
        size: Mapped[int]
        exact: Mapped[int]
        near: Mapped[int]
        review: Mapped[int]
        variant: Mapped[int]
        min_similarity: Mapped[float]
        max_similarity: Mapped[float]
        revision: Mapped[int]


class DuplicateMember(Base):
    __tablename__ = "duplicate_members"
    __table_args__ = (Index(None, "question_id"),)

    cluster_id: Mapped[int] = mapped_column(ForeignKey("duplicate_clusters.id", ondelete="CASCADE"), primary_key=True)
    question_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int]  # 0 is the representative
    verdict: Mapped[str] = mapped_column(String(10))
    similarity: Mapped[float]
    evidence: Mapped[JsonDict]


class ClusterDecision(Base):
    """The decision in force on a cluster; undoing it deletes the row and gives the questions back their status."""

    __tablename__ = "cluster_decisions"
    __table_args__ = (Index(None, "act_id", "cluster_id"),)

    cluster_id: Mapped[int] = mapped_column(ForeignKey("duplicate_clusters.id", ondelete="CASCADE"), primary_key=True)
    action: Mapped[str] = mapped_column(String(20))  # merge, keep_all, not_duplicate
    keep_id: Mapped[int | None]
    exclude: Mapped[JsonList] = mapped_column(default=list)
    merged: Mapped[JsonList] = mapped_column(default=list)  # ids this decision merged: exactly these are given back
    decided_by: Mapped[str] = mapped_column(String(200))
    decided_at: Mapped[UnixTime] = mapped_column(default=now)
    act_id: Mapped[int | None]  # the row of `review_acts` that it came from, which may be gone with its task


class FingerprintPart(Base):
    """Fingerprints of a group's questions from `first_id` on, up to the next part; services.dedup.store reads them."""

    __tablename__ = "fingerprint_parts"
    __table_args__ = (UniqueConstraint("bank_id", "group_key", "first_id"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    bank_id: Mapped[int] = mapped_column(ForeignKey(QuestionBank.id, ondelete="CASCADE"))
    group_key: Mapped[str] = mapped_column(String(32))
    first_id: Mapped[int]
    version: Mapped[str] = mapped_column(String(40))  # of the method; another one's are made anew
    digest: Mapped[str] = mapped_column(String(100))  # of the questions it was made from: the same, nothing changed
    data: Mapped[bytes] = mapped_column(LargeBinary)


class UnitOutput(Base):
    """What a unit hands on to one of a later stage; removed when the task is done."""

    __tablename__ = "unit_outputs"

    unit_id: Mapped[int] = mapped_column(ForeignKey(TaskUnit.id, ondelete="CASCADE"), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
