"""The event log: what was sent about a task, in order, without gaps."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, JsonDict, UnixTime


class TaskEventRow(Base):
    __tablename__ = "task_events"
    __table_args__ = ({"sqlite_with_rowid": False},)  # the primary key is the order in which it is read

    task_id: Mapped[int] = mapped_column(BigId, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    event: Mapped[str] = mapped_column(String(40))
    data: Mapped[JsonDict]
    created_at: Mapped[UnixTime]
