"""The files of OCR tasks on our disk: taken over when a task is made, gone when it is deleted."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from models import Database, Upload
from services.errors import InvalidImageError, InvalidInputError, TooLargeError
from services.file_names import shown_name
from services.ocr.decoding.sniff import HEAD_BYTES, refusal, sniff

FOLDER = "uploads"  # below the data directory; what no row names there is discarded when it is old
MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file that was received: `path` on our disk, `file_name` as its sender calls it, `size` in bytes."""

    path: Path
    file_name: str
    size: int
    sha256: str  # hex


def check(files: Sequence[IncomingFile]) -> None:
    """One that cannot be read becomes a failed page among others; only when none can, nobody should have to wait.

    Raises:
        InvalidInputError, TooLargeError: no file, or more than a task takes.
        InvalidImageError: none of them is a picture or document, by their first bytes.
    """
    if not files:
        raise InvalidInputError("Send at least one picture or document.")
    if len(files) > MOST_FILES:
        raise TooLargeError(f"A task takes {MOST_FILES} files; these are {len(files)}. Send the rest as another task.")
    refused: InvalidImageError | None = None
    for file in files:
        head = _head(file.path)
        if sniff(head):
            return
        refused = refused or refusal(head)
    assert refused is not None
    raise refused


def discard(files: Sequence[IncomingFile]) -> None:
    for file in files:
        file.path.unlink(missing_ok=True)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


class Uploads:
    """Files below the data directory, which may be moved as a whole: rows know them by their relative path."""

    def __init__(self, database: Database, data_dir: Path) -> None:
        self._database, self._data_dir = database, data_dir.resolve()

    def take_over(self, files: Sequence[IncomingFile]) -> list[Upload]:
        """Rows to be stored with their task; the files are ours from now on. All of them, or all are discarded."""
        rows: list[Upload] = []
        try:
            for file in files:
                rows.append(self._taken(file))  # noqa: PERF401  # those before a failure must be known
        except BaseException:
            self.discard(rows)
            discard(files)
            raise
        return rows

    def discard(self, rows: Sequence[Upload]) -> None:
        for row in rows:
            (self._data_dir / row.path).unlink(missing_ok=True)

    def discard_of(self, task_id: int) -> None:
        """Deletes the files of a task. For one that is being deleted."""
        with self._database.reader() as session:
            paths = session.scalars(select(Upload.path).where(Upload.task_id == task_id)).all()
        for path in paths:
            with suppress(OSError):  # what stays is discarded with the orphans
                (self._data_dir / path).unlink(missing_ok=True)

    def _taken(self, file: IncomingFile) -> Upload:
        kept = self._kept(file.path.resolve())
        return Upload(
            file_name=shown_name(file.file_name),
            path=kept.relative_to(self._data_dir).as_posix(),
            size=file.size,
            sha256=file.sha256,
        )

    def _kept(self, path: Path) -> Path:
        if path.is_relative_to(self._data_dir):
            return path
        folder = self._data_dir / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(path, folder / f"{uuid.uuid4().hex}.upload"))
