from __future__ import annotations

import cv2
import numpy as np

from services.ocr.crops import cut, size_of
from services.ocr.page import Image, Quad


def quad(*corners: tuple[float, float]) -> Quad:
    return np.array(corners, np.float32)


def half_red(width: int = 120, height: int = 60) -> Image:
    """Left half red, right half blue."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2], image[:, width // 2 :] = (255, 0, 0), (0, 0, 255)
    return image


def test_a_straight_quad_gives_its_own_pixels() -> None:
    image = np.random.default_rng(1).integers(0, 255, (60, 120, 3), np.uint8)

    crop = cut(image, quad((20, 10), (100, 10), (100, 40), (20, 40)))

    assert np.array_equal(image[10:40, 20:100], crop)


def test_a_tilted_line_is_laid_flat() -> None:
    flat = half_red()
    turn = cv2.getRotationMatrix2D((60, 30), -20, 1)
    tilted = cv2.warpAffine(flat, turn, (160, 120), borderValue=(255, 255, 255))
    corners = cv2.transform(quad((10, 10), (110, 10), (110, 50), (10, 50))[None], turn)[0]

    crop = cut(tilted, corners)

    assert abs(crop.shape[1] - 100) <= 1
    assert abs(crop.shape[0] - 40) <= 1
    assert crop[:, :45, 0].min() > 200
    assert crop[:, 55:, 2].min() > 200


def test_a_box_on_end_is_turned_anticlockwise() -> None:
    crop = cut(np.rot90(half_red(), -1), quad((0, 0), (60, 0), (60, 120), (0, 120)))  # red is above blue

    assert crop.shape == (60, 120, 3)
    assert (crop[:, :59, 0] == 255).all()


def test_what_lies_past_the_edge_repeats_the_edge() -> None:
    crop = cut(half_red(), quad((100, 0), (200, 0), (200, 60), (100, 60)))

    assert crop.shape == (60, 100, 3)
    assert (crop[..., 2] == 255).all()


def test_a_quad_without_an_area_gives_one_pixel() -> None:
    assert cut(half_red(), quad((5, 5), (5, 5), (5, 5), (5, 5))).shape == (1, 1, 3)


def test_the_size_is_that_of_the_longer_sides() -> None:
    assert size_of(quad((0, 0), (100, 0), (100, 30), (0, 20))) == (100, 30)
