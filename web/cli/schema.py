"""What every command that opens the database itself does first: see that its schema fits the code."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from models.schema import schema_state, upgrade
from models.session import Database, DatabaseBusyError
from services.config import Settings
from services.errors import ConfigurationError, UnavailableError

logger = logging.getLogger(__name__)


def require_current_schema(database: Database) -> None:
    """Bring SQLite to the newest revision; on a database server, where others may be at work, only check.

    Raises:
        ConfigurationError: the database server is at another revision than this version.
        UnavailableError: the database cannot be reached.
    """
    with reaching(database):
        state = schema_state(database)
        if database.is_sqlite and not state.is_current:
            logger.info("bringing the database from %s to revision %s", state.current or "(empty)", state.head)
            upgrade(database)
            return
    if not state.is_current:
        raise ConfigurationError(
            f"The database is at revision {state.current or '(empty)'} and this version needs {state.head}. "
            "Run: python app.py migrate"
        )


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database of the settings with its schema checked, closed at the end."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(settings.sqlalchemy_url)
    try:
        require_current_schema(database)
        with reaching(database):
            yield database
    finally:
        database.close()


@contextmanager
def reaching(database: Database) -> Iterator[None]:
    """Turns a driver's complaint into one line without the password."""
    try:
        yield
    except (SQLAlchemyError, DatabaseBusyError) as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        url = database.url.render_as_string(hide_password=True)
        raise UnavailableError(f"The database {url} cannot be used: {cause}") from error
