"""First come, first served, for each key apart."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from eventlet.semaphore import Semaphore


@dataclass(slots=True)
class _Line:
    # eventlet's own: it wakes its waiters in the order in which they came.
    place: Semaphore = field(default_factory=Semaphore)
    length: int = 0


class Turns:
    """Keeps those in order who are about the same thing and run in greenthreads of their own."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, _Line] = {}

    @contextmanager
    def __call__(self, key: Hashable) -> Iterator[None]:
        line = self._lines.setdefault(key, _Line())
        line.length += 1
        try:
            with line.place:
                yield
        finally:
            line.length -= 1
            if line.length == 0:
                del self._lines[key]
