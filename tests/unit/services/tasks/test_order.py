from __future__ import annotations

import threading

from services.tasks.order import TaskOrder


def test_two_holders_of_one_task_follow_each_other_and_leave_no_lock_behind() -> None:
    order, steps = TaskOrder(), []
    inside = threading.Event()

    def second() -> None:
        inside.wait()
        with order(1):
            steps.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with order(1):
        inside.set()
        thread.join(0.05)
        steps.append("first")
    thread.join()
    assert steps == ["first", "second"]
    assert order._locks == {}


def test_another_task_does_not_wait() -> None:
    order = TaskOrder()
    with order(1):
        thread = threading.Thread(target=lambda: order(2).__enter__())
        thread.start()
        thread.join(5)
        assert not thread.is_alive()


def test_the_holder_may_enter_again() -> None:
    order = TaskOrder()
    with order(1), order(1):
        pass
    assert order._locks == {}
