"""A write that is asked again with the same Idempotency-Key is answered again and not done again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.idempotency_key import IdempotencyKey
from models.session import Database
from services.errors import IdempotencyKeyReusedError, RequestInProgressError

LIFETIME = 24 * 3600.0  # seconds an answer is kept
ABANDONED_AFTER = 300.0  # seconds after which a request without an answer died with its server
_SWEEP_INTERVAL = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    status: int
    headers: Mapping[str, str]
    body: str


class IdempotencyStore:
    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._swept_at = 0.0

    def begin(self, principal_id: str, key: str, request_hash: str) -> StoredAnswer | None:
        """The answer given before; None: the write is the caller's to do, then to `finish` or `abandon`.

        Args:
            principal_id: whose key it is; the keys of two principals never meet.
            key: what the client sent.
            request_hash: of method, path and body.

        Raises:
            IdempotencyKeyReusedError: the key came before with another request.
            RequestInProgressError: the first request with it is not answered yet.
        """
        self._sweep()
        try:
            with self._database.transaction() as session:
                row = session.scalar(select(IdempotencyKey).where(_is(principal_id, key)))
                if row is not None and not self._is_over(row):
                    return _answer_again(row, request_hash)
                self._claim(session, row, principal_id, key, request_hash)
        except IntegrityError:  # PostgreSQL: another request claimed the key between our look and our insert
            raise RequestInProgressError(key) from None
        return None

    def finish(self, principal_id: str, key: str, answer: StoredAnswer) -> None:
        with self._database.transaction() as session:
            row = session.scalar(select(IdempotencyKey).where(_is(principal_id, key)))
            if row is not None:
                row.status_code, row.headers, row.body = answer.status, dict(answer.headers), answer.body

    def abandon(self, principal_id: str, key: str) -> None:
        """Forget a request that changed nothing: the key may be used again at once."""
        with self._database.transaction() as session:
            session.execute(delete(IdempotencyKey).where(_is(principal_id, key)))

    def _is_over(self, row: IdempotencyKey) -> bool:
        age = self._clock() - row.created_at
        return age > LIFETIME or (row.status_code is None and age > ABANDONED_AFTER)

    def _claim(
        self, session: Session, over: IdempotencyKey | None, principal_id: str, key: str, request_hash: str
    ) -> None:
        if over is not None:
            session.delete(over)
            session.flush()
        session.add(
            IdempotencyKey(principal=principal_id, key=key, request_hash=request_hash, created_at=self._clock())
        )

    def _sweep(self) -> None:
        now = self._clock()
        if now - self._swept_at < _SWEEP_INTERVAL:
            return
        self._swept_at = now
        with self._database.transaction() as session:
            session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - LIFETIME))


def _is(principal_id: str, key: str) -> ColumnElement[bool]:
    return and_(IdempotencyKey.principal == principal_id, IdempotencyKey.key == key)


def _answer_again(row: IdempotencyKey, request_hash: str) -> StoredAnswer:
    if row.request_hash != request_hash:
        raise IdempotencyKeyReusedError(row.key)
    if row.status_code is None:
        raise RequestInProgressError(row.key)
    return StoredAnswer(row.status_code, row.headers or {}, row.body or "")
