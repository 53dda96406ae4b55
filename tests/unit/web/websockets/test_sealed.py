from __future__ import annotations

import base64

import pytest

from services.errors import InvalidInputError
from web.websockets.sealed import WINDOW_SECONDS, Sealer

pytest.importorskip("cryptography", reason="encrypted messages need cryptography")

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")


def nothing() -> None:
    pass


def test_what_was_sealed_is_opened_again_in_pieces() -> None:
    sealer, pauses = Sealer(KEY), list[None]()
    text = '{"type": "ping"}' + "题" * 500_000
    assert sealer.open(sealer.seal(text), lambda: pauses.append(None)) == text
    assert len(pauses) > 5


def test_no_two_messages_are_sealed_alike() -> None:
    sealer = Sealer(KEY)
    assert sealer.seal("same") != sealer.seal("same")


def test_one_changed_character_anywhere_is_refused() -> None:
    sealer = Sealer(KEY)
    sealed = sealer.seal("the same text")
    for at in [at for at, letter in enumerate(sealed) if letter != "."]:
        changed = sealed[:at] + ("B" if sealed[at] != "B" else "C") + sealed[at + 1 :]
        if _bytes(changed) != _bytes(sealed):  # the last letter of a part has bits that mean nothing
            with pytest.raises(InvalidInputError):
                sealer.open(changed, nothing)


def _bytes(sealed: str) -> list[bytes]:
    head, *parts = sealed.split(".")
    return [head.encode(), *(base64.urlsafe_b64decode(part + "==") for part in parts)]


def test_the_header_is_nothing_but_dir_and_a256gcm() -> None:
    sealer = Sealer(KEY)
    rest = sealer.seal("text").partition(".")[2]
    for header in (
        b'{"alg":"none","enc":"A256GCM"}',
        b'{"alg":"dir","enc":"A128GCM"}',
        b'{"alg":"dir","enc":"A256GCM","zip":"DEF"}',
        b'{"alg":"dir","enc":"A256GCM","crit":["x"],"x":1}',
        b"[]",
        b"{",
        b"1" * 5000,
    ):
        with pytest.raises(InvalidInputError):
            sealer.open(base64.urlsafe_b64encode(header).decode().rstrip("=") + "." + rest, nothing)


def test_an_old_message_is_a_replay() -> None:
    sealer = Sealer(KEY, clock=lambda: 1_000_000.0)
    sealer.check_age(1_000_000 - WINDOW_SECONDS)
    sealer.check_age(1_000_000 + WINDOW_SECONDS)
    for timestamp in (1_000_000 - WINDOW_SECONDS - 1, 1_000_000 + WINDOW_SECONDS + 1, None, True, "1000000", [], 1e300):
        with pytest.raises(InvalidInputError):
            sealer.check_age(timestamp)
