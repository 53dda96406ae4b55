"""Cameras that people watch, and clips of them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, PrimaryKey, UnixTime, now


class Camera(Base):
    """A source of frames, and how viewers get them who ask for nothing else.

    `configured_source` is what the server's settings say; None: it was made by a client. A source that differs from it
    comes from a client, too, and is checked before it is opened.
    """

    __tablename__ = "cameras"
    __table_args__ = (UniqueConstraint("name"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(Text)  # may hold a password
    configured_source: Mapped[str | None] = mapped_column(Text)
    fps: Mapped[float]
    quality: Mapped[int]  # of the JPEG, 10 … 95
    width: Mapped[int | None]  # pixels; None: as the source gives it
    created_at: Mapped[UnixTime] = mapped_column(default=now)
    updated_at: Mapped[UnixTime] = mapped_column(default=now)


class Recording(Base):
    """A clip of a camera, in a file of its own; it outlives its camera."""

    __tablename__ = "recordings"
    __table_args__ = (Index(None, "camera_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[PrimaryKey]
    camera_id: Mapped[int | None] = mapped_column(ForeignKey("cameras.id", ondelete="SET NULL"))
    camera_name: Mapped[str] = mapped_column(String(200))
    task_id: Mapped[int]  # of kind external
    status: Mapped[str] = mapped_column(String(10), default="recording")  # recording, completed, failed
    seconds: Mapped[float] = mapped_column(default=0.0)
    frames: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(default=0)  # bytes
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[UnixTime] = mapped_column(default=now)
    finished_at: Mapped[UnixTime | None]
