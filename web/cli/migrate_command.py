"""`migrate`: bring the database to the newest revision."""

from __future__ import annotations

import click

from models.schema import schema_state, upgrade
from models.session import Database
from services.config import load_settings
from web.cli.output import json_option, print_json
from web.cli.schema import reaching


@click.command("migrate")
@json_option
def command(as_json: bool) -> None:
    """Bring the database to the newest revision. SQLite needs no asking: the server does it at its start."""
    settings = load_settings()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(settings.sqlalchemy_url)
    try:
        with reaching(database):
            before = schema_state(database).current
            upgrade(database)
            after = schema_state(database).current
    finally:
        database.close()
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        click.echo(f"The database is at the newest revision, {after}.")
    else:
        click.echo(f"The database went from {before or '(empty)'} to {after}.")
