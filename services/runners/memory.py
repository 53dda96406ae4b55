"""What a worker process keeps in memory between units."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

GROWTH_MB = 64  # kept by the allocator before it is worth some 10 ms to give it back


class Memory:
    """Resident memory, with what freed units left behind given back.

    A page's tensors of many sizes leave holes that glibc keeps for later: over 500 pages a worker that needs 250 MiB
    came to hold twice as much.
    """

    def __init__(self) -> None:
        self._trim = _trim_of_glibc()
        self._level = resident_mb()

    def settle(self) -> int:
        """After a unit: resident MiB; 0 where it cannot be had (Windows, macOS): workers are then renewed by count."""
        now = resident_mb()
        if now > self._level + GROWTH_MB:
            self._trim(0)
            now = self._level = resident_mb()
        self._level = min(self._level, now)
        return now


def resident_mb() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def _trim_of_glibc() -> Callable[[int], int]:
    """Other C libraries have no such call, and most of them no such habit."""
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return lambda _: 0
    return trim
