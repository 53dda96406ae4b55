"""The one server of a data directory: the lock it holds and the note that says where it listens.

The lock is the truth (the system frees it however the process ends); `server.json` only tells the address.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from services.errors import ConfigurationError

LOCK_NAME, NOTE_NAME = "server.lock", "server.json"
LOCK_PATIENCE = 1.0  # seconds; a client that asks `running()` holds the lock for an instant


@dataclass(frozen=True, slots=True)
class Instance:
    pid: int
    url: str


@contextmanager
def sole_server(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for one server.

    Raises:
        ConfigurationError: another server holds it, or it cannot be written.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (data_dir / LOCK_NAME).open("a")
    except OSError as error:
        raise ConfigurationError(
            f"TASKBEAM_DATA_DIR={str(data_dir)!r} cannot be written ({error.strerror}). "
            "Give a directory this user may write to."
        ) from error
    with file:
        _lock_soon(file, data_dir)
        _note(data_dir).unlink(missing_ok=True)  # of a server that was killed
        try:
            yield
        finally:
            _note(data_dir).unlink(missing_ok=True)


def announce(data_dir: Path, url: str) -> None:
    """Say where the server of this data directory listens; removed again when `sole_server` ends."""
    draft = data_dir / f"{NOTE_NAME}.new"
    draft.write_text(json.dumps(asdict(Instance(os.getpid(), url))) + "\n")
    draft.replace(_note(data_dir))


def running(data_dir: Path) -> Instance | None:
    """The server that holds this data directory now and has said where it listens."""
    if not is_held(data_dir):
        return None
    try:
        return Instance(**json.loads(_note(data_dir).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def is_held(data_dir: Path) -> bool:
    """Whether a server has this data directory; it may still be starting, or already be stopping."""
    try:
        with (data_dir / LOCK_NAME).open("a") as file:
            return not _try_lock(file)
    except OSError:
        return False


def _note(data_dir: Path) -> Path:
    return data_dir / NOTE_NAME


def _lock_soon(file: IO[str], data_dir: Path) -> None:
    deadline = time.monotonic() + LOCK_PATIENCE
    while not _try_lock(file):
        if time.monotonic() > deadline:
            other = running(data_dir)
            where = f" (process {other.pid}, {other.url})" if other else ""
            raise ConfigurationError(
                f"Another server{where} uses the data directory {data_dir}. "
                "Stop it, or set TASKBEAM_DATA_DIR to another directory."
            )
        time.sleep(0.05)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[str]) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
