"""A file that a client sent, kept for the task that reads it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, PrimaryKey, UnixTime, now


class Upload(Base):
    __tablename__ = "uploads"

    id: Mapped[PrimaryKey]
    task_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), index=True)
    file_name: Mapped[str] = mapped_column(Text)  # as the client called it: shown, never opened
    path: Mapped[str] = mapped_column(Text)  # below the data directory
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[UnixTime] = mapped_column(default=now)
