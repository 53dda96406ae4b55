"""Real worker processes, doing what workers must never do. The same tests run under eventlet in
test_worker_pool_under_eventlet.py.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.errors import (
    TooLargeError,
    UnavailableError,
    UnitCancelledError,
    UnitError,
    UnitTimeoutError,
    WorkerLostError,
)
from services.runners.channel import BLOB_LIMIT, MESSAGE_LIMIT
from services.runners.worker_pool import CancelToken, Reply, WorkerPool
from tests.processes import has_ended

HERE = "tests.integration.runners.targets"
PATIENCE = 30.0  # seconds; only ever waited out by a hang


@pytest.fixture
def make_pool() -> Iterator[Callable[..., WorkerPool]]:
    pools: list[WorkerPool] = []

    def make(size: int = 1, **options: Any) -> WorkerPool:
        pool = WorkerPool(size, **options)
        pool.start()
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        pool.close(grace=0)
    assert children() == []


@pytest.fixture
def pool(make_pool: Callable[..., WorkerPool]) -> WorkerPool:
    return make_pool()


_OTHERS: set[int] = set()  # servers that tests elsewhere share


@pytest.fixture(scope="module", autouse=True)
def _the_others() -> None:
    _OTHERS.update(child.pid for child in psutil.Process().children())


def children() -> list[psutil.Process]:
    """All that this process has started, at any depth."""
    found = [child for child in psutil.Process().children() if child.pid not in _OTHERS]
    for child in tuple(found):
        with contextlib.suppress(psutil.NoSuchProcess):
            found += child.children(recursive=True)
    return found


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.005)


def worker_pid(pool: WorkerPool) -> int:
    pid: int = pool.run(f"{HERE}:pid", {}).value["pid"]
    return pid


class Caller:
    """Runs one unit in a thread of its own."""

    def __init__(self, pool: WorkerPool, function: str, argument: dict[str, Any] | None = None, **options: Any) -> None:
        self.reports: list[dict[str, Any]] = []
        self.outcome: Reply | Exception | None = None
        self._run = lambda: pool.run(f"{HERE}:{function}", argument or {}, on_report=self.reports.append, **options)
        self._thread = threading.Thread(target=self._call)
        self._thread.start()

    def _call(self) -> None:
        try:
            self.outcome = self._run()
        except Exception as problem:
            self.outcome = problem

    def join(self) -> Reply | Exception:
        until(lambda: self.outcome is not None)
        self._thread.join()
        assert self.outcome is not None
        return self.outcome


# Units that behave


def test_a_unit_gets_its_argument_and_blob_and_answers_with_both(pool: WorkerPool) -> None:
    reply = pool.run(f"{HERE}:echo", {"question": "下列正确的是____"}, blob=b"\x00\xff")
    assert Reply({"question": "下列正确的是____"}, b"\x00\xff") == reply


def test_large_messages_and_blobs_pass_whole(pool: WorkerPool) -> None:
    text, blob = "题" * (MESSAGE_LIMIT // 4), os.urandom(2**20) * 32
    reply = pool.run(f"{HERE}:echo", {"text": text}, blob=blob)
    assert text == reply.value["text"]
    assert blob == reply.blob


def test_a_worker_serves_one_unit_after_another(pool: WorkerPool) -> None:
    assert len({worker_pid(pool) for _ in range(5)}) == 1


def test_a_worker_is_set_up_as_computing_beside_a_server_needs(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(environment={"GIVEN": "yes"}, nice=7)
    expected = {
        "blocking": [True, True, True],
        "inheritable": False,
        "group": True,
        "ignores_interrupt": True,
        "niceness": os.nice(0) + 7,
        "stdin": "",
        "threads": "1",
        "given": "yes",
        "main_thread": True,
        "eventlet": False,
        "directory": str(Path.cwd()),
    }
    assert expected == pool.run(f"{HERE}:surroundings", {}).value


def test_a_worker_starts_from_any_directory_and_takes_no_module_from_there(
    make_pool: Callable[..., WorkerPool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "services.py").write_text("raise SystemExit('the wrong one')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path) == make_pool().run(f"{HERE}:surroundings", {}).value["directory"]


def test_a_worker_may_be_reached_over_loopback_where_sockets_cannot_be_inherited(
    make_pool: Callable[..., WorkerPool], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pool = make_pool(loopback=True)
    assert pool.run(f"{HERE}:echo", {"a": 1}, blob=b"b" * 2**20) == Reply({"a": 1}, b"b" * 2**20)
    pool.run(f"{HERE}:print_lines", {"lines": ["hello from far"]})
    until(lambda: "hello from far" in caplog.text)
    with pytest.raises(WorkerLostError) as lost:
        pool.run(f"{HERE}:segfault", {})
    assert lost.value.exit_status == -signal.SIGSEGV


# Reports


def test_reports_arrive_in_the_callers_thread_in_order_and_before_the_answer(pool: WorkerPool) -> None:
    heard: list[tuple[int, int]] = []
    pool.run(
        f"{HERE}:report_a_flood",
        {"reports": 50_000},
        on_report=lambda report: heard.append((report["done"], threading.get_ident())),
    )
    numbers = [number for number, _ in heard]
    assert sorted(numbers) == numbers
    assert numbers[-1] == 50_000
    assert {threading.get_ident()} == {thread for _, thread in heard}


def test_a_flood_of_reports_is_thinned_out_in_the_worker(pool: WorkerPool) -> None:
    heard: list[dict[str, Any]] = []
    began = time.monotonic()
    pool.run(f"{HERE}:compute", {"seconds": 1.0}, on_report=heard.append)
    assert 2 <= len(heard) <= 20 * (time.monotonic() - began) + 2


def test_the_newest_report_arrives_even_if_the_unit_says_nothing_more(pool: WorkerPool) -> None:
    token = CancelToken()
    caller = Caller(pool, "report_twice_then_sleep", cancel=token)
    until(lambda: caller.reports == [{"part": 1}, {"part": 2}])
    token.cancel()
    assert isinstance(caller.join(), UnitCancelledError)


def test_a_report_that_is_not_json_is_the_units_error(pool: WorkerPool) -> None:
    with pytest.raises(UnitError, match="TypeError"):
        pool.run(f"{HERE}:report_a_set", {})


def test_reports_of_a_thread_that_a_unit_left_behind_reach_nobody(pool: WorkerPool) -> None:
    heard: list[dict[str, Any]] = []
    pool.run(f"{HERE}:report_from_a_thread_left_behind", {})
    for _ in range(20):
        pool.run(f"{HERE}:echo", {}, on_report=heard.append)
    assert pool.stats().crashed == 0


def test_a_caller_that_fails_on_a_report_stops_the_unit(pool: WorkerPool) -> None:
    first = worker_pid(pool)

    def refuse(report: dict[str, Any]) -> None:
        raise KeyError(report["pid"])

    with pytest.raises(KeyError, match=str(first)):
        pool.run(f"{HERE}:sleep", {"seconds": 60}, on_report=refuse)
    assert not psutil.pid_exists(first)
    assert worker_pid(pool) != first


# Units that fail


def test_an_error_of_ours_keeps_its_code_and_sentence(pool: WorkerPool, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UnitError) as failed:
        pool.run(f"{HERE}:refuse", {})
    assert (failed.value.code, failed.value.message) == ("INVALID_INPUT", "The page has no text.")
    assert not caplog.records


def test_any_other_error_is_named_without_its_traceback_which_is_logged(
    pool: WorkerPool, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UnitError) as failed:
        pool.run(f"{HERE}:fail", {})
    assert (failed.value.code, failed.value.message) == ("SERVER_ERROR", "ValueError: seven is not even \\ud800")
    assert "targets.py" in caplog.text


@pytest.mark.parametrize(
    ("function", "code", "message"),
    [
        ("fail_unprintably", "SERVER_ERROR", "UnprintableError"),
        ("ask_to_exit", "SERVER_ERROR", "SystemExit: enough"),
        ("return_a_set", "SERVER_ERROR", "TypeError.*set"),
        ("return_nothing", "SERVER_ERROR", "returned NoneType"),
        ("return_too_much_json", "TOO_LARGE", "over the limit of 32 MiB"),
        ("return_too_much_blob", "TOO_LARGE", "over the limit of 64 MiB"),
        ("no_such_function", "SERVER_ERROR", "AttributeError"),
    ],
)
def test_a_worker_survives_a_unit_that_fails(pool: WorkerPool, function: str, code: str, message: str) -> None:
    first = worker_pid(pool)
    with pytest.raises(UnitError, match=message) as failed:
        pool.run(f"{HERE}:{function}", {})
    assert code == failed.value.code
    assert first == worker_pid(pool)


def test_an_argument_that_cannot_be_sent_is_the_callers_error(pool: WorkerPool) -> None:
    with pytest.raises(TypeError):
        pool.run(f"{HERE}:echo", {"a": object()})
    with pytest.raises(TooLargeError):
        pool.run(f"{HERE}:echo", {}, blob=bytes(BLOB_LIMIT + 1))
    assert pool.stats().busy == pool.stats().waiting == 0


# Workers that die


@pytest.mark.parametrize(
    ("function", "argument", "status"),
    [
        ("segfault", {}, -signal.SIGSEGV),
        ("leave", {"status": 3}, 3),
        ("leave", {"status": 0}, 0),
        ("close_the_channel", {}, 7),
    ],
)
def test_a_lost_worker_is_reported_with_its_true_status_and_replaced(
    pool: WorkerPool, function: str, argument: dict[str, Any], status: int
) -> None:
    with pytest.raises(WorkerLostError) as lost:
        pool.run(f"{HERE}:{function}", argument)
    assert status == lost.value.exit_status
    assert pool.run(f"{HERE}:echo", {"still": "here"}).value == {"still": "here"}
    assert (pool.stats().crashed, pool.stats().respawned) == (1, 1)


def test_a_segfault_leaves_its_python_stack_in_the_log(pool: WorkerPool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(WorkerLostError):
        pool.run(f"{HERE}:segfault", {})
    until(lambda: "in segfault" in caplog.text)


def test_a_unit_may_use_the_cores_of_workers_that_idle(make_pool: Callable[..., WorkerPool], tmp_path: Path) -> None:
    pool = make_pool(2)
    assert pool.run(f"{HERE}:threads", {}).value == {"threads": 2}
    other = Caller(pool, "hold_until", {"path": str(tmp_path / "go")})
    until(lambda: other.reports)
    assert pool.run(f"{HERE}:threads", {}).value == {"threads": 1}
    (tmp_path / "go").touch()
    other.join()


def test_one_lost_worker_leaves_the_others_at_work(make_pool: Callable[..., WorkerPool], tmp_path: Path) -> None:
    pool = make_pool(2)
    other = Caller(pool, "hold_until", {"path": str(tmp_path / "go")})
    until(lambda: other.reports)
    with pytest.raises(WorkerLostError):
        pool.run(f"{HERE}:segfault", {})
    (tmp_path / "go").touch()
    assert other.join() == Reply(other.reports[0])


def test_a_worker_killed_while_idle_is_replaced_before_the_next_unit(pool: WorkerPool) -> None:
    first = worker_pid(pool)
    os.kill(first, signal.SIGKILL)
    until(lambda: pool.stats().respawned == 1 and pool.stats().workers == 1)
    assert worker_pid(pool) != first
    callers = [
        Caller(pool, "sleep", {"seconds": 0.05}) for _ in range(3)
    ]  # more than workers: nobody gets the dead one
    assert [Reply({"slept": True})] * 3 == [caller.join() for caller in callers]


def test_a_unit_sent_to_a_worker_that_has_just_died_goes_to_the_next_one(pool: WorkerPool) -> None:
    for _ in range(10):
        os.kill(worker_pid(pool), signal.SIGKILL)  # and at once:
        assert pool.run(f"{HERE}:echo", {"a": 1}).value == {"a": 1}


def test_a_fork_left_by_a_unit_neither_hides_its_death_nor_outlives_it(pool: WorkerPool, tmp_path: Path) -> None:
    caller = Caller(pool, "segfault_with_a_fork_left", {"path": str(tmp_path / "pid")})
    outcome = caller.join()
    assert isinstance(outcome, WorkerLostError)
    assert outcome.exit_status == -signal.SIGSEGV
    fork = int((tmp_path / "pid").read_text(encoding="ascii"))
    until(lambda: has_ended(fork))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n" + b"x" * 100, id="text"),
        pytest.param(struct.pack(">II", 2**32 - 1, 0), id="a message of 4 GiB"),
        pytest.param(struct.pack(">II", 2, 2**32 - 1) + b"{}", id="a blob of 4 GiB"),
        pytest.param(struct.pack(">II", 4, 0) + b"\xff\xfe{}", id="no JSON"),
        pytest.param(struct.pack(">II", 2, 0) + b"[]", id="no object"),
        pytest.param(struct.pack(">II", 2, 0) + b"{}", id="no kind"),
        pytest.param(
            b"".join(
                struct.pack(">II", len(text), 0) + text
                for text in [json.dumps({"kind": "result", "id": 99, "value": {}, "memory_mb": 1}).encode()]
            ),
            id="an answer to somebody else's question",
        ),
    ],
)
def test_a_worker_that_breaks_the_protocol_is_killed_and_replaced(pool: WorkerPool, sent: bytes) -> None:
    with pytest.raises(WorkerLostError, match="broke the protocol"):
        pool.run(f"{HERE}:write_garbage_into_the_channel", {"hex": sent.hex()})
    assert pool.run(f"{HERE}:echo", {}).value == {}


def test_workers_that_cannot_start_are_retried_ever_less_often_and_callers_told(
    make_pool: Callable[..., WorkerPool], caplog: pytest.LogCaptureFixture
) -> None:
    pool = make_pool(2, environment={"PYTHONPATH": "/nowhere"})
    with pytest.raises(UnavailableError, match="cannot be started: .*services"):
        pool.run(f"{HERE}:echo", {})
    with pytest.raises(UnavailableError, match="cannot be started"):
        pool.run(f"{HERE}:echo", {})
    attempts = pool.stats().respawned
    time.sleep(0.5)
    assert pool.stats().respawned <= attempts + 2
    assert pool.stats().workers == 0


def test_where_no_thread_can_be_had_a_unit_keeps_its_place(
    pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Caller(pool, "hold_until", {"path": str(tmp_path / "go")})
    until(lambda: first.reports)
    second = Caller(pool, "echo", {"a": 1}, timeout=PATIENCE)
    until(lambda: pool.stats().waiting == 1)
    start, refusals = threading.Timer.start, [RuntimeError("can't start new thread")]

    def start_or_refuse(timer: threading.Timer) -> None:
        if timer.interval == PATIENCE and refusals:
            raise refusals.pop()
        start(timer)

    monkeypatch.setattr(threading.Timer, "start", start_or_refuse)
    (tmp_path / "go").touch()
    assert [Reply(first.reports[0]), Reply({"a": 1})] == [first.join(), second.join()]
    assert not refusals


# Stopping a unit


def test_a_unit_past_its_timeout_is_killed(pool: WorkerPool) -> None:
    with pytest.raises(UnitTimeoutError, match=r"longer than 0\.2 s"):
        pool.run(f"{HERE}:hold_the_interpreter", {}, timeout=0.2)
    assert pool.run(f"{HERE}:echo", {}).value == {}
    assert pool.stats().crashed == 0


def test_a_timeout_counts_from_when_a_worker_has_the_unit(pool: WorkerPool) -> None:
    first = Caller(pool, "sleep", {"seconds": 0.6})
    until(lambda: first.reports)
    assert pool.run(f"{HERE}:echo", {}, timeout=0.5).value == {}


def test_a_timeout_holds_while_the_caller_is_busy_with_a_report(pool: WorkerPool) -> None:
    pid: list[int] = []

    def be_slow(report: dict[str, Any]) -> None:
        pid.append(report["pid"])
        until(lambda: has_ended(pid[0]))

    with pytest.raises(UnitTimeoutError):
        pool.run(f"{HERE}:sleep", {"seconds": 60}, on_report=be_slow, timeout=0.2)


def test_cancel_kills_inside_the_unit_and_when_run_returns_nothing_of_it_is_left(pool: WorkerPool) -> None:
    token = CancelToken()
    caller = Caller(pool, "hold_the_interpreter", cancel=token)
    until(lambda: caller.reports)
    token.cancel()
    assert isinstance(caller.join(), UnitCancelledError)
    assert not psutil.pid_exists(caller.reports[0]["pid"])
    assert pool.run(f"{HERE}:echo", {}).value == {}


def test_cancel_ends_the_programs_that_the_unit_has_started(pool: WorkerPool) -> None:
    token = CancelToken()
    caller = Caller(pool, "start_a_program", cancel=token)
    until(lambda: caller.reports)
    token.cancel()
    caller.join()
    until(lambda: has_ended(caller.reports[0]["program"]))


def test_a_process_out_of_reach_does_not_hold_up_a_cancel(pool: WorkerPool) -> None:
    token = CancelToken()
    caller = Caller(pool, "leave_a_process_that_has_left_the_group", cancel=token)
    until(lambda: caller.reports)
    try:
        token.cancel()
        assert isinstance(caller.join(), UnitCancelledError)
        assert pool.run(f"{HERE}:echo", {}).value == {}
    finally:
        os.kill(caller.reports[0]["stray"], signal.SIGKILL)


def test_a_unit_cancelled_beforehand_is_not_begun(pool: WorkerPool, tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(UnitCancelledError):
        pool.run(f"{HERE}:note", {"path": str(tmp_path / "notes"), "name": "never"}, cancel=token)
    pool.run(f"{HERE}:echo", {})  # which would come after it
    assert not (tmp_path / "notes").exists()


def test_a_cancelled_waiter_leaves_the_queue_at_once(pool: WorkerPool, tmp_path: Path) -> None:
    first = Caller(pool, "hold_until", {"path": str(tmp_path / "go")})
    until(lambda: first.reports)
    token = CancelToken()
    waiter = Caller(pool, "echo", cancel=token)
    until(lambda: pool.stats().waiting == 1)
    token.cancel()
    assert pool.stats().waiting == 0
    assert isinstance(waiter.join(), UnitCancelledError)
    (tmp_path / "go").touch()
    assert first.join() == Reply(first.reports[0])  # whose worker was not touched


def test_a_token_that_is_cancelled_too_late_harms_nobody(pool: WorkerPool) -> None:
    token = CancelToken()
    pool.run(f"{HERE}:echo", {}, cancel=token)
    other = Caller(pool, "sleep", {"seconds": 0.2})
    until(lambda: other.reports)
    token.cancel()
    assert other.join() == Reply({"slept": True})


def test_eighty_cancels_leave_no_zombies_no_descriptors_and_no_threads(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(2)
    worker_pid(pool)
    until(lambda: pool.stats().workers == 2)
    descriptors, threads = psutil.Process().num_fds(), threading.active_count()
    for _ in range(80):
        token = CancelToken()
        caller = Caller(pool, "sleep", {"seconds": 60}, cancel=token, timeout=60)
        until(lambda: caller.reports)  # noqa: B023
        token.cancel()
        assert isinstance(caller.join(), UnitCancelledError)
    until(lambda: pool.stats().workers == 2)
    assert len(children()) == 2
    assert descriptors == psutil.Process().num_fds()
    until(lambda: threading.active_count() <= threads)


# The queue


def test_greater_priority_goes_first_and_inside_one_first_come_first_served(pool: WorkerPool, tmp_path: Path) -> None:
    first = Caller(pool, "hold_until", {"path": str(tmp_path / "go")})
    until(lambda: first.reports)
    callers = []
    for number, (name, priority) in enumerate([("a", 0), ("b", 5), ("c", -1), ("d", 5)], 1):
        argument = {"path": str(tmp_path / "notes"), "name": name}
        callers.append(Caller(pool, "note", argument, priority=priority))
        until(lambda: pool.stats().waiting == number)  # noqa: B023
    (tmp_path / "go").touch()
    for caller in callers:
        caller.join()
    assert (tmp_path / "notes").read_text(encoding="utf-8").split() == ["b", "d", "a", "c"]


def test_urgent_units_without_end_leave_each_fourth_turn_to_the_oldest(pool: WorkerPool, tmp_path: Path) -> None:
    first = Caller(pool, "hold_until", {"path": str(tmp_path / "go")})
    until(lambda: first.reports)
    callers = []
    for number, name in enumerate(["task", "task", *["urgent"] * 9], 1):
        argument = {"path": str(tmp_path / "notes"), "name": name}
        callers.append(Caller(pool, "note", argument, priority=10 * (name == "urgent")))
        until(lambda: pool.stats().waiting == number)  # noqa: B023
    (tmp_path / "go").touch()
    for caller in callers:
        caller.join()
    served = (tmp_path / "notes").read_text(encoding="utf-8").split()
    assert served == [*["urgent"] * 3, "task"] * 2 + ["urgent"] * 3


def test_units_that_come_after_a_crowd_of_urgent_ones_have_each_fourth_turn_too(
    pool: WorkerPool, tmp_path: Path
) -> None:
    first = Caller(pool, "hold_until", {"path": str(tmp_path / "go")})
    until(lambda: first.reports)
    callers = []
    for number, name in enumerate([*["urgent"] * 9, "task", "task"], 1):
        argument = {"path": str(tmp_path / "notes"), "name": name}
        callers.append(Caller(pool, "note", argument, priority=10 * (name == "urgent")))
        until(lambda: pool.stats().waiting == number)  # noqa: B023
    (tmp_path / "go").touch()
    for caller in callers:
        caller.join()
    served = (tmp_path / "notes").read_text(encoding="utf-8").split()
    assert served == [*["urgent"] * 3, "task"] * 2 + ["urgent"] * 3


def test_five_hundred_callers_at_once_are_all_served(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(2)
    callers = [Caller(pool, "echo", {"number": number}) for number in range(500)]
    assert [Reply({"number": number}) for number in range(500)] == [caller.join() for caller in callers]
    assert (pool.stats().busy, pool.stats().waiting, pool.stats().crashed) == (0, 0, 0)


def test_workers_outlive_the_thread_that_called(pool: WorkerPool) -> None:
    token = CancelToken()
    caller = Caller(pool, "sleep", {"seconds": 60}, cancel=token)
    until(lambda: caller.reports)
    canceller = threading.Thread(target=token.cancel)
    canceller.start()
    canceller.join()
    caller.join()
    until(lambda: pool.stats().workers == 1)
    pid = worker_pid(pool)
    time.sleep(0.2)
    assert pid == worker_pid(pool)


# Renewal


def test_a_worker_is_replaced_after_so_many_units(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(recycle_after=3)
    pids = [worker_pid(pool) for _ in range(9)]
    assert [len(set(pids[start : start + 3])) for start in (0, 3, 6)] == [1, 1, 1]
    assert len(set(pids)) == 3
    assert pool.stats().crashed == 0


def test_a_worker_that_has_grown_too_large_is_replaced(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(recycle_above_mb=200)
    first = pool.run(f"{HERE}:grow", {"megabytes": 20}).value["pid"]
    assert first == pool.run(f"{HERE}:grow", {"megabytes": 200}).value["pid"]
    assert first != worker_pid(pool)
    assert pool.stats().crashed == 0


# What units print


def test_what_a_unit_prints_goes_to_the_log_line_by_line(
    make_pool: Callable[..., WorkerPool], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pool = make_pool(environment={"PYTHONUNBUFFERED": ""})  # which would do the same, wherever it happens to be set
    pool.run(f"{HERE}:print_lines", {"lines": ["第一行", "second \x1b[31mred\x07"]})
    pool.run(f"{HERE}:print_half_a_character", {})
    until(lambda: "half" in caplog.text)
    printed = [record.getMessage().split(": ", 1)[1] for record in caplog.records]
    assert printed == ["第一行", "second \\x1b[31mred\\x07", "half \\ud800"]


def test_megabytes_of_binary_garbage_are_printed_without_harm(
    pool: WorkerPool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert pool.run(f"{HERE}:print_garbage", {"megabytes": 10}).value == {"printed": True}
    assert pool.run(f"{HERE}:echo", {"a": 1}).value == {"a": 1}
    assert len(caplog.text) < 2**20


def test_a_unit_that_prints_for_ever_neither_floods_the_log_nor_keeps_others_from_work(
    make_pool: Callable[..., WorkerPool], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pool = make_pool(2)
    token = CancelToken()
    caller = Caller(pool, "print_for_ever", cancel=token)
    began, served = time.monotonic(), 0
    while time.monotonic() - began < 1.5:
        pool.run(f"{HERE}:echo", {})
        served += 1
    token.cancel()
    assert isinstance(caller.join(), UnitCancelledError)
    assert served > 50
    assert len(caplog.records) < 300
    assert "more lines than we log" in caplog.text


# The end of the pool


def test_close_lets_running_units_finish_within_its_grace(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool()
    caller = Caller(pool, "sleep", {"seconds": 0.3})
    until(lambda: caller.reports)
    pool.close(grace=PATIENCE)
    assert caller.join() == Reply({"slept": True})


def test_close_turns_away_who_waits_who_is_served_and_who_comes(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool()
    running = Caller(pool, "hold_the_interpreter")
    until(lambda: running.reports)
    waiting = Caller(pool, "echo")
    until(lambda: pool.stats().waiting == 1)
    pool.close(grace=0.05)
    assert children() == []
    for caller in (running, waiting, Caller(pool, "echo")):
        assert isinstance(caller.join(), UnavailableError)
    pool.close()
    assert pool.stats().crashed == 0


def test_close_right_after_start_leaves_nothing() -> None:
    for pause in (0.0, 0.01, 0.05):
        pool = WorkerPool(2)
        pool.start()
        time.sleep(pause)
        pool.close()
        assert children() == []


def test_a_pool_that_was_never_started_takes_no_units_and_closes() -> None:
    pool = WorkerPool(1)
    with pytest.raises(UnavailableError, match="not been started"):
        pool.run(f"{HERE}:echo", {})
    pool.close()
