"""Before and after a CTC recogniser."""

from __future__ import annotations

import numpy as np
import pytest

from services.ocr.engines import ctc

HEIGHT = 48
CHARACTERS = ["", "a", "b"]


@pytest.mark.parametrize(("tall", "read_at"), [(12, 44), (30, 44), (39, 44), (40, 40), (57, 40), (200, 40)])
def test_a_fine_scan_is_read_smaller_than_a_line_that_has_to_be_enlarged(tall: int, read_at: int) -> None:
    tensor = ctc.tensor_of(np.full((tall, 10 * tall, 3), 255, np.uint8), HEIGHT)
    assert tensor.shape == (1, 3, HEIGHT, 10 * read_at)


def test_what_is_above_and_below_a_line_is_its_own_edge_in_equal_parts() -> None:
    crop = np.full((40, 400, 3), 255, np.uint8)
    crop[10:30] = 0
    rows = ctc.tensor_of(crop, HEIGHT)[0, 0, :, 0]
    assert np.flatnonzero(rows < 0).tolist() == list(range(14, 34))
    assert rows[:14].tolist() == rows[34:].tolist() == [1.0] * 14


def test_a_line_of_any_length_has_a_tensor_of_bounded_width() -> None:
    assert ctc.tensor_of(np.zeros((10, 20_000, 3), np.uint8), HEIGHT).shape[3] == 3200
    assert ctc.tensor_of(np.zeros((900, 1, 3), np.uint8), HEIGHT).shape[3] == 8


def test_repeats_are_merged_and_nothing_separates_two_of_the_same() -> None:
    columns = np.eye(3, dtype=np.float32)[[1, 1, 0, 1, 2, 0]]
    reading = ctc.reading_of(columns * np.float32(0.9), CHARACTERS)
    assert reading.text == "aab"
    assert reading.confidence == pytest.approx(0.9)
    assert reading.positions == pytest.approx((1 / 6, 3.5 / 6, 4.5 / 6))


def test_nothing_but_nothing_is_an_empty_reading() -> None:
    assert ctc.reading_of(np.eye(3, dtype=np.float32)[[0, 0]], CHARACTERS).text == ""
