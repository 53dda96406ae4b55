"""How often one principal or address may ask.

The method is the sliding window counter: the hits of this window plus those of the one before, weighted by how much
of that one still lies inside the last `period` seconds. It needs two numbers per key, however high the limit.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import limits
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from services.errors import RateLimitExceededError

logger = logging.getLogger(__name__)

REDIS_TIMEOUT = 0.25  # seconds a request may wait for a Redis that hangs
REDIS_PAUSE = 5.0  # seconds until a Redis that failed is asked again


class HitCounter(Protocol):
    def hit(self, limit: limits.RateLimitItem, key: str) -> float:
        """Count one hit; 0.0 when it is within the limit, else the seconds to wait (the hit is then not counted)."""


@dataclass(slots=True)
class _Window:
    index: int
    current: int = 0
    previous: int = 0

    def move_to(self, index: int) -> None:
        if index != self.index:
            self.previous = self.current if index == self.index + 1 else 0
            self.index, self.current = index, 0


class MemoryHits:
    """Counts in this process.

    `limits` has such a store too, but it starts a timer thread that walks over every key 100 times a second; this one
    drops what is old when a window ends.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}
        self._swept = 0
        self._lock = threading.Lock()

    def hit(self, limit: limits.RateLimitItem, key: str) -> float:
        period = limit.get_expiry()
        index, elapsed = divmod(self._clock(), period)
        with self._lock:
            self._sweep(int(index))
            window = self._windows.setdefault((str(limit), key), _Window(int(index)))
            window.move_to(int(index))
            wait = _wait(window, limit.amount, elapsed / period) * period
            window.current += wait == 0
            return wait

    def _sweep(self, index: int) -> None:
        if index == self._swept:
            return
        self._swept = index
        self._windows = {key: window for key, window in self._windows.items() if window.index >= index - 1}


def _wait(window: _Window, amount: int, elapsed: float) -> float:
    """How long until one more hit fits, in periods; `elapsed` is the part of the present one that is over (0 to 1)."""
    if window.current < amount:
        room = amount - 1 - window.current
        if window.previous == 0 or window.previous * (1 - elapsed) <= room:
            return 0.0
        return 1 - room / window.previous - elapsed
    return (1 - elapsed) + 1 - (amount - 1) / window.current


class RedisHits:
    """Counts in Redis, for all servers together; in this process while Redis does not answer."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._fallback = MemoryHits(clock)
        self._asked_again_at = 0.0
        self._strategy = SlidingWindowCounterRateLimiter(
            RedisStorage(
                url,
                key_prefix="taskbeam:limits",
                socket_timeout=REDIS_TIMEOUT,
                socket_connect_timeout=REDIS_TIMEOUT,
                retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]  # passed on to redis-py, which wants a Retry
            )
        )

    def hit(self, limit: limits.RateLimitItem, key: str) -> float:
        if self._clock() < self._asked_again_at:
            return self._fallback.hit(limit, key)
        try:
            if self._strategy.hit(limit, key):
                return 0.0
            return max(0.001, self._strategy.get_window_stats(limit, key).reset_time - self._clock())
        except (RedisError, OSError) as error:
            self._asked_again_at = self._clock() + REDIS_PAUSE
            logger.warning("Redis does not answer (%s); this server counts rates for itself meanwhile.", error)
            return self._fallback.hit(limit, key)


class RateLimiter:
    """One limit, kept for each key apart, e.g. "rest:key:3" or "socket:127.0.0.1".

    Args:
        limit: as `TASKBEAM_RATE_LIMIT` has it, e.g. "6000/minute".
        counter: where hits are counted.
    """

    def __init__(self, limit: str, counter: HitCounter | None = None) -> None:
        self._limit = limits.parse(limit)
        self._text = limit
        self._counter = counter or MemoryHits()

    @classmethod
    def from_settings(cls, limit: str, redis_url: str) -> RateLimiter:
        return cls(limit, RedisHits(redis_url) if redis_url else MemoryHits())

    def hit(self, key: str) -> None:
        """Count one request or message of `key`.

        Raises:
            RateLimitExceededError: it is one too many; `retry_after` says in how many seconds the next one fits.
        """
        wait = self._counter.hit(self._limit, key)
        if wait > 0:
            raise RateLimitExceededError(self._text, wait)
