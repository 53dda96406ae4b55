"""Who is asking: API keys behind one `Principal` for REST and sockets alike."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sqlalchemy import func, or_, select, update

from models.api_key import ApiKey
from models.session import Database
from services.errors import ForbiddenError, InvalidInputError, NotFoundError, UnauthorizedError
from services.pagination import Page, decode_cursor, encode_cursor

KEY_PREFIX = "tb_"
SHOWN_CHARACTERS = len(KEY_PREFIX) + 8  # enough to tell keys apart, useless for guessing the other 200 bits
LAST_USED_PRECISION = 60.0  # seconds: a busy key must not make every read a write


class Scope(StrEnum):
    """What a principal may do; `admin` implies all the others."""

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    BANKS_WRITE = "banks:write"
    OCR = "ocr"
    CAMERA_VIEW = "camera:view"
    CAMERA_CONTROL = "camera:control"
    ADMIN = "admin"


ALL_SCOPES: frozenset[str] = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a request or a connection speaks for.

    Attributes:
        id: stable and unique, e.g. "key:3"; owners of tasks and rate limits are kept under it.
        name: for people.
        scopes: values of `Scope`.
        kind: how the principal proved itself; "local" when authentication is off.
    """

    id: str
    name: str
    scopes: frozenset[str]
    kind: Literal["key", "local", "jwt"]

    def allows(self, scope: str) -> bool:
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def require(self, scope: str) -> None:
        """Raises ForbiddenError unless the principal has `scope` or `admin`."""
        if not self.allows(scope):
            raise ForbiddenError(f"This needs the scope {scope}, which {self.name!r} does not have.")


LOCAL = Principal(id="local", name="local", scopes=ALL_SCOPES, kind="local")
NOBODY = Principal(id="nobody", name="nobody", scopes=frozenset(), kind="local")  # of calls that need no token


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be shown of a key; times are Unix seconds."""

    id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: float
    last_used_at: float | None
    revoked_at: float | None


class ApiKeys:
    """The keys, of which only the SHA-256 is kept.

    A fast hash is enough: a key is 256 random bits, so there is nothing to guess that a slow hash would protect.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def create(self, name: str, scopes: Sequence[str]) -> tuple[KeyInfo, str]:
        """Make a key; the second item is the key itself, which cannot be had again."""
        _check_name(name)
        _check_scopes(scopes)
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        with self._database.transaction() as session:
            row = ApiKey(
                name=name.strip(),
                prefix=key[:SHOWN_CHARACTERS],
                key_hash=_hash(key),
                scopes=sorted(set(scopes)),
                created_at=self._clock(),
            )
            session.add(row)
            session.flush()
            return _info(row), key

    def list(self) -> Sequence[KeyInfo]:
        with self._database.reader() as session:
            return [_info(row) for row in session.scalars(select(ApiKey).order_by(ApiKey.id))]

    def page(self, *, limit: int, cursor: str | None) -> Page[KeyInfo]:
        """Newest first."""
        keys = select(ApiKey).order_by(ApiKey.id.desc()).limit(limit + 1)
        if cursor is not None:
            keys = keys.where(ApiKey.id < decode_cursor(cursor))
        with self._database.reader() as session:
            found = [_info(row) for row in session.scalars(keys)]
            total = session.scalar(select(func.count()).select_from(ApiKey)) or 0
        more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
        return Page(found[:limit], more, total)

    def revoke(self, key_id: int) -> KeyInfo:
        """Make the key worthless from the next request on; revoking twice keeps the first time."""
        with self._database.transaction() as session:
            row = session.get(ApiKey, key_id)
            if row is None:
                raise NotFoundError("API key", key_id)
            if row.revoked_at is None:
                row.revoked_at = self._clock()
            return _info(row)

    def find(self, key: str) -> KeyInfo | None:
        """The key if it is known and not revoked; notes that it was used."""
        digest = _hash(key)
        with self._database.reader() as session:
            row = session.scalar(select(ApiKey).where(ApiKey.key_hash == digest))
        if row is None or row.revoked_at is not None or not hmac.compare_digest(row.key_hash, digest):
            return None
        self._note_use(row)
        return _info(row)

    def _note_use(self, row: ApiKey) -> None:
        now = self._clock()
        if row.last_used_at is not None and now - row.last_used_at < LAST_USED_PRECISION:
            return
        stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - LAST_USED_PRECISION)
        with self._database.transaction() as session:
            session.execute(update(ApiKey).where(ApiKey.id == row.id, stale).values(last_used_at=now))


class Authenticator:
    """Turns what a client presents into a `Principal`.

    Args:
        keys: where API keys are looked up.
        required: False makes everybody the local principal, whatever they present.
    """

    def __init__(self, keys: ApiKeys, *, required: bool) -> None:
        self.keys = keys
        self.required = required

    def authenticate(self, token: str | None) -> Principal:
        """The principal of a token (from a header, a socket's `auth` or its `?token=`).

        Raises:
            UnauthorizedError: no token was given, or one that is unknown or revoked.
        """
        if not self.required:
            return LOCAL
        if not token:
            raise UnauthorizedError("This server needs an API key: Authorization: Bearer tb_…")
        key = self.keys.find(token)
        if key is None:
            raise UnauthorizedError("The API key is unknown or was revoked.")
        return Principal(id=f"key:{key.id}", name=key.name, scopes=frozenset(key.scopes), kind="key")


def _hash(key: str) -> str:
    # A key is ASCII; anything else a client sends is hashed as it came and simply never found.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _check_name(name: str) -> None:
    if not 1 <= len(name.strip()) <= 200 or "\0" in name:
        raise InvalidInputError("A key needs a name of 1 to 200 characters.")


def _check_scopes(scopes: Sequence[str]) -> None:
    unknown = sorted(set(scopes) - ALL_SCOPES)
    if unknown or not scopes:
        given = f"Unknown scope: {', '.join(unknown)}." if unknown else "A key needs at least one scope."
        raise InvalidInputError(f"{given} Scopes are: {', '.join(Scope)}.")


def _info(row: ApiKey) -> KeyInfo:
    return KeyInfo(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
