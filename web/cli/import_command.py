"""`import`: a file of questions into a bank."""

from __future__ import annotations

from pathlib import Path

import click

from web.cli.banks import bank_for_import, import_file, mapping_option
from web.cli.local import connect, server_options
from web.cli.output import json_option
from web.cli.results import conclude


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--bank", help="Id or name of the bank; a new name makes a new bank. [default: bank 1]")
@mapping_option
@server_options
@json_option
def command(
    file: Path, bank: str | None, mapping: dict[str, str], url: str | None, token: str | None, as_json: bool
) -> None:
    """Import FILE (jsonl, json, csv, xlsx, GIFT or Aiken) into a bank."""
    with connect(url, token) as client:
        bank_id = bank_for_import(client, bank or "1")
        task = import_file(client, bank_id, file, silent=as_json, mapping=mapping)
        conclude(client, task, as_json=as_json)
