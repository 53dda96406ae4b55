from __future__ import annotations

from pathlib import Path

import pytest

from services.ocr.estimates import Estimates
from services.ocr.requirements import Requirements

AVAILABLE = {"rapidocr": None, "easyocr": "not installed", "tesseract": None}
BALANCED = Requirements()
FAST = Requirements(speed_requirement="fast")


@pytest.fixture
def estimates(tmp_path: Path) -> Estimates:
    return Estimates(tmp_path / "var" / "estimates.json")


def test_the_first_guess_grows_with_the_picture_and_the_size_it_is_looked_at(estimates: Estimates) -> None:
    small, large = (estimates.seconds(BALANCED, size, AVAILABLE) for size in (50_000, 5_000_000))
    assert 0 < estimates.seconds(FAST, 50_000, AVAILABLE) < small < large < 60


def test_it_learns_what_pictures_of_a_size_take(estimates: Estimates) -> None:
    for _ in range(20):
        estimates.learn(BALANCED, 100_000, 3.0, AVAILABLE)
    assert estimates.seconds(BALANCED, 100_000, AVAILABLE) == pytest.approx(3.0)
    for _ in range(20):
        estimates.learn(BALANCED, 100_000, 5.0, AVAILABLE)
    assert estimates.seconds(BALANCED, 100_000, AVAILABLE) == pytest.approx(5.0, abs=0.1)


def test_one_slow_picture_does_not_make_all_slow(estimates: Estimates) -> None:
    for _ in range(10):
        estimates.learn(BALANCED, 100_000, 1.0, AVAILABLE)
    estimates.learn(BALANCED, 100_000, 10.0, AVAILABLE)
    assert estimates.seconds(BALANCED, 100_000, AVAILABLE) < 5


def test_what_is_known_of_one_size_speaks_for_its_neighbours(estimates: Estimates) -> None:
    estimates.learn(BALANCED, 100_000, 2.0, AVAILABLE)
    smaller, larger = (estimates.seconds(BALANCED, size, AVAILABLE) for size in (20_000, 2_000_000))
    assert smaller < 2.0 < larger


def test_each_way_of_reading_is_learned_by_itself(estimates: Estimates) -> None:
    before = estimates.seconds(FAST, 100_000, AVAILABLE)
    estimates.learn(BALANCED, 100_000, 50.0, AVAILABLE)
    assert estimates.seconds(FAST, 100_000, AVAILABLE) == before


@pytest.mark.parametrize("seconds", [-5.0, 0.0, 1e12])
def test_an_estimate_is_never_negative_nor_without_end(estimates: Estimates, seconds: float) -> None:
    estimates.learn(BALANCED, 0, seconds, AVAILABLE)
    for size in (0, 1, 10**12):
        assert 0 <= estimates.seconds(BALANCED, size, AVAILABLE) < 1e9


def test_where_nothing_can_read_there_still_is_an_answer(estimates: Estimates) -> None:
    assert estimates.seconds(BALANCED, 1_000, {"rapidocr": "not installed"}) > 0


def test_what_was_learned_is_there_at_the_next_start(estimates: Estimates, tmp_path: Path) -> None:
    estimates.learn(BALANCED, 100_000, 7.0, AVAILABLE)
    estimates.save()
    again = Estimates(tmp_path / "var" / "estimates.json")
    assert again.seconds(BALANCED, 100_000, AVAILABLE) == 7.0


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"x": 1, "a/960/2": -1, "b/960/2": "3", "c/960/2": 1e99}'])
def test_a_damaged_memory_is_forgotten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "estimates.json"
    path.write_bytes(content)
    fresh, damaged = Estimates(tmp_path / "none.json"), Estimates(path)
    assert damaged.seconds(BALANCED, 1_000, AVAILABLE) == fresh.seconds(BALANCED, 1_000, AVAILABLE)
