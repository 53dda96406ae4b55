"""The answer that was given to a write, kept so that the same write asked again is answered and not done again."""

from __future__ import annotations

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, JsonDict, PrimaryKey, UnixTime, now


class IdempotencyKey(Base):
    """`status_code` is null while the first request is under way."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("principal", "key"),)

    id: Mapped[PrimaryKey]
    principal: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200))
    request_hash: Mapped[str] = mapped_column(String(64))  # SHA-256 of method, path and body, hex
    status_code: Mapped[int | None]
    headers: Mapped[JsonDict | None]
    body: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[UnixTime] = mapped_column(default=now, index=True)
