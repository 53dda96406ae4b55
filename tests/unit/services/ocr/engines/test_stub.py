import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from services.ocr.crops import cut
from services.ocr.engines.registry import STUB_VARIABLE
from services.ocr.engines.stub import Strip, StubEngine
from services.ocr.orientation import upright
from services.ocr.page import Raster
from services.ocr.pipeline import read_page
from services.ocr.requirements import Requirements
from tests.pages import draw_page, pixels

LINES = ["第一行：下列说法正确的是（  ）", "A", "Second line, 12.5 %", "字" * 80]


def read(page, **options):
    image, engine = pixels(page), StubEngine()
    quads = sorted(engine.detect(image, 960), key=lambda quad: quad[0, 1])
    return engine.recognize([cut(image, quad) for quad in quads], **options)


def test_it_reads_what_was_drawn():
    assert [reading.text for reading in read(draw_page(LINES))] == LINES


def test_a_page_without_lines_has_none():
    assert StubEngine().detect(pixels(draw_page([])), 960) == []


@pytest.mark.parametrize("scale", [0.8, 1.3])
def test_a_crop_with_a_margin_and_another_scale_is_read_all_the_same(scale):
    image = pixels(draw_page(LINES[:1]))
    crop = cv2.resize(image[30:100], None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)

    assert StubEngine().recognize([crop])[0].text == LINES[0]


def test_lines_of_a_page_on_its_side_stand_on_end():
    quads = StubEngine().detect(pixels(draw_page(LINES, rotate=90)), 960)

    assert len(quads) == len(LINES)
    assert all(np.ptp(quad[:, 1]) > np.ptp(quad[:, 0]) for quad in quads)


@pytest.mark.parametrize(("rotate", "vote"), [(0, 0.0), (180, 1.0)])
def test_it_votes_on_lines_that_stand_on_their_head(rotate, vote):
    image, engine = pixels(draw_page(LINES, rotate=rotate)), StubEngine()
    crops = [cut(image, quad) for quad in engine.detect(image, 960)]

    assert engine.votes_upside_down(crops) == [vote] * len(LINES)


def test_what_is_no_strip_reads_as_nothing():
    noise = np.random.default_rng(1).integers(0, 256, (40, 200, 3), np.uint8)

    assert [reading.text for reading in StubEngine().recognize([noise, np.full_like(noise, 255)])] == ["", ""]


def test_the_page_says_how_sure_the_reading_is():
    readings = read(draw_page(["sure", Strip("weak", confidence=0.41)], confidence=0.97))

    assert [reading.confidence for reading in readings] == [0.97, 0.41]


def test_every_character_has_a_position_in_order():
    (reading,) = read(draw_page(["ab字符 c"]))

    assert len(reading.positions) == 6
    assert list(reading.positions) == sorted(reading.positions)
    assert 0 < reading.positions[0] < reading.positions[-1] < 1


def test_a_slow_page_takes_its_time_and_says_each_line_when_it_is_read():
    heard, began = [], time.monotonic()

    read(
        draw_page(["a", "b", "c", "d"], slow=0.2), on_read=lambda number, reading: heard.append((number, reading.text))
    )

    assert time.monotonic() - began >= 0.2
    assert heard == [(0, "a"), (1, "b"), (2, "c"), (3, "d")]


def test_a_page_can_make_it_fail():
    with pytest.raises(RuntimeError, match="told to fail at 'b'"):
        read(draw_page(["a", "b"], fail=True))


def test_a_page_can_kill_the_process():
    code = "import sys; from tests.unit.services.ocr.engines.test_stub import *; read(draw_page(['a'], crash=True))"

    assert subprocess.run([sys.executable, "-c", code], check=False, stderr=subprocess.DEVNULL).returncode == -9


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_page_any_way_up_is_set_upright_and_read(rotate):
    engine = StubEngine()

    page = upright(pixels(draw_page(LINES, rotate=rotate)), engine, 960)

    crops = [cut(page.image, quad) for quad in sorted(page.quads, key=lambda quad: quad[0, 1])]
    assert page.rotation == rotate
    assert [reading.text for reading in engine.recognize(crops)] == LINES


def test_the_whole_pipeline_reads_what_was_drawn(monkeypatch):
    monkeypatch.setenv(STUB_VARIABLE, "1")

    result = read_page(Raster(pixels(draw_page(LINES, rotate=270))), Requirements(engines=["stub"]))

    assert [region.text for region in result.regions] == LINES
    assert (result.selected_models, result.rotation) == (("stub",), 270)
