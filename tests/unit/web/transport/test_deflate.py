from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.transport.deflate import InflatedTooLargeError, deflate, inflate, is_acceptable


@given(st.binary(max_size=5000))
def test_what_was_packed_unpacks(data: bytes) -> None:
    assert inflate(deflate(data), 5000) == data


def test_a_message_may_fill_its_limit_and_not_pass_it() -> None:
    packed = deflate(bytes(1000))
    assert inflate(packed, 1000) == bytes(1000)
    with pytest.raises(InflatedTooLargeError):
        inflate(packed, 999)


def test_damaged_data_is_an_error() -> None:
    with pytest.raises(zlib.error):
        inflate(b"\xff\xff", 1000)


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        ("", False),
        ("permessage-deflate", True),
        ("permessage-deflate; client_max_window_bits", True),
        ("permessage-deflate; server_no_context_takeover; client_max_window_bits=12", True),
        ("permessage-deflate; server_max_window_bits=10", False),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", True),
        ("permessage-bzip2", False),
    ],
)
def test_an_offer_is_accepted_when_it_asks_for_what_we_do(offers: str, expected: bool) -> None:
    assert is_acceptable(offers) is expected


def test_a_large_message_is_unpacked_in_pieces_with_pauses_between() -> None:
    message = bytes(range(256)) * 20_000
    pauses: list[None] = []
    assert inflate(deflate(message), len(message), lambda: pauses.append(None)) == message
    assert len(pauses) >= len(message) // 2**18


def test_what_follows_a_final_block_is_not_looked_at() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    final = packer.compress(b"all of it") + packer.flush(zlib.Z_FINISH)
    assert inflate(final + b"\xff" * 200_000, 1000) == b"all of it"
