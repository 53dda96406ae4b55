"""Exports on their way out: written by a worker process into a file, which is sent while it grows.

Composing a file is work for seconds or minutes; the server only passes on what is there.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from services.errors import TaskbeamError, UnitError
from services.runners.worker_pool import CancelToken, WorkerPool

FOLDER = "exports"  # below the data directory; empty when nobody downloads
PRIORITY = 5  # in the pool, where the units of tasks have 0
_CHUNK = 2**16
_LOOK = 0.02  # seconds
_YOUNG = 3600.0  # seconds; who still reads an older one keeps it open


class WorkerFiles:
    """Files that a target of the worker pool writes, appending to the `path` it is told.

    Args:
        pool: where it is written.
        data_dir: below which the files stand for as long as they are read.
        as_raised: the error that a failed unit stands for.
    """

    def __init__(
        self, pool: WorkerPool, data_dir: Path, as_raised: Callable[[UnitError], TaskbeamError] = lambda error: error
    ) -> None:
        self._pool, self._data_dir, self._as_raised = pool, data_dir, as_raised

    def chunks(self, target: str, argument: Mapping[str, Any]) -> Iterator[bytes]:
        """The file as it grows; nothing is written before the first chunk is asked for."""
        path = self._data_dir / FOLDER / uuid.uuid4().hex
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        work = _Work(self._pool, target, {**argument, "path": str(path)})
        try:
            with path.open("rb") as file:
                while True:
                    is_done = work.is_done()  # asked before the read: after it, something may have come
                    if chunk := file.read(_CHUNK):
                        yield chunk
                    elif is_done:
                        break
                    else:
                        time.sleep(_LOOK)
            work.raise_failure(self._as_raised)
        finally:
            work.stop()
            path.unlink(missing_ok=True)

    def discard_left(self) -> int:
        """Deletes what downloads left that a dying server cut off; gives their number."""
        left = [path for path in (self._data_dir / FOLDER).glob("*") if _age(path) > _YOUNG]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)


def _age(path: Path) -> float:
    """Seconds since it was written to; none of one that its download has just taken away."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


class _Work:
    """The worker's side of one export, in a thread of its own."""

    def __init__(self, pool: WorkerPool, target: str, argument: Mapping[str, Any]) -> None:
        self._pool, self._target, self._argument = pool, target, argument
        self._cancel = CancelToken()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="export", daemon=True)
        self._thread.start()

    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def raise_failure(self, as_raised: Callable[[UnitError], TaskbeamError]) -> None:
        if isinstance(self._failure, UnitError):
            raise as_raised(self._failure) from self._failure
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """When this returns, nobody writes into the file any more."""
        self._cancel.cancel()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._pool.run(self._target, self._argument, cancel=self._cancel, priority=PRIORITY)
        except TaskbeamError as error:
            self._failure = error
