from __future__ import annotations

import eventlet

from web.sockets.turns import Turns


def test_those_about_the_same_thing_go_one_after_the_other_as_they_came_and_others_beside_them() -> None:
    turns, done = Turns(), []

    def work(key: str, number: int, seconds: float) -> None:
        with turns(key):
            eventlet.sleep(seconds)
            done.append((key, number))

    threads = [eventlet.spawn(work, "a", number, 0.03 - 0.01 * number) for number in range(3)]
    threads.append(eventlet.spawn(work, "b", 0, 0))
    for thread in threads:
        thread.wait()
    assert done == [("b", 0), ("a", 0), ("a", 1), ("a", 2)]


def test_a_turn_that_failed_makes_way_and_leaves_nothing_behind() -> None:
    turns = Turns()
    for _ in range(2):
        try:
            with turns("a"):
                raise ValueError
        except ValueError:
            pass
    assert not turns._lines
