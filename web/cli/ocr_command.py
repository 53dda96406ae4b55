"""`ocr`: text out of pictures and documents; with --to-bank the whole way from a scan to its duplicates."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import click

from services.ocr.requirements import EngineName
from web.cli.banks import bank_for_import
from web.cli.client import Client
from web.cli.follow import TaskObject, cancelled_when_interrupted, follow
from web.cli.local import connect, server_options
from web.cli.output import json_option, print_json, say
from web.cli.progress import display
from web.cli.results import conclude, show_import, show_pages

FORMATS = ("txt", "json", "md", "hocr", "alto", "tsv", "pdf")
ENGINES = tuple(name for name in get_args(EngineName) if name != "stub")
_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)


@click.command("ocr")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--to-bank", help="Cut questions out of the text, put them into this bank (id or name), find duplicates.")
@click.option("--format", "-f", "format_name", type=click.Choice(FORMATS), help="What is written. [default: txt]")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write there, not to stdout.")
@click.option("--language", type=click.Choice(["auto", "chinese", "english", "mixed"]))
@click.option("--accuracy", type=click.Choice(["high", "medium", "low"]))
@click.option("--document-type", type=click.Choice(["auto", "document", "receipt", "id_card", "business_card"]))
@click.option("--pages", help="Of each document: 1-3,7,9-")
@click.option(
    "--engine", "engines", multiple=True, type=click.Choice(ENGINES), help="Two: the second reads weak lines."
)
@click.option("--type", "type_name", help="With --to-bank: the type of questions that stand under no heading.")
@click.option("--subject", "subject_name", help="With --to-bank: their subject.")
@click.option("--top", default=20, show_default=True, type=click.IntRange(0, 500), help="Clusters to print.")
@server_options
@json_option
def command(
    *,
    files: Sequence[Path],
    to_bank: str | None,
    format_name: str | None,
    output: Path | None,
    language: str | None,
    accuracy: str | None,
    document_type: str | None,
    pages: str | None,
    engines: Sequence[str],
    top: int,
    url: str | None,
    token: str | None,
    as_json: bool,
    **group: str | None,
) -> None:
    """Read the text of FILES: png, jpg, webp, bmp, gif, tiff or pdf.

    With --to-bank the numbered questions in it are imported into a bank and compared with all that are there.
    """
    asked = {
        "language": language,
        "accuracy_requirement": accuracy,
        "document_type": document_type,
        "pages": pages,
        "engines": list(engines) or None,
    }
    if as_json and format_name is not None and output is None:
        raise click.UsageError("--json and --format would both write to stdout: say --output FILE.")
    with connect(url, token) as client:
        task = _read(client, files, _given(asked), as_json)
        if output is not None or format_name is not None or not (to_bank or as_json):
            _write(client, task, format_name or "txt", output)
        if to_bank is not None:
            _compare(client, task, to_bank, _given(group), as_json=as_json, top=top)
        elif as_json:
            print_json({"task": task})


def _read(client: Client, files: Sequence[Path], requirements: dict[str, Any], as_json: bool) -> TaskObject:
    """Ends the command when nothing could be read."""
    name = files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more"
    task = client.upload(
        "/api/ocr/tasks", *files, field="files[]", task_name=name[:500], requirements=json.dumps(requirements)
    )["data"]
    task = _follow(client, task, as_json)
    if task["status"] != "completed":
        conclude(client, task, as_json=as_json)
    if not as_json:
        show_pages(task)
    return task


def _write(client: Client, task: TaskObject, format_name: str, output: Path | None) -> None:
    path = f"/api/ocr/tasks/{task['id']}/export?format={format_name}"
    if output is None:
        client.download(path, sys.stdout.buffer)
        return
    draft = output.with_name(f".{output.name}.part")  # so that a download that breaks off leaves nothing by this name
    try:
        with draft.open("wb") as sink:
            client.download(path, sink)
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
    say(f"Written: {output}")


def _compare(client: Client, task: TaskObject, bank: str, defaults: dict[str, str], *, as_json: bool, top: int) -> None:
    """The questions into the bank, then the bank against itself."""
    bank_id = bank_for_import(client, bank)
    imported = client.post(f"/api/ocr/tasks/{task['id']}/questions", {"bank_id": bank_id, **defaults})["data"]
    imported = _follow(client, imported, as_json)
    if imported["status"] != "completed":
        conclude(client, imported, as_json=as_json)
    if not as_json:
        show_import(imported)
    dedup = {"task_name": f"{task['task_name']} in bank {bank}"[:500], "bank_id": bank_id, "auto_start": True}
    found = _follow(client, client.post("/api/dedup/tasks", dedup)["data"], as_json)
    conclude(client, found, as_json=as_json, top=top)


def _follow(client: Client, task: TaskObject, as_json: bool) -> TaskObject:
    with cancelled_when_interrupted(client, task["id"]), display(silent=as_json) as shown:
        return follow(client, task, shown)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
