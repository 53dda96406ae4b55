from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import TooLargeError
from services.runners.channel import (
    BLOB_LIMIT,
    MESSAGE_LIMIT,
    Channel,
    ChannelClosedError,
    FrameError,
    encode,
)

Ends = tuple[Channel, Channel, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Two channels that face each other, and the socket under the second."""
    here, there = socket.socketpair()
    yield Channel(here), Channel(there), there
    here.close()
    there.close()


def receive_for_ever(channel: Channel) -> None:
    while True:
        assert isinstance(channel.receive()[0], dict)


def test_messages_arrive_whole_and_in_order(ends: Ends) -> None:
    here, there, _ = ends
    for number in range(100):
        there.send({"number": number}, bytes([number]))
    assert [({"number": number}, bytes([number])) for number in range(100)] == [here.receive() for _ in range(100)]


def test_a_message_larger_than_any_buffer_arrives_whole(ends: Ends) -> None:
    here, there, _ = ends
    message, blob = {"text": "x" * 3 * 2**20}, b"y" * (5 * 2**20 + 1)
    sender = threading.Thread(target=there.send, args=(message, blob))
    sender.start()
    assert (message, blob) == here.receive()
    sender.join()


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200), st.lists(st.integers(1, 30), max_size=20))
def test_where_the_stream_is_cut_does_not_matter(blob: bytes, cuts: list[int]) -> None:
    left, right = socket.socketpair()
    with left, right:
        frame = encode({"a": "题"}, blob)
        rest = frame.head + frame.blob
        received = threading.Thread(target=lambda: answers.append(Channel(left).receive()))
        answers: list[object] = []
        received.start()
        for cut in [*cuts, len(rest)]:
            right.sendall(rest[:cut])
            rest = rest[cut:]
        received.join()
        assert [({"a": "题"}, blob)] == answers


@given(st.binary(max_size=100))
def test_whatever_a_stranger_sends_ends_in_a_message_or_one_of_two_errors(data: bytes) -> None:
    left, right = socket.socketpair()
    with left, right:
        right.sendall(data)
        right.shutdown(socket.SHUT_WR)
        channel = Channel(left)
        with pytest.raises((ChannelClosedError, FrameError)):
            receive_for_ever(channel)


def test_lengths_over_the_limits_are_refused_before_anything_is_read_for_them(ends: Ends) -> None:
    here, _, there = ends
    there.sendall(struct.pack(">II", MESSAGE_LIMIT + 1, 0))
    with pytest.raises(FrameError, match="announced"):
        here.receive()


def test_what_is_over_the_limits_is_not_sent() -> None:
    with pytest.raises(TooLargeError, match="message"):
        encode({"text": "x" * MESSAGE_LIMIT})
    with pytest.raises(TooLargeError, match="blob"):
        encode({}, bytes(BLOB_LIMIT + 1))


@pytest.mark.parametrize("sent", [b"", b"\x00\x00", struct.pack(">II", 10, 0) + b"{}"], ids=["idle", "head", "body"])
def test_the_end_of_the_other_end_is_noticed_wherever_it_comes(ends: Ends, sent: bytes) -> None:
    here, _, there = ends
    there.sendall(sent)
    there.close()
    with pytest.raises(ChannelClosedError):
        here.receive()


def test_shutting_down_wakes_whoever_waits_in_receive_or_send(ends: Ends) -> None:
    here, there, _ = ends
    ended: list[str] = []

    def listen() -> None:
        with pytest.raises(ChannelClosedError):
            here.receive()
        ended.append("receive")

    def talk() -> None:
        with pytest.raises(ChannelClosedError):
            here.send({}, bytes(BLOB_LIMIT))  # to somebody who does not listen
        ended.append("send")

    threads = [threading.Thread(target=work) for work in (listen, talk)]
    for thread in threads:
        thread.start()
    here.shut_down()
    for thread in threads:
        thread.join(10)
    assert sorted(ended) == ["receive", "send"]
    here.shut_down()  # once more does no harm
    with pytest.raises(ChannelClosedError):
        there.receive()


def test_senders_in_many_threads_do_not_mix_their_frames(ends: Ends) -> None:
    here, there, _ = ends
    blobs = [bytes([number]) * 300_000 for number in range(8)]
    threads = [threading.Thread(target=there.send, args=({"n": n}, blob)) for n, blob in enumerate(blobs)]
    for thread in threads:
        thread.start()
    received = {message["n"]: blob for message, blob in (here.receive() for _ in blobs)}
    for thread in threads:
        thread.join()
    assert dict(enumerate(blobs)) == received
