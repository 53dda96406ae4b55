from __future__ import annotations

import pytest

from services.cameras.frames import Frame, Look, Pacer, Wish
from services.errors import InvalidInputError


def passing(fps: float, timestamps: list[float]) -> list[float]:
    pacer, passed = Pacer(fps), []
    for timestamp in timestamps:
        if pacer.is_due(timestamp):
            pacer.passed(timestamp)
            passed.append(timestamp)
    return passed


def at(fps: float, seconds: float, jitter: float = 0.0) -> list[float]:
    return [1e9 + number / fps + jitter * (-1) ** number for number in range(int(fps * seconds))]


@pytest.mark.parametrize(("wanted", "expected"), [(30, 300), (60, 300), (10, 100), (15, 150), (20, 200), (1, 10)])
@pytest.mark.parametrize("jitter", [0.0, 0.003])
def test_the_pace_holds_whatever_the_sources_is(wanted, expected, jitter):
    assert len(passing(wanted, at(30, 10, jitter))) == pytest.approx(expected, abs=2)


def test_after_a_hold_up_frames_are_not_made_up_for():
    frames = [*at(30, 1), *(moment + 60 for moment in at(30, 1))]
    assert len(passing(10, frames)) == pytest.approx(20, abs=1)


def test_a_clock_set_back_does_not_keep_a_viewer_waiting():
    frames = [*at(30, 1), *(moment - 3600 for moment in at(30, 1))]
    assert len(passing(10, frames)) == pytest.approx(20, abs=1)


def test_a_faster_pace_holds_at_once():
    pacer = Pacer(1)
    pacer.passed(1e9)
    assert not pacer.is_due(1e9 + 0.1)
    pacer.set_fps(30)
    assert pacer.is_due(1e9 + 0.1)


@pytest.mark.parametrize(
    ("wish", "fields"),
    [
        (Wish(fps=0.5, quality=9, width=15), ["fps", "quality", "width"]),
        (Wish(fps=61), ["fps"]),
        (Wish(fps=float("nan")), ["fps"]),
        (Wish(quality=96), ["quality"]),
        (Wish(width=3841), ["width"]),
    ],
)
def test_a_wish_out_of_bounds_is_refused_by_field(wish, fields):
    with pytest.raises(InvalidInputError) as refused:
        wish.checked()
    assert [problem.field for problem in refused.value.problems] == fields


def test_a_wish_goes_before_what_the_camera_gives():
    assert Wish(width=320).over(Look(25, 70, 640)) == Look(25, 70, 320)
    assert Wish().checked().over(Look(25, 70, 640)) == Look(25, 70, 640)


def test_what_is_made_of_a_frame_is_made_once():
    frame, made = Frame(1, 1, 0.0, 4, 4, b"jpeg"), []
    for _ in range(3):
        assert frame.form("upper", lambda frame: made.append(1) or frame.data.upper()) == b"JPEG"
    assert made == [1]
