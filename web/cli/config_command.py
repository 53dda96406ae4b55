"""`config`: every setting, its value, where it came from and its help line."""

from __future__ import annotations

import click
from rich.table import Table

from services.config import describe, load_settings
from web.cli.output import json_option, print_json, stdout


@click.command("config")
@json_option
def command(as_json: bool) -> None:
    """Print every setting, its value, where it came from and its help line. Secrets are masked."""
    lines = describe(load_settings())
    if as_json:
        print_json([line._asdict() for line in lines])
        return
    table = Table(box=None, pad_edge=False)
    for header in ("setting", "value", "from", "meaning"):
        table.add_column(header, overflow="fold", no_wrap=header == "setting")
    for line in lines:
        table.add_row(*line, style="bold" if line.origin != "default" else None)
    stdout().print(table)
