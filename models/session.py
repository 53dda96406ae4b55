"""Sessions on SQLite and PostgreSQL that never stall the process for others.

SQLite waits for a lock inside C, which would stop every greenthread; so its own time-out is 0 and the wait is a
Python sleep here, in one place. Long reads go through `fetch_all` and `stream`, whose statements the server runs in a
native thread. Only the statements: SQLAlchemy's locks are the hub's there, and a native thread that has to wait for one
waits for ever, as do all that come after it.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Engine, Row, Select, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, configure_mappers
from sqlalchemy.pool import NullPool, QueuePool

T = TypeVar("T")
Offload = Callable[[Callable[[], Any]], Any]

LOCK_PATIENCE = 30.0  # seconds a transaction waits for SQLite's write lock
_STREAMS = 20  # at once, where they need a server's connections
_WRITES = {"taskbeam_writes": True}


class DatabaseBusyError(Exception):
    """Another process held the database's write lock longer than a transaction waits."""


def is_away(error: BaseException) -> bool:
    """Whether the database could not be reached, or was lost on the way: not what was asked of it is at fault."""
    if isinstance(error, DBAPIError):
        # A server that answered gives its reason as an SQLSTATE; class 57P is its shutdown or start.
        state = getattr(error.orig, "sqlstate", "")
        return error.connection_invalidated or state is None or state.startswith("57P")
    return isinstance(error, DatabaseBusyError)


def run_here(function: Callable[[], T]) -> T:
    return function()


class Database:
    """One database, seen from one process.

    Args:
        url: an SQLAlchemy URL; `postgresql://` means psycopg 3.
        offload: runs a function outside the hub and gives back what it returns. The server passes one that uses
            native threads; everybody else needs none.
    """

    def __init__(self, url: str, *, offload: Offload = run_here, pool_size: int = 20) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.url.drivername == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
        # psycopg waits in a way the hub serves (PSYCOPG_WAIT_FUNC); only SQLite's reads need a native thread.
        self._offload = offload if self.is_sqlite else run_here
        self.engine = self._engine(poolclass=QueuePool, pool_size=pool_size, max_overflow=pool_size)
        self.writer = self.engine.execution_options(**_WRITES)
        self._scanner = self._scanning_engine()
        configure_mappers()  # now: like `connect`, it takes a lock of the hub's at its first use

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that writes: all of it is committed at the end of the block, or nothing."""
        with Session(self.writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reader(self) -> Iterator[Session]:
        """A session for short reads, which sees one moment of the database."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def fetch_all(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Row[Any]]:
        """The rows of a read that may take long, off the hub."""
        engine = self._scanner if self.is_sqlite else self.engine
        with engine.connect() as connection:
            rows: Sequence[Row[Any]] = self._offload(lambda: connection.execute(statement).all())
        return rows

    def stream(self, statement: Select[*tuple[Any, ...]], chunk: int = 500) -> Generator[Row[Any]]:
        """The rows of a read of any length, `chunk` at a time in memory, off the hub."""
        with self._scanner.connect() as connection:
            streaming = connection.execution_options(stream_results=True, max_row_buffer=chunk)
            result = self._offload(lambda: streaming.execute(statement))
            with closing(result):
                while rows := self._offload(lambda: result.fetchmany(chunk)):
                    yield from rows

    def close(self) -> None:
        self.engine.dispose()
        self._scanner.dispose()

    def _scanning_engine(self) -> Engine:
        if self.is_sqlite:  # a pool's locks belong to the hub's thread, so what runs in native threads has none
            return self._engine(poolclass=NullPool)
        # A stream lasts as long as its reader likes: it must not take a connection that short work needs.
        return self._engine(poolclass=QueuePool, pool_size=1, max_overflow=_STREAMS - 1)

    def _engine(self, **pool: Any) -> Engine:
        json: dict[str, Any] = {"json_serializer": _to_json, "json_deserializer": orjson.loads}
        if not self.is_sqlite:
            return create_engine(self.url, pool_pre_ping=True, **json, **pool)
        engine = create_engine(self.url, connect_args={"timeout": 0, "check_same_thread": False}, **json, **pool)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine


def _to_json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY"):
        _patiently(lambda pragma=pragma: connection.execute(f"PRAGMA {pragma}").close())  # type: ignore[misc]


def _begin_sqlite(connection: Connection) -> None:
    """Takes the lock at the beginning: a transaction that began as a reader could wait for it in a deadlock."""
    if connection.get_execution_options().get("taskbeam_writes"):
        _patiently(lambda: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    else:
        connection.exec_driver_sql("BEGIN")
        # The first read takes the snapshot; made here, a rare busy moment (recovery after a crash) is waited out.
        _patiently(lambda: connection.exec_driver_sql("SELECT 1 FROM sqlite_schema LIMIT 1"))


def _patiently(statement: Callable[[], object]) -> None:
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            statement()
        except (OperationalError, sqlite3.OperationalError) as error:
            if not _is_busy(error):
                raise
            if time.monotonic() > deadline:
                raise DatabaseBusyError(f"The database was locked for {LOCK_PATIENCE:.0f} s.") from error
            time.sleep(random.uniform(0.0005, 0.003))  # noqa: S311 (not a secret: it only keeps waiters apart)
        else:
            return


def _is_busy(error: OperationalError | sqlite3.OperationalError) -> bool:
    cause = error.orig if isinstance(error, OperationalError) else error
    return isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorname.startswith(
        ("SQLITE_BUSY", "SQLITE_LOCKED")
    )
