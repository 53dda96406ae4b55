from __future__ import annotations

from collections.abc import Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.transport.message import Message
from web.transport.outbox import Outbox, OutboxLimits, WhenBehind


def message(text: str, key: Hashable | None = None) -> Message:
    return Message(text.encode(), key)


def texts(outbox: Outbox) -> list[str]:
    return [one.frames.decode() for one in outbox.take(1 << 30)]


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(OutboxLimits(messages=5, bytes=100))


def test_messages_leave_in_the_order_they_came(outbox: Outbox) -> None:
    for text in "abc":
        assert outbox.put(message(text))
    assert texts(outbox) == ["a", "b", "c"]
    assert (len(outbox), outbox.bytes) == (0, 0)


def test_a_newer_message_stands_in_for_an_older_one_of_its_key(outbox: Outbox) -> None:
    for text, key in (("p1", "p"), ("q1", "q"), ("p2", "p"), ("p3", "p")):
        outbox.put(message(text, key))
    assert outbox.counters.coalesced == 2
    assert texts(outbox) == ["p3", "q1"]


def test_a_newer_message_never_passes_one_without_a_key(outbox: Outbox) -> None:
    for text, key in (("p1", "p"), ("paused", None), ("p2", "p"), ("done", None)):
        outbox.put(message(text, key))
    assert texts(outbox) == ["paused", "p2", "done"]


def test_a_key_that_has_left_supersedes_nothing(outbox: Outbox) -> None:
    outbox.put(message("p1", "p"))
    assert texts(outbox) == ["p1"]
    outbox.put(message("p2", "p"))
    assert (texts(outbox), outbox.counters.coalesced) == (["p2"], 0)


def test_a_key_updated_without_end_still_gets_its_turn(outbox: Outbox) -> None:
    # If a superseding message always went to the end, the busiest task of all would never be shown.
    outbox.put(message("busy", "busy"))
    for number in range(3):
        outbox.put(message(f"other{number}", number))
        outbox.put(message("busy", "busy"))
    assert [one.frames for one in outbox.take(1)] == [b"busy"]


def test_the_bound_in_messages_refuses_the_next(outbox: Outbox) -> None:
    assert [outbox.put(message(str(number))) for number in range(6)] == [True] * 5 + [False]


def test_a_superseding_message_needs_no_room(outbox: Outbox) -> None:
    outbox.put(message("p1", "p"))
    for number in range(4):
        outbox.put(message(str(number)))
    assert outbox.put(message("p2", "p"))
    assert len(outbox) == 5


def test_the_bound_in_bytes_refuses_the_next_but_never_the_only_one(outbox: Outbox) -> None:
    assert outbox.put(message("x" * 500))
    assert not outbox.put(message("y"))
    assert texts(outbox) == ["x" * 500]


def test_the_engine_s_ping_goes_before_everything(outbox: Outbox) -> None:
    outbox.put(message("a"))
    outbox.put(message("p1", "p"))
    outbox.put_first(message("ping"))
    outbox.put(message("p2", "p"))
    assert texts(outbox) == ["ping", "a", "p2"]


def test_no_more_is_taken_than_asked_for_once_something_was(outbox: Outbox) -> None:
    for text in ("aaaa", "bbbb", "cccc"):
        outbox.put(message(text))
    assert [one.frames for one in outbox.take(5)] == [b"aaaa", b"bbbb"]
    assert outbox.bytes == 4


def test_it_is_roomy_up_to_a_quarter_of_its_bounds(outbox: Outbox) -> None:
    outbox.put(message("a"))
    assert outbox.is_roomy()
    outbox.put(message("b"))
    assert not outbox.is_roomy()


def test_a_key_for_when_the_client_is_behind_supersedes_nothing_before(outbox: Outbox) -> None:
    key = WhenBehind("p")
    for text in ("p1", "p2", "p3", "p4"):
        outbox.put(message(text, key))
    assert outbox.counters.coalesced == 2  # a quarter of five is one: behind from the second on
    assert texts(outbox) == ["p1", "p4"]
    outbox.put(message("p5", key))
    assert (texts(outbox), outbox.bytes) == (["p5"], 0)


@given(st.lists(st.tuples(st.sampled_from([None, "p", "q"]), st.integers(1, 9), st.booleans())))
def test_bytes_and_order_hold_whatever_happens(steps: list[tuple[str | None, int, bool]]) -> None:
    outbox = Outbox(OutboxLimits(messages=1000, bytes=100_000))
    waiting: list[tuple[str | None, int]] = []  # what must leave, by the plain rule: newest of a key, order of unkeyed
    unkeyed_taken: list[int] = []
    for number, (key, size, take) in enumerate(steps):
        outbox.put(Message(number.to_bytes(4, "big") * size, key))
        waiting.append((key, number))
        if take:
            unkeyed_taken += [number_of(one) for one in outbox.take(1) if one.key is None]
        assert outbox.bytes == sum(one.size for one in outbox._queue.values())
    left = outbox.take(1 << 30)
    keys = [one.key for one in left if one.key is not None]
    assert len(keys) == len(set(keys))
    unkeyed = unkeyed_taken + [number_of(one) for one in left if one.key is None]
    assert unkeyed == [number for key, number in waiting if key is None]
    for one in left:
        if one.key is not None:
            assert_between_its_neighbours(one, left)


def assert_between_its_neighbours(one: Message, left: list[Message]) -> None:
    at = left.index(one)
    assert all(number_of(other) < number_of(one) for other in left[:at] if other.key is None)
    assert all(number_of(other) > number_of(one) for other in left[at:] if other.key is None)


def number_of(one: Message) -> int:
    return int.from_bytes(one.frames[:4], "big")
