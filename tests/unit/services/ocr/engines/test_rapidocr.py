from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from services.errors import ModelLoadError
from services.ocr.crops import cut
from services.ocr.engines import rapidocr
from services.ocr.engines.rapidocr import RapidOcrEngine
from services.ocr.page import Image, Quad, Reading

LINES = ["The quick brown fox jumps", "over 13 lazy dogs,", "and nobody minds it."]


@pytest.fixture(scope="module")
def engine() -> RapidOcrEngine:
    return RapidOcrEngine()


def page_of(lines: list[str], size: int = 28, width: int = 700) -> Image:
    page = Pillow.new("RGB", (width, 40 + 2 * size * len(lines)), "white")
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        draw.text((30, 20 + 2 * size * number), line, "black", ImageFont.load_default(size=size))
    return np.asarray(page)


def from_the_top(quads: list[Quad]) -> list[Quad]:
    return sorted(quads, key=lambda quad: float(quad[:, 1].mean()))


def test_each_line_of_a_page_is_found_and_read(engine: RapidOcrEngine) -> None:
    page = page_of(LINES)
    crops = [cut(page, quad) for quad in from_the_top(engine.detect(page, side=960))]

    readings = engine.recognize(crops)

    assert [reading.text for reading in readings] == LINES
    assert min(reading.confidence for reading in readings) > 0.9


def test_quads_come_back_in_the_pixels_of_a_page_that_was_reduced_for_looking(engine: RapidOcrEngine) -> None:
    page = page_of(LINES, size=84, width=2000)

    quads = engine.detect(page, side=736)

    assert len(LINES) == len(quads)
    assert all(abs(quad[0, 0] - 84) < 30 or quad[0, 0] < 84 for quad in quads)
    assert max(quad[:, 0].max() for quad in quads) > 1000


def test_the_corners_run_clockwise_from_the_top_left(engine: RapidOcrEngine) -> None:
    for top_left, top_right, bottom_right, bottom_left in engine.detect(page_of(LINES), side=960):
        assert top_left[0] < top_right[0]
        assert top_right[1] < bottom_right[1]
        assert bottom_left[0] < bottom_right[0]
        assert top_left[1] < bottom_left[1]


def test_positions_say_where_each_character_lies_along_the_crop(engine: RapidOcrEngine) -> None:
    font, text = ImageFont.load_default(size=36), "left          right"
    crop = Pillow.new("RGB", (400, 48), "white")
    draw = ImageDraw.Draw(crop)
    draw.text((10, 2), "left", "black", font)
    draw.text((300, 2), "right", "black", font)

    [reading] = engine.recognize([np.asarray(crop)])

    assert text.split() == reading.text.split() or reading.text == "leftright"
    assert len(reading.text) == len(reading.positions)
    assert list(reading.positions) == sorted(reading.positions)
    where = dict(zip(reading.text, reading.positions, strict=True))
    assert 0 <= where["l"] < 0.1  # drawn at 10 of 400 pixels
    assert 0.75 <= where["r"] < 0.82  # drawn at 300 of 400


def test_two_threads_read_what_one_reads(engine: RapidOcrEngine) -> None:
    page = page_of(LINES)
    crops = [cut(page, quad) for quad in engine.detect(page, side=960, threads=2)]

    assert engine.recognize(crops, threads=1) == engine.recognize(crops, threads=2)


def test_every_crop_is_reported_once_with_its_number(engine: RapidOcrEngine) -> None:
    page = page_of(LINES)
    crops = [cut(page, quad) for quad in engine.detect(page, side=960)]
    told: dict[int, Reading] = {}

    readings = engine.recognize(crops, told.__setitem__, threads=2)

    assert dict(enumerate(readings)) == told


def test_an_error_of_the_listener_ends_the_reading(engine: RapidOcrEngine) -> None:
    def give_up(number: int, reading: Reading) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        engine.recognize([page_of(["once"], width=200)] * 3, give_up, threads=2)


def test_an_empty_page_has_no_lines(engine: RapidOcrEngine) -> None:
    assert engine.detect(np.full((600, 400, 3), 255, np.uint8), side=960) == []
    assert engine.recognize([]) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 20_000), (20_000, 1), (3, 9_000), (48, 20_000), (0, 5), (5, 0)])
def test_absurd_shapes_are_answered(engine: RapidOcrEngine, shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 255, np.uint8)

    assert engine.detect(image, side=960) == []
    assert [reading.text for reading in engine.recognize([image])] == [""]


def test_lines_on_their_head_are_told_from_upright_ones(engine: RapidOcrEngine) -> None:
    page = page_of(LINES)
    crops = [cut(page, quad) for quad in engine.detect(page, side=960)]

    assert max(engine.votes_upside_down(crops)) < 0.5
    assert min(engine.votes_upside_down([np.rot90(crop, 2) for crop in crops])) > 0.5
    assert engine.votes_upside_down([]) == []


def test_the_version_names_the_package_and_the_models(engine: RapidOcrEngine) -> None:
    assert "PP-OCRv6_det_small+PP-OCRv6_rec_small" in engine.version
    assert engine.version[0].isdigit()


def test_a_missing_package_is_a_load_error_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rapidocr, "_PACKAGE", "no_such_package")

    with pytest.raises(ModelLoadError, match="no_such_package is not installed.*pip install"):
        RapidOcrEngine()


def test_a_missing_model_is_a_load_error_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match=r"no model PP-OCRv6_det_small\.onnx.*pip install"):
        RapidOcrEngine(models=tmp_path)


def test_a_damaged_model_is_a_load_error_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "PP-OCRv6_det_small.onnx").write_bytes(b"not a model")

    with pytest.raises(ModelLoadError, match=r"PP-OCRv6_det_small\.onnx cannot be loaded.*pip install"):
        RapidOcrEngine(models=tmp_path)
