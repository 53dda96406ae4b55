from __future__ import annotations

import pytest

from services.errors import RateLimitExceededError
from web.websockets.holdings import Holdings


def test_one_alone_is_always_taken_and_no_more_than_the_bound_beside_others() -> None:
    holdings = Holdings(100, "here")
    holdings.take(1000)
    with pytest.raises(RateLimitExceededError):
        holdings.take(1)
    holdings.give_back(1000)
    holdings.take(60)
    holdings.take(40)


def test_what_the_server_has_no_room_for_is_not_held_by_the_connection_either() -> None:
    server = Holdings(100, "held by this server")
    first, second = Holdings(80, "in flight", server), Holdings(80, "in flight", server)
    first.take(70)
    with pytest.raises(RateLimitExceededError, match="held by this server"):
        second.take(50)
    assert (server.bytes, second.bytes) == (70, 0)
    first.give_back(70)
    second.take(50)
    assert server.bytes == 50
