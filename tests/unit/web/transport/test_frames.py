from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.transport.clients import frame
from web.transport.frames import (
    BINARY,
    CLOSE,
    PING,
    TEXT,
    MessageReader,
    PeerClosedError,
    ProtocolError,
    close_frame,
    decode_frames,
    encode_frame,
    unmask,
)


def naive(data: bytes, mask: bytes) -> bytes:
    return bytes(value ^ mask[at % 4] for at, value in enumerate(data))


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_unmasking_is_the_xor_with_the_repeated_mask(data: bytes, mask: bytes) -> None:
    assert naive(data, mask) == unmask(data, mask)


@pytest.mark.parametrize("length", [4095, 4096, 4097, 65_539])
def test_the_way_for_long_data_gives_the_same(length: int) -> None:
    data = (bytes(range(256)) * (length // 256 + 1))[:length]
    assert naive(data, b"\x01\x80\xfe\x37") == unmask(data, b"\x01\x80\xfe\x37")


def test_unmasking_a_large_message_is_not_done_byte_by_byte() -> None:
    # 5 MB at the library's pace stalled everybody for 1.7 s.
    data, mask = bytes(500_000), b"\x01\x80\xfe\x37"
    assert 10 * seconds(lambda: unmask(data, mask)) < seconds(lambda: naive(data, mask))


def seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_frames_of_every_length_can_be_taken_apart_again(length: int) -> None:
    two = encode_frame(TEXT, b"x" * length) + encode_frame(BINARY, b"")
    assert [(TEXT, b"x" * length), (BINARY, b"")] == list(decode_frames(two))


def test_a_long_close_reason_is_cut_between_characters() -> None:
    ((opcode, payload),) = decode_frames(close_frame(1013, "题" * 100))
    assert opcode == CLOSE
    assert payload[2:].decode() == "题" * 41


def reader(stream: bytes, *, limit: int = 1000, pieces: int = 7, inflate: bool = False) -> tuple[MessageReader, list]:
    controls: list[tuple[int, bytes]] = []
    receive: Callable[[int], bytes] = iter([stream[at : at + pieces] for at in range(0, len(stream), pieces)]).__next__

    def receive_or_end(_: int) -> bytes:
        try:
            return receive()
        except StopIteration:
            return b""

    return MessageReader(receive_or_end, limit, lambda *control: controls.append(control), inflate=inflate), controls


@pytest.mark.parametrize("pieces", [1, 2, 3, 5, 1000])
def test_messages_are_assembled_however_the_stream_is_cut(pieces: int) -> None:
    stream = (
        frame(TEXT, "题".encode()[:2], final=False)
        + frame(PING, b"p")
        + frame(0, "题".encode()[2:])
        + frame(BINARY, bytes(300))
    )
    messages, controls = reader(stream, pieces=pieces)
    assert messages.read() == "题"
    assert messages.read() == bytes(300)
    assert controls == [(PING, b"p")]
    with pytest.raises(PeerClosedError) as end:
        messages.read()
    assert end.value.code is None


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=20))
def test_fragments_of_any_size_join_to_their_message(fragments: list[bytes]) -> None:
    last = len(fragments) - 1
    stream = b"".join(frame(0 if at else BINARY, part, final=at == last) for at, part in enumerate(fragments))
    messages, _ = reader(stream, limit=10_000)
    assert b"".join(fragments) == messages.read()


def test_the_limit_counts_all_fragments() -> None:
    messages, _ = reader(frame(BINARY, bytes(600), final=False) + frame(0, bytes(401)))
    with pytest.raises(ProtocolError) as error:
        messages.read()
    assert error.value.code == 1009


@pytest.mark.parametrize(("payload", "code"), [(b"", 1000), (b"\x03\xe9", 1001), (b"\x0f\xa0bye", 4000)])
def test_a_close_frame_tells_its_code(payload: bytes, code: int) -> None:
    messages, _ = reader(frame(CLOSE, payload))
    with pytest.raises(PeerClosedError) as end:
        messages.read()
    assert end.value.code == code


@pytest.mark.parametrize("payload", [b"\x03", b"\x03\xed", b"\x00\x00", b"\x03\xe8\xff"])
def test_a_close_frame_that_may_not_be_is_an_error(payload: bytes) -> None:
    messages, _ = reader(frame(CLOSE, payload))
    with pytest.raises(ProtocolError):
        messages.read()


def test_the_compression_bit_is_for_first_frames_of_agreed_connections() -> None:
    for stream in (frame(PING, b"", reserved=0x40), frame(TEXT, b"", final=False) + frame(0, b"", reserved=0x40)):
        messages, _ = reader(stream, inflate=True)
        with pytest.raises(ProtocolError):
            messages.read()
