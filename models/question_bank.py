"""A bank of questions, and the rows that an import could not take into it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, PrimaryKey, UnixTime, now

DEFAULT_BANK_ID = 1


class QuestionBank(Base):
    __tablename__ = "question_banks"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(200), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    # Kept with every change of its questions: counting a million rows is not for a page that lists banks.
    question_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[UnixTime] = mapped_column(default=now)
    updated_at: Mapped[UnixTime] = mapped_column(default=now)


class ImportBadRow(Base):
    """A row of an uploaded file that was refused: where it stands, why, and how it begins."""

    __tablename__ = "import_bad_rows"
    __table_args__ = (Index(None, "task_id", "line"),)

    id: Mapped[PrimaryKey]
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    line: Mapped[int]
    code: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(Text)
    excerpt: Mapped[str] = mapped_column(Text)
