from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from services.ocr.engines.base import OnRead
from services.ocr.engines.rapidocr import RapidOcrEngine
from services.ocr.orientation import turned, upright
from services.ocr.page import Image, Quad, Reading

PAGES = {
    "a page of text": [
        "Reading comprehension, part one",
        "Choose the best answer below",
        "A. a house  B. a hill",
        "12.",
    ],
    "one line": ["The exam begins at nine"],
    "one word": ["Chapter"],
    "a receipt": ["TOTAL      12.50", "CASH       20.00", "CHANGE      7.50", "28", "Thank you"],
    "sums": ["1 + 2 =", "17 - 8 =", "3 x 6 =", "81 / 9 ="],
}


class CountedEngine(RapidOcrEngine):
    detections = 0

    def detect(self, image: Image, side: int, threads: int = 1) -> list[Quad]:
        self.detections += 1
        return super().detect(image, side, threads)


class MuteEngine(CountedEngine):
    """Has no classifier, and what it reads is the same whichever way it looks."""

    def recognize(self, crops: Sequence[Image], on_read: OnRead | None = None, threads: int = 1) -> list[Reading]:
        return [Reading("text", 0.5) for _ in crops]

    def votes_upside_down(self, crops: Sequence[Image]) -> list[float]:
        return []


@pytest.fixture(scope="module")
def engine() -> RapidOcrEngine:
    return RapidOcrEngine()


def page_of(lines: list[str], tilt: float = 0.0, size: int = 32, width: int = 620) -> Image:
    page = Pillow.new("RGB", (width, 800), "white")
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        draw.text((50, 60 + 70 * number), line, "black", ImageFont.load_default(size=size))
    return np.asarray(page.rotate(tilt, Pillow.Resampling.BICUBIC, fillcolor="white"))


def chinese_font(size: int) -> ImageFont.FreeTypeFont:
    for name in ("NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "wqy-zenhei.ttc", "uming.ttc"):
        with suppress(OSError):
            return ImageFont.truetype(name, size)
    pytest.skip("no font for Chinese is installed")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_page_is_set_upright_from_each_of_its_sides(engine: RapidOcrEngine, name: str, rotation: int) -> None:
    page = page_of(PAGES[name])

    result = upright(turned(page, -rotation), engine, side=960)

    assert rotation == result.rotation
    assert np.array_equal(page, result.image)


def test_the_lines_are_those_of_the_upright_page(engine: RapidOcrEngine) -> None:
    page = page_of(PAGES["a page of text"])

    straight = upright(page, engine, side=960).quads
    righted = upright(turned(page, 90), engine, side=960).quads

    assert len(straight) == len(righted) >= 4
    assert np.allclose(sorted(q.mean() for q in straight), sorted(q.mean() for q in righted))


def test_an_upright_page_is_looked_at_once() -> None:
    engine = CountedEngine()

    upright(page_of(PAGES["a page of text"]), engine, side=960)

    assert engine.detections == 1


@pytest.mark.parametrize("tilt", [-4.0, -1.5, 0.0, 2.0, 5.0])
def test_the_skew_is_told_in_degrees_clockwise(engine: RapidOcrEngine, tilt: float) -> None:
    result = upright(page_of(PAGES["a page of text"], tilt=-tilt), engine, side=960)

    assert result.rotation == 0
    assert abs(result.skew - tilt) < 0.5


def test_a_page_without_text_stays_as_it_is(engine: RapidOcrEngine) -> None:
    page = np.full((400, 600, 3), 255, np.uint8)

    result = upright(page, engine, side=960)

    assert (result.rotation, result.skew, result.quads) == (0, 0.0, [])
    assert result.image is page


def test_an_engine_without_a_classifier_reads_both_ways() -> None:
    class Engine(RapidOcrEngine):
        def votes_upside_down(self, crops: Sequence[Image]) -> list[float]:
            return []

    assert upright(turned(page_of(PAGES["a page of text"]), 180), Engine(), side=960).rotation == 180


def test_long_narrow_lines_that_the_classifier_takes_for_upside_down_stay(engine: RapidOcrEngine) -> None:
    long = "The candidates who have finished early may leave the room quietly after handing in all of their papers"
    page = page_of([long, long[20:], long[10:], long[5:]], size=16, width=900)

    assert upright(page, engine, side=960).rotation == 0
    assert upright(turned(page, 180), engine, side=960).rotation == 180


def test_chinese_set_from_top_to_bottom_stays_as_it_is(engine: RapidOcrEngine) -> None:
    font = chinese_font(32)
    page = Pillow.new("RGB", (500, 560), "white")
    draw = ImageDraw.Draw(page)
    for column, line in enumerate(["床前明月光疑是地上霜", "举头望明月低头思故乡", "春眠不觉晓处处闻啼鸟"]):
        for row, character in enumerate(line):
            draw.text((380 - 120 * column, 50 + 46 * row), character, "black", font)
    vertical = np.asarray(page)

    assert upright(vertical, engine, side=960).rotation == 0


def test_single_digits_below_one_another_stay(engine: RapidOcrEngine) -> None:
    assert upright(page_of(["1", "1", "7", "1"]), engine, side=960).rotation == 0


def test_an_engine_that_cannot_tell_turns_no_page_over() -> None:
    result = upright(turned(page_of(PAGES["a page of text"]), 180), MuteEngine(), side=960)

    assert result.rotation == 0


def test_progress_rises_to_the_end(engine: RapidOcrEngine) -> None:
    told: list[float] = []

    upright(turned(page_of(PAGES["one line"]), 90), engine, side=960, report=told.append)

    assert told == sorted(told)
    assert told[-1] == 1.0
