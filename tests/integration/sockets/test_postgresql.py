"""The hardest of it again on PostgreSQL, where every read and write lets other greenthreads run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.sockets import test_external, test_join, test_lobby
from tests.integration.sockets.conftest import Subject


@pytest.fixture
def on_postgresql(start_subject: Callable[..., Subject], postgres_url: str) -> Subject:
    return start_subject(f"database_url={postgres_url}", "rate_limit=1000000/minute")


@pytest.mark.parametrize(
    "test",
    [
        test_join.test_events_recorded_during_a_replay_neither_overtake_it_nor_come_twice,
        test_join.test_who_leaves_and_joins_while_events_are_recorded_misses_none_and_has_none_twice,
        test_join.test_a_client_that_never_left_and_one_that_comes_back_have_seen_the_same,
        test_join.test_joining_twice_gives_each_its_own_whole_replay,
        test_join.test_leaving_ends_a_replay_and_nothing_of_the_task_comes_after,
        test_lobby.test_a_client_in_room_and_lobby_gets_each_event_once,
        test_external.test_a_plain_client_reports_without_ever_asking_for_an_answer,
        test_external.test_fast_progress_is_sampled_and_its_last_word_comes_before_the_end,
    ],
    ids=lambda test: test.__name__.removeprefix("test_"),
)
def test_on_postgresql(test: Callable[[Subject], None], on_postgresql: Subject) -> None:
    test(on_postgresql)
    assert "Traceback" not in on_postgresql.log_path.read_text()
