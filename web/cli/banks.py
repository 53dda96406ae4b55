"""Banks as the commands name them, and the import of a file into one."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from services.banks.formats.mapping import TARGETS
from services.errors import InvalidInputError, NotFoundError
from web.cli.client import Client, RefusedError
from web.cli.follow import TaskObject, cancelled_when_interrupted, follow
from web.cli.progress import display

MOST_COPIES = 1000  # of one file name
GZIP = b"\x1f\x8b"


def find_bank(client: Client, name_or_id: str) -> int | None:
    """The bank of that id or, failing that, of exactly that name."""
    if name_or_id.isdecimal():
        try:
            return int(client.get(f"/api/banks/{name_or_id}")["data"]["id"])
        except RefusedError as error:
            if error.status != 404:
                raise
    cursor = None
    while True:
        answer = client.get("/api/banks", limit=500, cursor=cursor)
        for bank in answer["data"]:
            if bank["name"] == name_or_id:
                return int(bank["id"])
        cursor = answer["meta"]["next_cursor"]
        if cursor is None:
            return None


def existing_bank(client: Client, name_or_id: str) -> int:
    """Raises NotFoundError unless there is such a bank."""
    bank_id = find_bank(client, name_or_id)
    if bank_id is None:
        raise NotFoundError("bank", name_or_id)
    return bank_id


def bank_for_import(client: Client, name_or_id: str) -> int:
    """That bank, made if it is named and not there; a number is never taken for a new name."""
    if name_or_id.isdecimal():
        return existing_bank(client, name_or_id)
    return find_bank(client, name_or_id) or _create(client, name_or_id)


def fresh_bank(client: Client, name: str) -> int:
    """A new bank of that name, or of `name (2)`, `name (3)` … where earlier runs took it."""
    for number in range(1, MOST_COPIES):
        try:
            return _create(client, name if number == 1 else f"{name} ({number})")
        except RefusedError as error:
            if error.status != 409:
                raise
    raise NotFoundError("free name for a bank like", name)


def mapping_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--map "Question text=stem"`, as often as there are columns; the command gets `mapping`, a dict."""
    fields = ", ".join(target for target in TARGETS if len(target) > 1)
    return click.option(
        "--map",
        "mapping",
        multiple=True,
        metavar="COLUMN=FIELD",
        callback=_mapping,
        help=f"What a column of FILE is: {fields}, or an option's letter; nothing: not read. May be repeated.",
    )(command)


def _mapping(_context: click.Context, _parameter: click.Parameter, pairs: Sequence[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        column, sign, field = pair.rpartition("=")
        if not sign or not column.strip() or field not in TARGETS:
            raise click.BadParameter(f"{pair!r} is not COLUMN=FIELD. A field is one of: {', '.join(TARGETS[:-1])}.")
        mapping[column] = field
    return mapping


def import_file(
    client: Client, bank_id: int, file: Path, *, silent: bool, mapping: dict[str, str] | None = None
) -> TaskObject:
    """Upload the file and follow its import to the end."""
    fields = {"mapping": json.dumps(mapping)} if mapping else {}
    with _unpacked(file) as plain:
        task = client.upload(f"/api/banks/{bank_id}/import", plain, **fields)["data"]
    with cancelled_when_interrupted(client, task["id"]), display(silent=silent) as shown:
        return follow(client, task, shown)


def bank_name_of(file: Path) -> str:
    """`questions` for `questions.jsonl.gz`."""
    return Path(file.stem).stem if file.suffix == ".gz" else file.stem


@contextmanager
def _unpacked(file: Path) -> Iterator[Path]:
    """The file itself, or what is in it if it is a gzip: banks are large, and the server takes plain files."""
    with file.open("rb") as packed:
        if packed.read(len(GZIP)) != GZIP:
            yield file
            return
    with tempfile.TemporaryDirectory(prefix="taskbeam-") as folder:
        plain = Path(folder) / file.name.removesuffix(".gz")
        try:
            with gzip.open(file, "rb") as source, plain.open("wb") as sink:
                shutil.copyfileobj(source, sink)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InvalidInputError(f"{file} is a damaged gzip file: {error}") from error
        yield plain


def _create(client: Client, name: str) -> int:
    return int(client.post("/api/banks", {"name": name})["data"]["id"])
