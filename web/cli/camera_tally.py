"""What came from a camera, counted second by second."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

from web.cli.camera_stream import Picture


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the time since the last ones; ages in seconds, None where no picture came."""

    at: float
    frames: int
    fps: float
    age: float | None
    worst_age: float | None
    kilobytes: float
    seq: int | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def line(self) -> str:
        if self.age is None or self.worst_age is None:
            return f"{self.at:6.0f} s   no frames"
        ages = f"age {self.age * 1000:5.0f} ms, at worst {self.worst_age * 1000:5.0f} ms"
        return f"{self.at:6.0f} s   {self.fps:5.1f} fps   {ages}   {self.kilobytes:7.0f} KB/s   frame {self.seq}"


class Tally:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = self._since = time.monotonic()
        self._ages: list[float] = []
        self._bytes, self._frames = 0, 0
        self._seq: int | None = None

    def count(self, picture: Picture) -> None:
        with self._lock:
            self._ages.append(picture.age)
            self._bytes += len(picture.data)
            self._frames += 1
            self._seq = picture.seq

    def take(self) -> Figures:
        """What came since the last call."""
        with self._lock:
            now = time.monotonic()
            span, ages, size = now - self._since, sorted(self._ages), self._bytes
            self._since, self._ages, self._bytes = now, [], 0
        middle = ages[len(ages) // 2] if ages else None
        worst = ages[-1] if ages else None
        at, fps = round(now - self._began, 1), round(len(ages) / span, 1)
        return Figures(at, len(ages), fps, middle, worst, round(size / 1000 / span, 1), self._seq)

    def summary(self) -> str:
        seconds = time.monotonic() - self._began
        return f"{self._frames} frames in {seconds:.1f} s: {self._frames / seconds:.1f} a second."
