"""What was read on the pages of an OCR task, and results kept for the same bytes asked again."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, JsonDict, PrimaryKey, UnixTime, now


class OcrPage(Base):
    """A page of a task: written as pending with the plan, then completed or failed once.

    `revision` grows with every change by a person or for one; `original` is what the machine had read before the first.
    """

    __tablename__ = "ocr_pages"
    __table_args__ = (UniqueConstraint("task_id", "page"), Index(None, "task_id", "status", "page"))

    id: Mapped[PrimaryKey]
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    page: Mapped[int]  # from 1, over all files of the task
    upload_id: Mapped[int]
    file_name: Mapped[str] = mapped_column(Text)
    page_in_file: Mapped[int]  # from 1
    status: Mapped[str] = mapped_column(String(10), default="pending")  # pending, completed, failed
    error_code: Mapped[str | None] = mapped_column(String(60))
    error_message: Mapped[str | None] = mapped_column(Text)
    result: Mapped[JsonDict | None]
    original: Mapped[JsonDict | None]
    revision: Mapped[int] = mapped_column(default=0)
    revised_at: Mapped[UnixTime | None]


class OcrResult(Base):
    """The cache: a result under the hash of everything that leads to it."""

    __tablename__ = "ocr_results"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256, hex
    result: Mapped[JsonDict]
    size: Mapped[int]  # bytes of the result as JSON
    created_at: Mapped[UnixTime] = mapped_column(default=now)
    used_at: Mapped[UnixTime] = mapped_column(default=now, index=True)  # to the hour
