from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import ImageTooLargeError, InvalidImageError
from web.websockets import images
from web.websockets.images import decode, decoded_size

MOST = 2**20


def nothing() -> None:
    pass


@given(st.binary(min_size=1, max_size=400), st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_every_dress_of_base64_gives_the_same_bytes(
    data: bytes, chance: random.Random, url_safe: bool, padded: bool
) -> None:
    text = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(data).decode()
    text = text if padded else text.rstrip("=")
    spaced = "".join(letter + chance.choice(["", "", " ", "\r\n"]) for letter in text)
    assert decode(spaced, MOST, nothing) == data


@pytest.mark.parametrize("slice_size", [1, 2, 3, 4, 5, 7, 64])
def test_where_the_slices_are_cut_does_not_matter(monkeypatch: pytest.MonkeyPatch, slice_size: int) -> None:
    monkeypatch.setattr(images, "SLICE", slice_size)
    for size in range(1, 30):
        data = bytes(range(size))
        assert decode(base64.b64encode(data).decode() + "\n", MOST, nothing) == data
    for text in ("QQ==QQ==", "QQ=Q", "=QUJD", "QUJD=", "QQ===", "A", "QUJDA", "QU*D", "QUJD\0", "题"):
        with pytest.raises(InvalidImageError):
            decode(text, MOST, nothing)


@pytest.mark.parametrize(
    "text", ["", "   ", "data:image/png;base64,", "data:image/png,QUJD", "data:,", "data:image/png;base64;QUJD", "="]
)
def test_what_holds_no_bytes_is_no_image(text: str) -> None:
    with pytest.raises(InvalidImageError):
        decode(text, MOST, nothing)


def test_an_image_is_too_large_as_soon_as_its_bytes_pass_the_limit() -> None:
    assert decode(base64.b64encode(bytes(MOST)).decode(), MOST, nothing) == bytes(MOST)
    pauses: list[None] = []
    with pytest.raises(ImageTooLargeError, match="more than 1 MB"):
        decode("A" * 100_000_000, MOST, lambda: pauses.append(None))
    assert len(pauses) < 10


def test_others_have_their_turn_between_slices() -> None:
    pauses: list[None] = []
    decode("A" * 10 * images.SLICE, 10 * MOST, lambda: pauses.append(None))
    assert len(pauses) == 10


@pytest.mark.parametrize("size", [0, 1, 2, 3, 1000, 1001])
def test_the_size_before_decoding_is_never_too_small(size: int) -> None:
    padded = base64.b64encode(bytes(size)).decode()
    assert decoded_size(padded.rstrip("=")) >= size
    assert decoded_size(padded) <= size + 6
