"""The file between reading and writing: rows already accepted, one JSON object a line, cut into slices for units."""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from services.errors import UnitError

SLICE_ROWS = 2_000
SLICE_BYTES = 8 * 2**20
STAGED = ".staged"
YOUNG = 3600.0  # seconds; a file that has just arrived may not have its import yet


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows `first` … `first + count - 1` (from 1, over the whole import), at `offset` of the staged file."""

    file: str
    offset: int
    length: int  # bytes
    first: int
    count: int


class Stager:
    """Writes rows, and hands out a slice whenever one is full."""

    def __init__(self, sink: BinaryIO, name: str) -> None:
        self._sink, self._name = sink, name
        self._offset = self._length = self._count = 0
        self._first = 1

    def add(self, row: dict[str, Any]) -> Slice | None:
        self._length += self._sink.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        self._count += 1
        return self.cut() if self._count >= SLICE_ROWS or self._length >= SLICE_BYTES else None

    def cut(self) -> Slice | None:
        """The rows since the last slice, safe on the disk; None if there are none."""
        if not self._count:
            return None
        self._sink.flush()
        os.fsync(self._sink.fileno())
        done = Slice(self._name, self._offset, self._length, self._first, self._count)
        self._offset += self._length
        self._first += self._count
        self._length = self._count = 0
        return done


def read_slice(folder: Path, part: Slice, skip: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """(row's number, row) of a slice without its first `skip` rows.

    Raises:
        UnitError: the staged file is gone, or not what was written.
    """
    try:
        with (folder / part.file).open("rb") as file:
            file.seek(part.offset)
            lines = file.read(part.length).splitlines()
    except FileNotFoundError as error:
        raise UnitError("The rows that were read from the upload are gone. Import the file again.") from error
    if len(lines) != part.count:
        raise UnitError("The rows that were read from the upload are damaged. Import the file again.")
    for number, line in enumerate(lines[skip:], part.first + skip):
        yield number, orjson.loads(line)


def staged_name(upload: str, lease_token: str) -> str:
    """Each reading has a file of its own: one that lost its lease but still runs cannot write into the next one's."""
    return f"{upload}.{lease_token}{STAGED}"


def staged_files(folder: Path, upload: str) -> Iterator[Path]:
    return folder.glob(f"{glob.escape(upload)}.*{STAGED}")


def discard_orphans(folder: Path, named: Collection[str]) -> int:
    """Deletes the uploads in `folder` that are not `named`, with what was staged from them; gives their number."""
    discarded = 0
    for path in folder.glob("*.upload*"):
        upload = path.name.partition(".upload")[0] + ".upload"
        if upload not in named and time.time() - path.stat().st_mtime > YOUNG:
            path.unlink(missing_ok=True)
            discarded += 1
    return discarded
