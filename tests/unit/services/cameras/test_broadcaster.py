from __future__ import annotations

import threading
import time

import pytest

from services.cameras.broadcaster import MOST_VARIANTS, Broadcaster
from services.cameras.frames import Frame, Look, Variant, Wish
from services.errors import SubscriptionClosedError

FULL = Variant(None, 80)
START = time.time() + 3600  # not old, however slow the test is


def frame(seq: int, fps: float = 30.0) -> Frame:
    return Frame(1, seq, START + seq / fps, 64, 48, b"%d" % seq)


@pytest.fixture
def broadcaster() -> Broadcaster:
    return Broadcaster(1, Look(30, 80, None))


def test_a_viewer_gets_the_newest_frame_and_each_only_once(broadcaster):
    viewer = broadcaster.subscribe(Wish())
    for seq in (1, 2, 3):
        broadcaster.publish(FULL, frame(seq))
    assert viewer.next(0).seq == 3
    assert viewer.next(0.01) is None
    assert (viewer.sent, viewer.dropped) == (1, 2)


def test_a_viewer_that_waits_is_woken(broadcaster):
    viewer = broadcaster.subscribe(Wish())
    threading.Timer(0.05, broadcaster.publish, [FULL, frame(1)]).start()
    assert viewer.next(5).seq == 1


def test_each_viewer_has_its_own_pace(broadcaster):
    slow, fast = broadcaster.subscribe(Wish(fps=10)), broadcaster.subscribe(Wish(fps=30))
    counts = {slow: 0, fast: 0}
    for seq in range(1, 61):
        broadcaster.publish(FULL, frame(seq))
        for viewer in counts:
            counts[viewer] += viewer.take() is not None
    assert counts[fast] == 60
    assert counts[slow] == pytest.approx(20, abs=1)
    assert slow.dropped == 0


def test_a_viewer_that_is_called_and_not_ready_takes_the_newest_later(broadcaster):
    ready, got = False, []

    def on_frame(frame: Frame) -> bool:
        if ready:
            got.append(frame.seq)
        return ready

    viewer = broadcaster.subscribe(Wish(), on_frame)
    for seq in (1, 2, 3):
        broadcaster.publish(FULL, frame(seq))
    assert viewer.take().seq == 3
    assert viewer.take() is None
    ready = True
    broadcaster.publish(FULL, frame(4))
    assert got == [4]
    assert (viewer.sent, viewer.dropped) == (2, 2)


def test_all_who_want_the_same_get_the_same_object(broadcaster):
    got = []
    for _ in range(3):
        broadcaster.subscribe(Wish(), lambda frame: got.append(frame) or True)
    broadcaster.publish(FULL, frame(1))
    assert len(got) == 3
    assert got[0] is got[1] is got[2]


def test_a_viewer_that_fails_is_let_go_and_costs_the_others_nothing(broadcaster, caplog):
    def fail(frame: Frame) -> bool:
        raise RuntimeError("broken")

    broken, good = broadcaster.subscribe(Wish(), fail), broadcaster.subscribe(Wish())
    broadcaster.publish(FULL, frame(1))
    assert good.take().seq == 1
    assert broken.closed
    assert broadcaster.viewers == (good,)


def test_one_variant_for_all_who_want_the_same_at_the_highest_rate_wanted(broadcaster):
    for wish in (Wish(fps=5), Wish(fps=20), Wish(), Wish(width=320, fps=10), Wish(quality=50)):
        broadcaster.subscribe(wish)
    assert broadcaster.wants() == {FULL: 30, Variant(320, 80): 10, Variant(None, 50): 30}


def test_a_variant_goes_with_its_last_viewer(broadcaster):
    one, other = broadcaster.subscribe(Wish(width=320)), broadcaster.subscribe(Wish(width=320, fps=5))
    one.close()
    assert broadcaster.wants() == {Variant(320, 80): 5}
    other.close()
    other.close()
    assert broadcaster.wants() == {}


def test_wider_than_its_source_is_as_wide_as_its_source(broadcaster):
    broadcaster.subscribe(Wish(width=1920))
    broadcaster.subscribe(Wish(width=640))
    viewer = broadcaster.subscribe(Wish())
    broadcaster.set_source_width(1280)
    assert broadcaster.wants() == {FULL: 30, Variant(640, 80): 30}
    broadcaster.publish(FULL, frame(1))
    assert viewer.take().seq == 1


def test_there_is_an_end_to_variants_and_who_wants_another_gets_the_nearest(broadcaster):
    for width in range(100, 100 * MOST_VARIANTS + 100, 100):
        broadcaster.subscribe(Wish(width=width))
    viewer = broadcaster.subscribe(Wish(width=390))
    assert len(broadcaster.wants()) == MOST_VARIANTS
    broadcaster.publish(Variant(400, 80), frame(1))
    assert viewer.take().seq == 1


def test_a_change_of_the_cameras_look_reaches_those_who_did_not_ask_otherwise(broadcaster):
    broadcaster.subscribe(Wish())
    broadcaster.subscribe(Wish(width=320))
    broadcaster.set_defaults(Look(15, 60, 640))
    assert broadcaster.wants() == {Variant(640, 60): 15, Variant(320, 60): 15}


def test_a_viewer_can_change_its_mind(broadcaster):
    viewer = broadcaster.subscribe(Wish(width=320))
    broadcaster.change(viewer, Wish(quality=40))
    assert broadcaster.wants() == {Variant(None, 40): 30}
    broadcaster.publish(Variant(None, 40), frame(1))
    assert viewer.take().seq == 1


def test_a_new_viewer_is_not_shown_an_old_frame(broadcaster):
    first = broadcaster.subscribe(Wish())
    broadcaster.publish(FULL, Frame(1, 1, time.time() - 60, 64, 48, b"old"))
    assert broadcaster.subscribe(Wish()).take() is None
    first.close()


def test_whoever_waits_hears_of_the_end(broadcaster):
    viewer = broadcaster.subscribe(Wish())
    threading.Timer(0.05, broadcaster.close).start()
    with pytest.raises(SubscriptionClosedError):
        viewer.next(5)
    assert broadcaster.wants() == {}


def test_who_wants_it_exact_is_not_given_the_nearest(broadcaster):
    for width in range(100, 100 * MOST_VARIANTS + 100, 100):
        broadcaster.subscribe(Wish(width=width))
    broadcaster.subscribe(Wish(width=390), exact=True)
    assert Variant(390, 80) in broadcaster.wants()
