from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tasks.progress import ProgressMeter, Sampler


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_steady_pace_gives_its_rate_and_the_time_that_is_left() -> None:
    clock = Clock()
    meter = ProgressMeter(1000, 0, clock)
    for second in range(1, 6):
        clock.now += 1
        progress = meter.measure(second * 100)
    assert progress.percentage == 50
    assert progress.rate == pytest.approx(100)
    assert progress.eta_seconds == pytest.approx(5, abs=0.1)


def test_work_of_an_earlier_run_counts_as_done_but_not_as_speed() -> None:
    clock = Clock()
    meter = ProgressMeter(1000, 900, clock)
    clock.now += 1
    progress = meter.measure(910)
    assert progress.percentage == 91
    assert progress.rate == pytest.approx(10)


def test_two_measures_at_once_lose_no_work() -> None:
    clock = Clock()
    meter = ProgressMeter(100, 0, clock)
    clock.now += 1
    meter.measure(10)
    assert meter.measure(20).percentage == 20


def test_a_task_without_work_is_at_zero_until_it_is_completed() -> None:
    assert ProgressMeter(0, 0).measure(0).percentage == 0


@given(st.lists(st.floats(0, 100), max_size=50))
def test_the_percentage_never_falls(reports: list[float]) -> None:
    meter = ProgressMeter(100, 0, Clock())
    shown = [meter.measure(done).percentage for done in reports]
    assert shown == sorted(shown)


def test_of_a_flood_only_so_many_a_second_pass() -> None:
    clock = Clock()
    sampler = Sampler(20, clock)
    passed = 0
    for _ in range(1000):
        passed += sampler.admits()
        clock.now += 0.001
    assert 19 <= passed <= 21


def test_a_word_before_anything_is_done_does_not_slow_the_pace_that_is_shown() -> None:
    clock = Clock()
    meter = ProgressMeter(1000, 0, clock)
    clock.now += 1
    assert meter.measure(0).rate is None
    clock.now += 1
    assert meter.measure(100).rate == pytest.approx(50)


def test_a_sampler_tells_how_long_to_wait_for_the_next_turn() -> None:
    clock = Clock()
    sampler = Sampler(20, clock)
    assert (sampler.wait(), sampler.admits()) == (0.0, True)
    clock.now += 0.02
    assert sampler.wait() == pytest.approx(0.03)
    clock.now += sampler.wait() + 0.001
    assert sampler.admits()
