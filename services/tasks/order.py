"""One lock per task, so that its events leave in the order of their seq."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TaskOrder:
    """Locks that exist only while somebody holds or awaits them."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[int, tuple[threading.RLock, int]] = {}  # task id -> lock, holders and waiters

    @contextmanager
    def __call__(self, task_id: int) -> Iterator[None]:
        with self._guard:
            lock, users = self._locks.get(task_id) or (threading.RLock(), 0)
            self._locks[task_id] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._locks[task_id]
                if users == 1:
                    del self._locks[task_id]
                else:
                    self._locks[task_id] = lock, users - 1
