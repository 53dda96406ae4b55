"""`keys create | list | revoke`: API keys, straight in the database, so that the first one needs no server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import click
from rich.table import Table

from services.auth import ApiKeys, Scope
from services.config import load_settings
from web.cli.output import json_option, print_json, say, stdout
from web.cli.schema import open_database


@click.group("keys")
def command() -> None:
    """Create, list and revoke API keys."""


@command.command()
@click.option("--name", required=True, help="What or whom the key is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What the key may do; repeat for several. admin implies all.",
)
@json_option
def create(name: str, scopes: Sequence[str], as_json: bool) -> None:
    """Create a key. It is shown once, alone on the last line."""
    with open_database(load_settings()) as database:
        info, key = ApiKeys(database).create(name, scopes)
    if as_json:
        print_json({**asdict(info), "key": key})
        return
    say(f"Key {info.id} for {info.name!r} may: {', '.join(info.scopes)}. It cannot be shown again.")
    click.echo(key)


@command.command("list")
@json_option
def list_keys(as_json: bool) -> None:
    """List the keys; of the key itself only the beginning is known."""
    with open_database(load_settings()) as database:
        keys = ApiKeys(database).list()
    if as_json:
        print_json([asdict(key) for key in keys])
        return
    table = Table(box=None, pad_edge=False)
    for header in ("id", "name", "key", "scopes", "created", "last used", "revoked"):
        table.add_column(header)
    for key in keys:
        times = [_day(moment) for moment in (key.created_at, key.last_used_at, key.revoked_at)]
        table.add_row(str(key.id), key.name, f"{key.prefix}…", " ".join(key.scopes), *times)
    stdout().print(table)


@command.command()
@click.argument("key_id", type=int)
@json_option
def revoke(key_id: int, as_json: bool) -> None:
    """Make a key worthless from its next request on."""
    with open_database(load_settings()) as database:
        info = ApiKeys(database).revoke(key_id)
    if as_json:
        print_json(asdict(info))
    else:
        click.echo(f"Key {info.id} ({info.name}) is revoked.")


def _day(moment: float | None) -> str:
    return "" if moment is None else datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")
