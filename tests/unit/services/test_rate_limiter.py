from __future__ import annotations

import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis
from redis.exceptions import RedisError

from services.errors import RateLimitExceededError
from services.rate_limiter import REDIS_PAUSE, MemoryHits, RateLimiter, RedisHits
from tests.conftest import REDIS, absent


class Clock:
    def __init__(self, now: float = 6000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def admitted(limiter: RateLimiter, key: str, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            limiter.hit(key)
        except RateLimitExceededError:
            continue
        count += 1
    return count


def test_as_many_hits_as_the_limit_says_are_admitted():
    limiter = RateLimiter("5/minute", MemoryHits(Clock()))
    assert admitted(limiter, "a", 8) == 5


def test_each_key_has_its_own_count():
    limiter = RateLimiter("2/minute", MemoryHits(Clock()))
    assert [admitted(limiter, key, 3) for key in ("a", "b")] == [2, 2]


def test_the_refusal_says_when_the_next_hit_fits():
    clock = Clock()
    limiter = RateLimiter("3/minute", MemoryHits(clock))
    assert admitted(limiter, "a", 3) == 3
    with pytest.raises(RateLimitExceededError) as refused:
        limiter.hit("a")
    clock.now += refused.value.retry_after - 0.1
    assert admitted(limiter, "a", 1) == 0
    clock.now += 0.2
    assert admitted(limiter, "a", 1) == 1


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 20))
def test_no_sliding_minute_admits_more_than_twice_the_limit(pauses: list[float], limit: int):
    # The counter is an approximation; what it may let through in the worst case is bounded.
    clock = Clock()
    limiter, times = RateLimiter(f"{limit}/minute", MemoryHits(clock)), []
    for pause in pauses:
        clock.now += pause
        if admitted(limiter, "a", 1):
            times.append(clock.now)
    assert all(sum(begin <= other < begin + 60 for other in times) <= 2 * limit for begin in times)


@given(st.integers(1, 20), st.floats(0, 59), st.floats(0, 200))
def test_waiting_as_long_as_told_is_always_enough(limit: int, begin: float, pause: float):
    clock = Clock(6000.0 + begin)
    hits = RateLimiter(f"{limit}/minute", MemoryHits(clock))
    admitted(hits, "a", limit)
    clock.now += pause
    admitted(hits, "a", limit // 2)
    try:
        hits.hit("a")
    except RateLimitExceededError as refused:
        clock.now += refused.retry_after + 0.001
        hits.hit("a")


def test_counts_of_who_went_away_are_forgotten():
    clock = Clock()
    hits = MemoryHits(clock)
    limiter = RateLimiter("5/minute", hits)
    for number in range(100):
        limiter.hit(f"visitor {number}")
    clock.now += 180
    limiter.hit("somebody else")
    assert len(hits._windows) == 1


def test_one_key_costs_the_same_memory_however_high_the_limit():
    hits = MemoryHits(Clock())
    admitted(RateLimiter("6000/minute", hits), "a", 3000)
    assert len(hits._windows) == 1


@pytest.fixture
def redis() -> Redis:
    client = Redis.from_url(REDIS, socket_connect_timeout=1)
    try:
        client.flushdb()
    except RedisError as error:
        absent(f"Redis does not answer at {REDIS}: {error}")
    return client


def test_two_servers_count_together_through_redis(redis: Redis):
    one, other = (RateLimiter("4/hour", RedisHits(REDIS)) for _ in range(2))
    assert admitted(one, "a", 3) == 3
    assert admitted(other, "a", 3) == 1
    with pytest.raises(RateLimitExceededError) as refused:
        one.hit("a")
    assert 0 < refused.value.retry_after <= 7200
    redis.close()


def test_a_redis_that_refuses_connections_is_replaced_by_counts_here():
    limiter = RateLimiter("2/minute", RedisHits("redis://127.0.0.1:1"))
    assert admitted(limiter, "a", 3) == 2


def test_a_redis_that_hangs_costs_one_short_wait_and_not_one_per_request():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        clock = Clock(time.time())
        limiter = RateLimiter("1000/minute", RedisHits(f"redis://127.0.0.1:{silent.getsockname()[1]}", clock=clock))
        began = time.monotonic()
        assert admitted(limiter, "a", 200) == 200
        assert time.monotonic() - began < 5
        clock.now += REDIS_PAUSE + 1
        assert admitted(limiter, "a", 1) == 1
