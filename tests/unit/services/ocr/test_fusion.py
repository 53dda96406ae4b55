import numpy as np
import pytest

from services.errors import ModelLoadError
from services.ocr.crops import cut
from services.ocr.engines import tesseract_program
from services.ocr.engines.base import Engine
from services.ocr.engines.rapidocr import RapidOcrEngine
from services.ocr.engines.tesseract import TesseractEngine
from services.ocr.fusion import expected_accuracy, fuse
from services.ocr.page import Reading, Region, box_polygon, polygon_of
from tests.pages import draw_text_page, pixels

ENGLISH = "The dance of honey bees tells others the way"
CROP = np.zeros((10, 10, 3), np.uint8)


class Second(Engine):
    """Says what it is given, and remembers how many lines it was asked about."""

    version = "1"

    def __init__(self, *readings, name="tesseract"):
        self.name = name
        self.readings = [Reading(*reading) for reading in readings]
        self.asked = 0

    def detect(self, image, side, threads=1):
        raise NotImplementedError

    def recognize(self, crops, on_read=None, threads=1):
        self.asked += len(crops)
        return self.readings[: len(crops)]


def line(text, confidence, engine="rapidocr"):
    return Region(box_polygon((0, 0, 100, 20)), text, confidence, engine)


def fused(lines, second):
    return fuse(lines, [CROP] * len(lines), lambda: second, 0.90)


def outcome(first, other, name="tesseract", page=()):
    """The text and the engine of a weak line after the second opinion."""
    regions, _ = fused([*page, line(*first)], Second(other, name=name))
    return regions[-1].text, regions[-1].engine


def test_only_weak_lines_are_asked_about():
    second = Second(("weak", 0.3))

    regions, spoke = fused([line("strong", 0.95), line("week", 0.7), line("strong too", 0.90)], second)

    assert second.asked == 1
    assert spoke
    assert [region.text for region in regions] == ["strong", "week", "strong too"]


def test_the_engine_is_not_even_loaded_when_no_line_is_weak():
    def load():
        raise AssertionError("not needed")

    lines = [line("strong", 0.95)]

    assert fuse(lines, [CROP], load, 0.90) == (lines, False)


@pytest.mark.parametrize(
    ("first", "other", "stands"),
    [
        (("honey heos", 0.62), ("honey bees", 0.93), "tesseract"),
        (("honey bees", 0.85), ("honey heos", 0.60), "rapidocr"),
        (("honey bees", 0.88), ("honey heos", 0.80), "rapidocr"),  # not better by the margin
        (("honey heos", 0.50), ("", 0.99), "rapidocr"),
        (("honey heos", 0.50), ("bee", 0.99), "rapidocr"),  # half the line is gone
        (("be", 0.50), ("a long line of letters", 0.99), "rapidocr"),
        (("质量很小", 0.60), ("RA MRD", 0.95), "rapidocr"),  # all its Chinese is gone
        (("质量根小", 0.60), ("质量很小", 0.95), "tesseract"),
    ],
)
def test_the_reading_that_is_likelier_right_stands(first, other, stands):
    text = {"rapidocr": first[0], "tesseract": other[0]}[stands]

    assert outcome(first, other) == (text, stands)


def test_an_engine_that_was_never_measured_must_be_surer():
    assert outcome(("honey heos", 0.80), ("honey bees", 0.89), "easyocr")[1] == "rapidocr"
    assert outcome(("honey heos", 0.80), ("honey bees", 0.96), "easyocr")[1] == "easyocr"


def test_engines_that_agree_make_a_line_surer_and_keep_its_form():
    (region,), _ = fused([line("1. 质量很小，求：", 0.80)], Second(("1.质量很小,求:", 0.93)))

    assert region.text == "1. 质量很小，求："
    assert region.engine == "rapidocr"
    assert region.confidence == pytest.approx(0.986)


def test_agreement_never_makes_a_line_less_sure():
    (region,), _ = fused([line("agreed", 0.85)], Second(("agreed", 0.30)))

    assert region.confidence == 0.85


def test_a_line_with_blanks_is_kept_as_it_is():
    second = Second(("The answer is here", 0.99))

    regions, spoke = fused([line("The answer is ____.", 0.4)], second)

    assert (regions[0].text, second.asked, spoke) == ("The answer is ____.", 0, False)


def test_chinese_on_a_page_that_has_none_is_taken_for_rubbish():
    page = [line(ENGLISH, 0.99)]

    assert outcome(("honey bees", 0.70), ("honey 瑞丽s", 0.99), page=page)[1] == "rapidocr"
    assert outcome(("A 瑞丽 dance", 0.85), ("A new dance", 0.79), page=page)[1] == "tesseract"
    assert outcome(("A 瑞丽 dance", 0.85), ("A new dance", 0.60), page=page)[1] == "rapidocr"


def test_where_the_page_has_chinese_it_is_no_rubbish():
    assert outcome(("honey bees x", 0.70), ("honey bees 蜜", 0.99), page=[line("蜜蜂的舞蹈", 0.99)])[1] == "tesseract"


def test_a_second_engine_that_read_nothing_has_not_spoken():
    regions, spoke = fused([line("week", 0.7)], Second(("", 0.0)))

    assert (regions[0].text, spoke) == ("week", False)


def test_a_second_engine_that_fails_costs_nothing_but_its_opinion(caplog):
    def load():
        raise ModelLoadError("easyocr has no weights.")

    lines = [line("week", 0.7)]

    assert fuse(lines, [CROP], load, 0.90) == (lines, False)
    assert caplog.messages == ["No second opinion: easyocr has no weights."]


@pytest.mark.parametrize("engine", ["rapidocr", "tesseract", "easyocr", "stub"])
def test_the_surer_an_engine_is_the_likelier_it_is_right(engine):
    curve = [expected_accuracy(engine, percent / 100) for percent in range(101)]

    assert curve == sorted(curve)
    assert curve[0] >= 0
    assert curve[-1] <= 1


@pytest.mark.parametrize(("says", "right"), [(0.0, 0.1), (0.4, 0.4), (0.5, 0.6), (0.93, 0.986), (1.0, 1.0)])
def test_the_measured_points_are_met_and_joined_by_lines(says, right):
    assert expected_accuracy("tesseract", says) == pytest.approx(right)


@pytest.mark.skipif("eng" not in tesseract_program.languages(), reason="The program tesseract is not installed")
def test_true_engines_give_each_other_opinions():
    image, first = pixels(draw_text_page(["Honey bees communicate", "the location of flowers"])), RapidOcrEngine()
    quads = first.detect(image, 960)
    crops = [cut(image, quad) for quad in quads]
    lines = [
        Region(polygon_of(quad), "HnEy baes comnunicat" if "Honey" in reading.text else reading.text, 0.55, first.name)
        for quad, reading in zip(quads, first.recognize(crops), strict=True)
    ]

    regions, spoke = fuse(lines, crops, TesseractEngine, 0.90)

    assert spoke
    assert {region.text: region.engine for region in regions} == {
        "Honey bees communicate": "tesseract",
        "the location of flowers": "rapidocr",
    }
    assert all(region.confidence > 0.8 for region in regions)
