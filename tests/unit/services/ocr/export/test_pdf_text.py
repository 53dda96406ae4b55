from __future__ import annotations

import math

import pytest
from hypothesis import given

from services.ocr.export.pdf_font import InklessFont
from services.ocr.export.pdf_text import frame_of
from services.ocr.page import Region
from tests.unit.services.ocr.export.pages import region, regions, texts


def test_an_upright_region_is_its_own_frame() -> None:
    frame = frame_of(region("x", 10, 20, 100, 30))
    assert (frame.x, frame.y, frame.width, frame.height, frame.cosine, frame.sine) == (10, 50, 100, 30, 1, 0)


def test_text_that_runs_downwards_turns_with_its_region() -> None:
    frame = frame_of(Region(((50, 10), (50, 110), (20, 110), (20, 10)), "x", 1))
    assert (frame.x, frame.y, frame.width, frame.height, frame.cosine, frame.sine) == (20, 10, 100, 30, 0, 1)


@given(regions)
def test_any_region_has_a_frame(found: Region) -> None:
    frame = frame_of(found)
    assert frame.width >= 1
    assert frame.height >= 1
    assert math.hypot(frame.cosine, frame.sine) == pytest.approx(1)


@given(texts.filter(lambda text: not any("\ud800" <= character <= "\udfff" for character in text)))
def test_a_character_keeps_its_code(text: str) -> None:
    font = InklessFont()
    code = font.encoded(text)
    assert len(code) == 2 + 4 * len(text)
    assert font.encoded(text) == code


def test_more_characters_than_codes_become_the_replacement_character() -> None:
    font = InklessFont()
    every = [chr(number) for number in range(0x20, 0x11000) if not 0xD800 <= number <= 0xDFFF]
    codes = [font.encoded(character) for character in every]
    assert len(set(codes)) == 0xFFFF
    assert codes[-1] == font.encoded("\ufffd")
