"""A task and the units it is cut into."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, JsonDict, PrimaryKey, UnixTime, now


class Task(Base):
    """One long job. `last_seq` is the seq of its newest event; it grows only together with a row of `task_events`.

    `total` and `processed` count what users see (groups, pages, rows); `work_total` and `work_done` weigh the units
    (questions, pages, rows) and give the percentage its truth. The lease names who computes it now.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        Index(None, "status", "priority", "queued_at"),
        Index(None, "kind", "id"),
        Index(None, "created_at"),
        {"sqlite_autoincrement": True},  # an id is never given twice, even after its task was deleted
    )

    id: Mapped[PrimaryKey]
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(20))
    priority: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str] = mapped_column(String(200))
    params: Mapped[JsonDict] = mapped_column(default=dict)
    meta: Mapped[JsonDict] = mapped_column(default=dict)  # what a reporter of an external task gave us to keep
    result: Mapped[JsonDict | None]
    error_code: Mapped[str | None] = mapped_column(String(60))
    error_message: Mapped[str | None] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(String(20))
    total: Mapped[int] = mapped_column(default=0)
    processed: Mapped[int] = mapped_column(default=0)
    work_total: Mapped[float] = mapped_column(default=0.0)
    work_done: Mapped[float] = mapped_column(default=0.0)
    percentage: Mapped[float] = mapped_column(default=0.0)
    current_group: Mapped[JsonDict | None]
    message: Mapped[str] = mapped_column(Text, default="")
    rate: Mapped[float | None]  # work per second
    eta_seconds: Mapped[float | None]
    planned: Mapped[bool] = mapped_column(default=False)  # its units are all written
    attempt: Mapped[int] = mapped_column(default=1)
    last_seq: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[UnixTime] = mapped_column(default=now)
    queued_at: Mapped[UnixTime | None]
    started_at: Mapped[UnixTime | None]
    finished_at: Mapped[UnixTime | None]
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_token: Mapped[str | None] = mapped_column(String(40))
    lease_expires_at: Mapped[UnixTime | None]


class TaskUnit(Base):
    """A piece of a task that is computed and committed as a whole.

    `size` is what it adds to the task's `processed` (one group, one page, 2,000 rows), `work` what it weighs. Units
    of one `stage` may run side by side; a stage begins when the one before it is done.
    """

    __tablename__ = "task_units"
    __table_args__ = (UniqueConstraint("task_id", "stage", "position"), Index(None, "task_id", "status"))

    id: Mapped[PrimaryKey]
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    stage: Mapped[int] = mapped_column(default=0)
    position: Mapped[int]
    spec: Mapped[JsonDict]
    size: Mapped[int] = mapped_column(default=1)
    work: Mapped[float] = mapped_column(default=1.0)
    status: Mapped[str] = mapped_column(String(20), default="pending")  # pending, done
    result: Mapped[JsonDict | None]
    finished_at: Mapped[UnixTime | None]
