"""How much memory the worker processes take together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

LOOK = 0.1
"""Seconds between two looks; looking takes time from the workers."""


@contextmanager
def most_memory() -> Iterator[list[float]]:
    """Resident megabytes of the children that this process has now, together, whenever they were looked at."""
    seen, done = [0.0], threading.Event()
    workers = psutil.Process().children()

    def look() -> None:
        while not done.wait(LOOK):
            seen.append(sum(worker.memory_info().rss for worker in workers) / 2**20)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield seen
    done.set()
    thread.join()
