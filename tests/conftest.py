"""Databases, data and services for every test: real ones, made fresh, skipped with a reason where they are absent."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from models import Database
from models.schema import upgrade

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("TASKBEAM_TEST_DATABASE_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")
REDIS = os.environ.get("TASKBEAM_TEST_REDIS_URL", "redis://127.0.0.1:6379/15")


def absent(reason: str) -> None:
    """A service that a test needs is not there: skipped at home, a failure in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real banks and pages, kept beside the checkout and never inside it."""
    folder = Path(os.environ.get("TASKBEAM_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no shared data beside the checkout (TASKBEAM_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("template") / "taskbeam.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()  # the last connection writes the WAL back into the file
    return path.read_bytes()


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """The name of a migrated database that tests copy; dropped at the end."""
    name = f"taskbeam_template_{uuid.uuid4().hex[:12]}"
    try:
        _administer(f'CREATE DATABASE "{name}"')
    except OperationalError as error:
        absent(f"PostgreSQL does not answer at {POSTGRES}: {error.orig}")
    database = Database(_named(name))
    upgrade(database)
    database.close()
    yield name
    _administer(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: bytes) -> str:
    path = tmp_path / "taskbeam.db"
    path.write_bytes(sqlite_template)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_template: str) -> Iterator[str]:
    name = f"taskbeam_test_{uuid.uuid4().hex[:12]}"
    _administer(f'CREATE DATABASE "{name}" TEMPLATE "{postgres_template}"')
    yield _named(name)
    _administer(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of its own; every test that takes it runs on both servers."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def _named(name: str) -> str:
    return make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)


def _administer(statement: str) -> None:
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
