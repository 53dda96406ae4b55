"""How many there were a second, lately."""

from __future__ import annotations

import time
from collections import deque


class Rate:
    """Events a second over the last two seconds; a fixed number of cells, whatever the rate."""

    _CELL = 0.25  # seconds
    _CELLS = 8

    def __init__(self) -> None:
        self._cells: deque[tuple[int, int]] = deque(maxlen=self._CELLS + 1)  # (number of the cell, events)
        self._began = time.monotonic()

    def tick(self) -> None:
        cell = int(time.monotonic() / self._CELL)
        if self._cells and self._cells[-1][0] == cell:
            self._cells[-1] = (cell, self._cells[-1][1] + 1)
        else:
            self._cells.append((cell, 1))

    def per_second(self) -> float:
        """Of whole cells only: the present one is still filling."""
        now = time.monotonic()
        present = int(now / self._CELL)
        cells = tuple(self._cells)
        events = sum(count for cell, count in cells if present - self._CELLS <= cell < present)
        span = min(self._CELLS * self._CELL, present * self._CELL - self._began)
        return round(events / span, 1) if span >= self._CELL else 0.0
