"""A question of a bank."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, JsonList, PrimaryKey, UnixTime, now


class Question(Base):
    """Never deleted: `status` says active, merged (into `merged_into`) or deleted.

    `import_task_id` and `import_row` name where it came from; together they are unique, so an import that goes on
    after a crash cannot put a row in twice.
    """

    __tablename__ = "questions"
    __table_args__ = (
        # With what tells whether a group has changed, so that this is read from the index alone.
        Index(
            "ix_questions_group",
            *("bank_id", "type_name", "subject_name", "channel_code", "id", "status", "updated_at"),
        ),
        Index(None, "bank_id", "id"),
        Index(None, "bank_id", "external_id"),
        Index("uq_questions_import_task_id_import_row", "import_task_id", "import_row", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[PrimaryKey]
    bank_id: Mapped[int] = mapped_column(ForeignKey("question_banks.id"))
    type_name: Mapped[str] = mapped_column(String(200), default="")
    subject_name: Mapped[str] = mapped_column(String(200), default="")
    channel_code: Mapped[str] = mapped_column(String(200), default="default")
    stem: Mapped[str] = mapped_column(Text)
    options: Mapped[JsonList] = mapped_column(default=list)
    answer: Mapped[str] = mapped_column(Text, default="")
    analysis: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(Text, default="")
    external_id: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(10), default="active")  # active, merged, deleted
    merged_into: Mapped[int | None]
    import_task_id: Mapped[int | None]
    import_row: Mapped[int | None]
    created_at: Mapped[UnixTime] = mapped_column(default=now)
    updated_at: Mapped[UnixTime] = mapped_column(default=now)
