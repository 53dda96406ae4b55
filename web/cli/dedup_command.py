"""`dedup`: find the duplicates in a file or a bank; what a newcomer tries first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from web.cli.banks import bank_for_import, bank_name_of, existing_bank, fresh_bank, import_file, mapping_option
from web.cli.client import Client
from web.cli.follow import ENDED, TaskObject, cancelled_when_interrupted, follow
from web.cli.local import connect, server_options
from web.cli.output import json_option
from web.cli.progress import display
from web.cli.results import conclude, show_import

GROUP_FIELDS = ("type_name", "subject_name", "channel_code")


@click.command("dedup")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--bank", help="Id or name of the bank. [default: a new one named after FILE; without FILE bank 1]")
@click.option("--name", help="Name of the task.")
@click.option("--threshold", type=click.FloatRange(0.5, 1), help="Least similarity of near duplicates.")
@click.option("--across", multiple=True, type=click.Choice(GROUP_FIELDS), help="Compare across these as well.")
@click.option("--type", "type_name", help="Only questions of this type.")
@click.option("--subject", "subject_name", help="Only questions of this subject.")
@click.option("--channel", "channel_code", help="Only questions of this channel.")
@mapping_option
@click.option("--top", default=20, show_default=True, type=click.IntRange(0, 500), help="Clusters to print.")
@server_options
@json_option
def command(
    *,
    file: Path | None,
    bank: str | None,
    name: str | None,
    threshold: float | None,
    across: Sequence[str],
    top: int,
    mapping: dict[str, str],
    url: str | None,
    token: str | None,
    as_json: bool,
    **filters: str | None,
) -> None:
    """Find the duplicate questions in FILE, or in a bank that is there already.

    FILE is imported into a new bank named after it (or into --bank) first.
    """
    with connect(url, token) as client:
        bank_id = _import(client, file, bank, mapping, as_json) if file else existing_bank(client, bank or "1")
        task = client.post(
            "/api/dedup/tasks",
            {
                "task_name": name or (file.name if file else f"bank {bank or 1}"),
                "bank_id": bank_id,
                "filters": _given(filters),
                "options": _given({"threshold": threshold, "across": list(across) or None}),
                "auto_start": True,
            },
        )["data"]
        task = _follow(client, task, as_json)
        conclude(client, task, as_json=as_json, top=top)


def _import(client: Client, file: Path, bank: str | None, mapping: dict[str, str], as_json: bool) -> int:
    bank_id = bank_for_import(client, bank) if bank else fresh_bank(client, bank_name_of(file))
    task = import_file(client, bank_id, file, silent=as_json, mapping=mapping)
    if task["status"] != "completed":
        conclude(client, task, as_json=as_json)
    if not as_json:
        show_import(task)
    return bank_id


def _follow(client: Client, task: TaskObject, as_json: bool) -> TaskObject:
    assert task["status"] not in ENDED
    with cancelled_when_interrupted(client, task["id"]), display(silent=as_json) as shown:
        return follow(client, task, shown)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
