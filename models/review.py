"""What people did about duplicates: one row for each thing done, kept for as long as the task."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, JsonDict, PrimaryKey, UnixTime, now


class ReviewAct(Base):
    """One decision, on one cluster or on many at once, or the undoing of one: who did what, and when.

    What is in force stands in `cluster_decisions`, each row with the act it came from.
    """

    __tablename__ = "review_acts"
    __table_args__ = (Index(None, "task_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    action: Mapped[str] = mapped_column(String(20))  # merge, keep_all, not_duplicate, undo
    cluster_id: Mapped[int | None]  # None: many at once
    filters: Mapped[JsonDict | None]  # which many
    undoes: Mapped[int | None]  # the act that an undo takes back
    state: Mapped[str] = mapped_column(String(10), default="done")  # running, done, stopped
    clusters: Mapped[int] = mapped_column(default=0)
    questions: Mapped[int] = mapped_column(default=0)  # merged, or given back
    done_by: Mapped[str] = mapped_column(String(200))
    done_at: Mapped[UnixTime] = mapped_column(default=now)
    seen_at: Mapped[UnixTime] = mapped_column(default=now)  # of one that runs: when it last got further
