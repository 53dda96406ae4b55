"""What the commands print with: results go to stdout, everything about the way there to stderr."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from rich.console import Console

NARROW = 100  # columns to lay tables out for when the output goes into a file or a pipe

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def stdout() -> Console:
    """A console on stdout that takes what it prints literally: a stem like "[1] …" is no markup."""
    width = None if sys.stdout.isatty() else NARROW
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)


def stderr() -> Console:
    width = None if sys.stderr.isatty() else NARROW
    return Console(file=sys.stderr, width=width, markup=False, highlight=False, emoji=False)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def say(text: str) -> None:
    click.echo(text, err=True)
