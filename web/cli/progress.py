"""A task's progress on a terminal (a bar), in a log (a line now and then), or not at all."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn
from rich.table import Column

from web.cli.output import say, stderr

LINE_EVERY = 2.0  # seconds, where there is no terminal


class Display(ABC):
    """Shows the newest state of a task object."""

    @abstractmethod
    def show(self, task: dict[str, Any]) -> None: ...


@contextmanager
def display(*, silent: bool) -> Iterator[Display]:
    if silent:
        yield _Silence()
    elif sys.stderr.isatty():
        with _progress() as progress:
            yield _Bar(progress)
    else:
        yield _Lines()


class _Silence(Display):
    def show(self, task: dict[str, Any]) -> None:
        """Nothing: a program reads our output."""


class _Bar(Display):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bar = progress.add_task("", total=100.0, counted="", pace="", message="")

    def show(self, task: dict[str, Any]) -> None:
        self._progress.update(
            self._bar,
            completed=task["progress_percentage"],
            description=f"{task['kind']} {task['status']}",
            counted=counted(task),
            pace=pace(task),
            message=task.get("message") or "",
        )


class _Lines(Display):
    def __init__(self) -> None:
        self._shown_status, self._shown_at = "", 0.0

    def show(self, task: dict[str, Any]) -> None:
        now = time.monotonic()
        if task["status"] == self._shown_status and now - self._shown_at < LINE_EVERY:
            return
        self._shown_status, self._shown_at = task["status"], now
        parts = (f"{task['progress_percentage']:.1f} %", counted(task), pace(task), task.get("message") or "")
        say("  ".join([f"{task['kind']} task {task['id']} {task['status']}", *filter(None, parts)]))


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TextColumn("{task.fields[counted]}", markup=False),
        TextColumn("{task.fields[pace]}", markup=False),
        # What is left of the line is the message's, so that a long one never squeezes the figures.
        TextColumn(
            "{task.fields[message]}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
        ),
        console=stderr(),
        transient=True,
        expand=True,
    )


def counted(task: dict[str, Any]) -> str:
    """`5/12 groups`, or nothing while the total is unknown."""
    if not task.get("total"):
        return ""
    return f"{task['processed']:,}/{task['total']:,} {task['unit']}s"


def pace(task: dict[str, Any]) -> str:
    """`8,123/s  ETA 0:12`, as far as the server knows them."""
    rate, eta = task.get("rate"), task.get("eta_seconds")
    parts = [f"{rate:,.0f}/s" if rate else "", f"ETA {clock(eta)}" if eta is not None else ""]
    return "  ".join(filter(None, parts))


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
