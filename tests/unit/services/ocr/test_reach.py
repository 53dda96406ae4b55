from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from services.ocr.page import Image, Quad
from services.ocr.reach import drawn_out

SIZE = 30
FONT = ImageFont.load_default(size=SIZE)
TOP, LEFT = 60, 200  # of the text that the box holds


def line_of(
    text: str, ahead: str = "", behind: str = "", ink: str = "black", paper: str = "white"
) -> tuple[Image, Quad]:
    """A page with one line, and the box of its middle part."""
    page = Pillow.new("RGB", (1000, 160), paper)
    draw = ImageDraw.Draw(page)
    draw.text((LEFT - FONT.getlength(ahead), TOP), ahead + text + behind, ink, FONT)
    right = LEFT + FONT.getlength(text)
    return np.asarray(page), box(LEFT - 5, TOP - 5, right + 5, TOP + SIZE + 8)


def box(left: float, top: float, right: float, bottom: float) -> Quad:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def right_of(quad: Quad) -> float:
    return float(quad[1:3, 0].min())


@pytest.mark.parametrize(("ink", "paper"), [("black", "white"), ("#777", "#bbb"), ("white", "navy")])
def test_a_blank_and_the_full_stop_behind_it_are_taken_in(ink: str, paper: str) -> None:
    page, quad = line_of("The answer is", behind=" ______.", ink=ink, paper=paper)

    [longer] = drawn_out(page, [quad])

    assert right_of(longer) >= LEFT + FONT.getlength("The answer is ______.") - 1
    assert np.array_equal(longer[0], quad[0])


def test_what_stands_close_before_a_line_is_taken_in() -> None:
    page, quad = line_of("Fill in the blanks", ahead="I, ")

    [longer] = drawn_out(page, [quad])

    assert longer[0, 0] <= LEFT - FONT.getlength("I, ")
    assert np.array_equal(longer[1], quad[1])


def test_a_line_that_ends_where_its_box_ends_stays() -> None:
    page, quad = line_of("Nothing follows")

    assert np.array_equal(quad, drawn_out(page, [quad])[0])


def test_another_column_is_left_alone() -> None:
    page, quad = line_of("Left column", behind="          Right column")

    assert np.array_equal(quad, drawn_out(page, [quad])[0])


def test_noise_is_not_ink() -> None:
    page, quad = line_of("Nothing follows")
    generator = np.random.default_rng(3)
    noisy = np.clip(page * 0.8 + generator.normal(0, 25, page.shape), 0, 255).astype(np.uint8)
    noisy[generator.random(noisy.shape[:2]) < 0.01] = 0

    [longer] = drawn_out(noisy, [quad])

    assert right_of(longer) - right_of(quad) < SIZE


def test_a_rule_of_a_table_ends_a_line() -> None:
    page, quad = line_of("Cell", behind=" 1")
    ruled = page.copy()
    ruled[:, int(right_of(quad)) + 2 :][:, :3] = 0

    [longer] = drawn_out(ruled, [quad])

    assert right_of(longer) <= right_of(quad) + 8


def test_an_underline_that_goes_on_is_not_a_blank() -> None:
    page, quad = line_of("Heading with a rule")
    ruled = page.copy()
    ruled[TOP + SIZE + 6 : TOP + SIZE + 8, 20:980] = 0

    assert np.array_equal(quad, drawn_out(ruled, [quad])[0])


def test_no_box_runs_into_the_next_one() -> None:
    page, quad = line_of("Name", behind=" ______ Class")
    start = LEFT + FONT.getlength("Name ______ ")
    other = box(start - 20, quad[0, 1], start + FONT.getlength("Class"), quad[2, 1])

    first, second = drawn_out(page, [quad, other])

    assert right_of(quad) + 40 < right_of(first) <= second[0, 0] + 1


def test_a_tilted_line_is_followed_along_its_tilt() -> None:
    page, quad = line_of("The answer is", behind=" ______.")
    turn = cv2.getRotationMatrix2D((500, 80), -4, 1)
    tilted = cv2.warpAffine(page, turn, (1000, 200), borderValue=(255, 255, 255))

    [longer] = drawn_out(tilted, [cv2.transform(quad[None], turn)[0]])

    end = cv2.transform(np.array([[[LEFT + FONT.getlength("The answer is ______."), TOP]]], np.float32), turn)[0, 0]
    assert longer[1, 0] >= end[0] - 2
    assert np.degrees(np.arctan2(*(longer[1] - longer[0])[::-1])) == pytest.approx(4, abs=0.1)


def test_boxes_without_an_area_and_boxes_on_end_stay() -> None:
    page, _ = line_of("Anything")
    boxes = [box(5, 5, 5, 5), box(10, 10, 30, 150), box(0, 0, 900, 2)]

    assert np.array_equal(boxes, drawn_out(page, boxes))
    assert drawn_out(page, []) == []
