"""Camera rows, and how those of the settings get there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import Camera, Database
from services.cameras.frames import Look
from services.errors import ConflictError, NotFoundError
from services.pagination import DEFAULT_LIMIT, Page, decode_cursor, encode_cursor

Listed = Sequence[tuple[str | None, str]]  # (name, source)


class CameraStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: int | str | None) -> Camera:
        """By id or name; None: the first there is. What may be both is an id first: names can be given as one likes."""
        statement = select(Camera).limit(1)
        if isinstance(key, int):
            statement = statement.where(Camera.id == key)
        elif key is not None:
            by_id = [Camera.id == int(key)] if key.isascii() and key.isdigit() and len(key) < 19 else []
            statement = statement.where(or_(Camera.name == key, *by_id)).order_by(Camera.name == key)
        else:
            statement = statement.order_by(Camera.id)
        with self._database.reader() as session:
            row = session.scalar(statement)
        if row is None:
            raise NotFoundError("camera", "" if key is None else key)
        return row

    def page(self, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[Camera]:
        statement = select(Camera).order_by(Camera.id).limit(limit + 1)
        if cursor is not None:
            statement = statement.where(Camera.id > decode_cursor(cursor))
        with self._database.reader() as session:
            rows = list(session.scalars(statement))
            total = session.scalar(select(func.count()).select_from(Camera)) or 0
        return Page(rows[:limit], encode_cursor(rows[limit - 1].id) if len(rows) > limit else None, total)

    def create(self, name: str | None, source: str, look: Look) -> Camera:
        with _unique(name), self._database.transaction() as session:
            name = name or _free_name(session, source)
            row = Camera(**_fresh(name, source, look))
            session.add(row)
            session.flush()
            return row

    def update(self, camera_id: int, values: dict[str, Any]) -> Camera:
        statement = update(Camera).where(Camera.id == camera_id).values(**values, updated_at=time.time())
        with _unique(values.get("name")), self._database.transaction() as session:
            row: Camera | None = session.scalar(statement.returning(Camera))
        if row is None:
            raise NotFoundError("camera", camera_id)
        return row

    def delete(self, camera_id: int) -> None:
        if self.find(camera_id).configured_source is not None:
            raise ConflictError(f"Camera {camera_id} is one of TASKBEAM_CAMERAS. Take it out there.")
        with self._database.transaction() as session:
            session.execute(delete(Camera).where(Camera.id == camera_id))

    def configure(self, listed: Listed, look: Look) -> None:
        """Makes the rows what the settings say. How a camera looks, and a source that a client gave it, stays as long
        as the settings say of it what they said.
        """
        with self._database.transaction() as session:
            rows = {row.name: row for row in session.scalars(select(Camera))}
            kept = {name for name, _ in listed if name is not None}
            for name, source in listed:
                kept.add(_configure(session, rows, name or _unnamed(source, kept), source, look))
            for row in rows.values():
                if row.configured_source is not None and row.name not in kept:
                    session.delete(row)


class _unique:  # noqa: N801  # it reads as what it is used as
    """A name that is taken is a conflict."""

    def __init__(self, name: str | None) -> None:
        self._name = name

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, problem: BaseException | None, traceback: object) -> None:
        if isinstance(problem, IntegrityError):
            raise ConflictError(f"There is a camera {self._name!r} already. Take another name.") from problem


def _configure(session: Session, rows: dict[str, Camera], name: str, source: str, look: Look) -> str:
    row = rows.get(name)
    if row is None:
        session.add(Camera(**_fresh(name, source, look), configured_source=source))
    elif row.configured_source != source:
        row.source = row.configured_source = source
        row.updated_at = time.time()
    return name


def _fresh(name: str, source: str, look: Look) -> dict[str, Any]:
    now = time.time()
    return {"name": name, "source": source, "created_at": now, "updated_at": now, **look._asdict()}


def _unnamed(source: str, taken: set[str]) -> str:
    return _first_free(_short(source), taken)


def _free_name(session: Session, source: str) -> str:
    return _first_free(_short(source), set(session.scalars(select(Camera.name))))


def _short(source: str) -> str:
    """A name out of a source, without a URL's password, path or query."""
    if "://" in source:
        return urlsplit(source).netloc.rsplit("@", 1)[-1][:100]
    if source.isdigit() or source.startswith("/dev/video"):
        return f"camera {source.removeprefix('/dev/video')}"
    return source.replace("\\", "/").rsplit("/", 1)[-1][:100]


def _first_free(name: str, taken: set[str]) -> str:
    names = [name, *(f"{name} {number}" for number in range(2, len(taken) + 2))]
    return next(free for free in names if free not in taken)
