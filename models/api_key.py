"""An API key, of which only the hash is kept."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, JsonList, PrimaryKey, UnixTime, now


class ApiKey(Base):
    __tablename__ = "api_keys"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(200))
    prefix: Mapped[str] = mapped_column(String(16))  # its first characters, so that a person can tell keys apart
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256, hex
    scopes: Mapped[JsonList]
    created_at: Mapped[UnixTime] = mapped_column(default=now)
    last_used_at: Mapped[UnixTime | None]
    revoked_at: Mapped[UnixTime | None]
