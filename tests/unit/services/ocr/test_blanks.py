"""Pages are drawn with a Latin font that Pillow carries; what the recogniser left out is said by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from services.ocr.blanks import restore
from services.ocr.crops import cut
from services.ocr.engines.rapidocr import RapidOcrEngine
from services.ocr.page import Image, Quad, Reading

SIZE = 30
ROW = 56


@dataclass
class Row:
    """A drawn row: `drawn` is what stands there (with its rules), `read` what a recogniser that drops them says."""

    drawn: str
    read: str

    @property
    def kept(self) -> list[int]:
        """For each character of `read`, its index in `drawn`."""
        indexes, at = [], 0
        for char in self.read:
            at = self.drawn.index(char, at)
            indexes.append(at)
            at += 1
        return indexes


def page_of(*rows: Row, angle: float = 0.0, noise: float = 0.0) -> tuple[Image, list[Quad], list[Reading]]:
    font = ImageFont.load_default(SIZE)
    picture = Pictures.new("RGB", (1000, 80 + ROW * len(rows)), "white")
    pen = ImageDraw.Draw(picture)
    quads, readings = [], []
    for number, row in enumerate(rows):
        y = 40 + ROW * number
        pen.text((40, y), row.drawn, fill=(20, 20, 20), font=font)
        width = font.getlength(row.drawn)
        middles = [(font.getlength(row.drawn[:i]) + font.getlength(row.drawn[: i + 1])) / 2 / width for i in row.kept]
        top, bottom = y + 2, y + SIZE + 10
        quads.append(np.array([(40, top), (40 + width, top), (40 + width, bottom), (40, bottom)], np.float32))
        readings.append(Reading(row.read, 0.9, tuple(middles)))
    return (
        _damaged(np.array(picture), quads, angle, noise),
        [_turned(quad, angle, picture.size) for quad in quads],
        readings,
    )


def _damaged(image: Image, quads: list[Quad], angle: float, noise: float) -> Image:
    turned = np.array(Pictures.fromarray(image).rotate(-angle, Pictures.Resampling.BICUBIC, fillcolor="white"))
    grain = np.random.default_rng(7).normal(0, noise, turned.shape[:2])[..., None]
    return np.clip(turned + grain, 0, 255).astype(np.uint8)


def _turned(quad: Quad, angle: float, size: tuple[int, int]) -> Quad:
    middle = np.array(size) / 2
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return ((quad - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle).astype(np.float32)


def texts(image: Image, quads: list[Quad], readings: list[Reading]) -> list[str]:
    found, said = restore(image, quads, readings)
    assert len(found) == len(said)
    return [" ".join(reading.text.split()) for reading in said]


@pytest.mark.parametrize(("angle", "noise"), [(0, 0), (3, 0), (-3, 0), (0, 35)])
def test_a_dropped_blank_comes_back_where_it_stood(angle: float, noise: float) -> None:
    page = page_of(
        Row("The answer is ______ metres.", "The answer is metres."),
        Row("______ is the capital.", " is the capital."),
        Row("It ends here: ________", "It ends here: "),
        angle=angle,
        noise=noise,
    )
    assert texts(*page) == ["The answer is ____ metres.", "____ is the capital.", "It ends here: ____"]


def test_text_without_blanks_stays_as_it_was_read() -> None:
    page = page_of(Row("E-mail - the first, Let us see: F = T + L.", "E-mail - the first, Let us see: F = T + L."))
    assert texts(*page) == ["E-mail - the first, Let us see: F = T + L."]


def test_two_blanks_with_a_comma_between_are_two() -> None:
    page = page_of(Row("x = ____, ____ and y", "x = , and y"))
    assert texts(*page) == ["x = ____ , ____ and y"]


def test_an_underlined_word_is_not_a_blank() -> None:
    image, quads, readings = page_of(Row("Read the underlined word twice.", "Read the underlined word twice."))
    image[76:79, 155:300] = 20
    assert texts(image, quads, readings) == ["Read the underlined word twice."]


def test_a_table_is_not_full_of_blanks() -> None:
    image, quads, readings = page_of(Row("Name", "Name"), Row("Score", "Score"))
    for y in (36, 88, 144):
        image[y : y + 2, 30:700] = 20
    for x in (30, 250, 698):
        image[36:146, x : x + 2] = 20
    assert texts(image, quads, readings) == ["Name", "Score"]


def test_what_was_read_in_place_of_a_rule_gives_way_to_the_blank() -> None:
    page = page_of(Row("Name: ______ Class: ______", "Name: __ Class: _"))
    assert texts(*page) == ["Name: ____ Class: ____"]


def test_dots_that_were_read_are_no_rule() -> None:
    page = page_of(Row("Chapter 1 ................ 15", "Chapter 1 ................ 15"))
    assert texts(*page) == ["Chapter 1 ................ 15"]


def test_a_gap_between_underlined_words_is_not_a_blank() -> None:
    image, quads, readings = page_of(Row("Both words          are underlined", "Both words are underlined"))
    image[76:78, 40:500] = 20
    assert texts(image, quads, readings) == ["Both words are underlined"]


def test_a_heading_and_the_rule_below_it_stay_apart() -> None:
    image, quads, readings = page_of(Row("Chapter one", "Chapter one"), Row("It begins.", "It begins."))
    image[88:90, 30:900] = 20
    assert texts(image, quads, readings) == ["Chapter one", "It begins."]


def test_lines_for_an_answer_become_rows_of_their_own() -> None:
    image, quads, readings = page_of(Row("Say why.", "Say why."), Row(" ", " "), Row(" ", " "), Row("End", "End"))
    for y in (130, 186):
        image[y : y + 2, 40:800] = 20
    found, said = restore(image, [quads[0], quads[3]], [readings[0], readings[3]])
    assert [reading.text for reading in said] == ["Say why.", "End", "____", "____"]
    assert found[2][:, 1].min() < 130 < found[2][:, 1].max()


def test_a_blank_far_from_its_words_becomes_a_piece_of_the_same_row() -> None:
    image, quads, readings = page_of(Row("Signature", "Signature"))
    image[74:76, 600:800] = 20
    found, said = restore(image, quads, readings)
    assert [reading.text for reading in said] == ["Signature", "____"]
    assert np.abs(found[1][:, 0] - [600, 800, 800, 600]).max() < 8


def test_a_bracket_whose_other_half_stands_far_off_is_closed() -> None:
    page = page_of(Row("The right one is (          )", "The right one is ("))
    assert texts(*page) == ["The right one is ( )"]


def test_an_open_bracket_with_nothing_behind_it_stays_open() -> None:
    assert texts(*page_of(Row("To be continued (", "To be continued ("))) == ["To be continued ("]


def test_lines_with_blanks_are_read_again_without_them() -> None:
    image, quads, readings = page_of(
        Row("The answer is ________, I say.", "The answer is I say."), Row("Other", "Other")
    )
    asked: list[Image] = []

    def read(crops: list[Image]) -> list[Reading]:
        asked.extend(crops)
        return [Reading("The answer is, I say.", 0.95, tuple(np.linspace(0.03, 0.97, 21)))]

    _, said = restore(image, quads, readings, read=read)
    assert len(asked) == 1
    assert asked[0].shape[1] < quads[0][1, 0] - quads[0][0, 0] - 80
    assert said[1] == readings[1]
    assert said[0].text.count("____") == 1
    assert said[0].text.endswith("I say.")


def test_no_lines_and_no_letters_give_what_came_in() -> None:
    blank = np.full((50, 50, 3), 255, np.uint8)
    speck = np.zeros((4, 2), np.float32)
    assert restore(blank, [], []) == ([], [])
    assert restore(blank, [speck], [Reading("", 0.0)])[1] == [Reading("", 0.0)]


def test_every_blank_of_a_real_exam_paper_is_given_back(shared_data: Path) -> None:
    engine = RapidOcrEngine()
    image = np.array(Pictures.open(shared_data / "ocr" / "zh_exam_blanks__photo.jpg").convert("RGB"))
    quads = engine.detect(image, 1280)
    readings = engine.recognize([cut(image, quad) for quad in quads])
    _, said = restore(image, quads, readings, read=engine.recognize)
    assert sum(reading.text.count("____") for reading in said) == 9
