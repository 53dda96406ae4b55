"""Any number of rows in short transactions: the write lock is never held long enough for others to notice."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

ROWS = 500  # in one transaction
PAUSE = 0.002  # seconds between two of them, in which others write


def batches(rows: Iterable[T], size: int = ROWS) -> Iterator[list[T]]:
    """Lists of at most `size` rows, with a pause after each; take the lock inside the loop, once per list."""
    for batch in chunks(rows, size):
        yield batch
        time.sleep(PAUSE)


def chunks(rows: Iterable[T], size: int = ROWS) -> Iterator[list[T]]:
    """Lists of at most `size` rows, one after the other: what fits into a statement, or into memory."""
    source = iter(rows)
    while chunk := list(islice(source, size)):
        yield chunk
