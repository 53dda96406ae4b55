from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from models import Database, IdempotencyKey
from services.errors import IdempotencyKeyReusedError, RequestInProgressError
from services.idempotency import ABANDONED_AFTER, LIFETIME, IdempotencyStore, StoredAnswer

ANSWER = StoredAnswer(201, {"Content-Type": "application/json"}, '{"data":{"id":1}}')


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_the_first_request_is_the_callers_to_do_and_its_answer_is_given_again(database: Database):
    store = IdempotencyStore(database)
    assert store.begin("key:1", "k", "hash") is None
    store.finish("key:1", "k", ANSWER)
    assert store.begin("key:1", "k", "hash") == ANSWER


def test_another_request_under_the_same_key_is_refused(database: Database):
    store = IdempotencyStore(database)
    store.begin("key:1", "k", "hash")
    store.finish("key:1", "k", ANSWER)
    with pytest.raises(IdempotencyKeyReusedError):
        store.begin("key:1", "k", "another hash")


def test_a_request_that_is_not_answered_yet_is_not_done_twice(database: Database):
    store = IdempotencyStore(database)
    store.begin("key:1", "k", "hash")
    with pytest.raises(RequestInProgressError):
        store.begin("key:1", "k", "hash")


def test_the_keys_of_two_principals_never_meet(database: Database):
    store = IdempotencyStore(database)
    store.begin("key:1", "k", "hash")
    assert store.begin("key:2", "k", "another hash") is None


def test_a_request_that_failed_may_be_tried_again(database: Database):
    store = IdempotencyStore(database)
    store.begin("key:1", "k", "hash")
    store.abandon("key:1", "k")
    assert store.begin("key:1", "k", "hash") is None


def test_a_request_whose_server_died_may_be_tried_again_after_a_while(database: Database):
    clock = Clock()
    store = IdempotencyStore(database, clock=clock)
    store.begin("key:1", "k", "hash")
    clock.now += ABANDONED_AFTER + 1
    assert store.begin("key:1", "k", "hash") is None


def test_answers_are_forgotten_after_a_day(database: Database):
    clock = Clock()
    store = IdempotencyStore(database, clock=clock)
    for key in ("k1", "k2"):
        store.begin("key:1", key, "hash")
        store.finish("key:1", key, ANSWER)
    clock.now += LIFETIME + 1
    assert store.begin("key:1", "k1", "another hash") is None
    with database.reader() as session:
        assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 1


def test_of_many_at_once_one_is_told_to_do_it(database: Database):
    store = IdempotencyStore(database)

    def begin(_: int) -> bool:
        try:
            return store.begin("key:1", "k", "hash") is None
        except RequestInProgressError:
            return False

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(begin, range(24))) == 1
