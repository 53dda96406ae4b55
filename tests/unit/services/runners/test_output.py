from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator

import pytest

from services.runners.output import OutputRelay

Printer = tuple[socket.socket, OutputRelay]


@pytest.fixture
def printer(caplog: pytest.LogCaptureFixture) -> Iterator[Printer]:
    caplog.set_level(logging.INFO)
    here, there = socket.socketpair()
    yield there, OutputRelay(here, 7, logging.getLogger("test"))
    there.close()


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_lines_are_logged_as_they_come_and_the_last_one_without_its_end(
    printer: Printer, caplog: pytest.LogCaptureFixture
) -> None:
    there, relay = printer
    for piece in ["one\ntw", "o\r\n", "\n", "题目".encode()[:2], "题目".encode()[2:]]:
        there.sendall(piece if isinstance(piece, bytes) else piece.encode())
    there.close()
    assert relay.finish() == ["one", "two", "", "题目"]
    assert lines(caplog) == ["worker 7: one", "worker 7: two", "worker 7: ", "worker 7: 题目"]


def test_a_line_cannot_forge_another_or_steer_a_terminal(printer: Printer) -> None:
    there, relay = printer
    there.sendall(b"a\rINFO forged\x1b[2J\x00\xff\n")
    there.close()
    assert relay.finish() == ["a\\x0dINFO forged\\x1b[2J\\x00\\xff"]


def test_of_an_overlong_line_the_beginning_is_kept_and_the_next_line_is_whole(
    printer: Printer, caplog: pytest.LogCaptureFixture
) -> None:
    there, relay = printer
    there.sendall(b"x" * 100_000 + b"\nnext\n")
    there.close()
    assert relay.finish() == ["x" * 2000, "next"]
    assert lines(caplog)[0] == "worker 7: " + "x" * 2000 + " […]"


def test_of_a_flood_the_first_lines_are_logged_and_all_others_counted(
    printer: Printer, caplog: pytest.LogCaptureFixture
) -> None:
    there, relay = printer
    there.sendall(b"".join(b"%d\n" % number for number in range(10_000)))
    there.close()
    relay.finish(patience=10)
    logged = [line for line in lines(caplog) if line.startswith("worker 7: ")]
    told = [int(line.split()[3]) for line in lines(caplog) if "more lines" in line]
    assert 50 <= len(logged) < 200
    assert len(logged) + sum(told) == 10_000


def test_a_process_that_holds_the_other_end_does_not_hold_up_the_end(printer: Printer) -> None:
    there, relay = printer
    there.sendall(b"last words\n")
    before = threading.active_count()
    assert relay.finish(patience=0.1) == ["last words"]
    assert threading.active_count() < before
