"""How far a task is, how fast it goes, and when it will be done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

SAMPLES_PER_SECOND = 20  # progress events per task that are given a seq
_HALF_LIFE = 5.0  # seconds after which an observation of the rate weighs half


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a task; `work` in the task's own measure (questions, pages, rows), `rate` per second."""

    percentage: float
    rate: float | None
    eta_seconds: float | None
    message: str | None = None
    current_group: dict[str, str] | None = None


class ProgressMeter:
    """Rate and ETA from the work done since this meter began; what an earlier run did says nothing about speed.

    The rate is an exponentially weighted mean over time, so it neither jumps with each unit nor remembers a slow start.
    """

    def __init__(self, total: float, done: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._clock = total, clock
        self._reached = done
        self._done, self._seen_at = done, clock()  # at the last observation of the rate
        self._rate: float | None = None

    def measure(self, done: float, message: str | None = None, current_group: dict[str, str] | None = None) -> Progress:
        self._reached = max(done, self._reached)
        self._observe(self._clock())
        percentage = 100.0 * self._reached / self._total if self._total else 0.0
        return Progress(percentage, self._rounded_rate(), self._eta(), message, current_group)

    def _observe(self, now: float) -> None:
        elapsed = now - self._seen_at
        # Too short to divide by, or nothing done yet, which is no pace: either counts in the next observation.
        if elapsed < 0.05 or (self._rate is None and self._reached == self._done):
            return
        observed = (self._reached - self._done) / elapsed
        weight = 1.0 - 0.5 ** (elapsed / _HALF_LIFE)
        self._rate = observed if self._rate is None else self._rate + weight * (observed - self._rate)
        self._done, self._seen_at = self._reached, now

    def _rounded_rate(self) -> float | None:
        return None if self._rate is None else round(self._rate, 2)

    def _eta(self) -> float | None:
        if not self._rate:
            return None
        return round((self._total - self._reached) / self._rate, 1)


class Sampler:
    """Says whether an event may be sent now; of a flood only so many a second are."""

    def __init__(self, per_second: float = SAMPLES_PER_SECOND, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval, self._clock = 1.0 / per_second, clock
        self._next = 0.0

    def admits(self) -> bool:
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self._interval
        return True

    def wait(self) -> float:
        """Seconds until it admits the next one."""
        return max(0.0, self._next - self._clock())
