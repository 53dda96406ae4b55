"""What a job is, and who runs it: a base, its backends beside it.

A job is computed in worker processes only. It is cut into units; a unit writes its bulk rows itself, in short
guarded transactions, and returns a small result, which the runner commits together with the task's progress.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Select, event, select
from sqlalchemy.orm import Session

from models import Database, Task
from services.errors import UnitError
from services.tasks.recorder import LeaseLostError


@dataclass(frozen=True, slots=True)
class PlannedUnit:
    """A unit to be: what to compute (JSON), what it adds to the task's `processed`, and what it weighs.

    `group` is shown as the task's `current_group` while the unit runs.
    """

    spec: Mapping[str, Any]
    size: int = 1
    work: float = 1.0
    stage: int = 0
    group: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit in the hands of a worker."""

    id: int
    position: int
    spec: Mapping[str, Any]
    size: int
    work: float


@dataclass(frozen=True, slots=True)
class UnitContext:
    """What a job may use: its task's parameters, the database, and a way to say how far it is."""

    task_id: int
    params: Mapping[str, Any]
    database: Database
    data_dir: Path
    lease_token: str
    send: Callable[[dict[str, Any]], None] = field(repr=False)
    threads: int = 1  # cores that a unit may use

    def report(self, fraction: float, message: str = "") -> None:
        """Says how far this unit is (0 … 1); called as often as one likes, sent as often as is useful."""
        self.send({"fraction": min(max(fraction, 0.0), 1.0), "message": message})

    def guard(self, session: Session) -> None:
        """Ends a transaction whose task is no longer ours. Called first in every transaction that writes results.

        It looks again before the commit, there with a shared lock, which on PostgreSQL holds back a pause or cancel
        until this batch is in. Not from the beginning: shared locks pass those who wait to change the row, so a few
        workers that always hold one would keep a cancel waiting for as long as they write.

        Raises:
            LeaseLostError: the task was paused, cancelled, taken over or deleted.
        """
        ours = select(Task.lease_token).where(Task.id == self.task_id, Task.status == "running")
        self._require(ours, session)
        event.listen(session, "before_commit", partial(self._require, ours.with_for_update(read=True)))

    def _require(self, ours: Select[Any], session: Session) -> None:
        if session.scalar(ours) != self.lease_token:
            raise LeaseLostError(f"Task {self.task_id} is no longer computed here.")


class Job(ABC):
    """One kind of task, computed in a worker process."""

    @abstractmethod
    def plan(self, context: UnitContext) -> Iterable[PlannedUnit]:
        """The task's units, in the order in which they should begin. Runs again from the start if it was cut short."""

    @abstractmethod
    def run_unit(self, unit: Unit, context: UnitContext) -> dict[str, Any]:
        """Computes one unit. May run again after a crash: what an earlier run left of it must not count twice."""

    def fail_unit(self, unit: Unit, error: Mapping[str, str], context: UnitContext) -> dict[str, Any]:  # noqa: ARG002
        """The result of a unit that failed with `{code, message}`; asked only of kinds that isolate their units.

        Where it raises, the task fails.
        """
        raise UnitError(error["message"], error["code"])

    @abstractmethod
    def finish(self, results: Sequence[Mapping[str, Any]], context: UnitContext) -> dict[str, Any]:
        """The task's result from those of its units, in their order."""


class Runner(ABC):
    """Takes queued tasks and sees them through."""

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """Stops; what was running is queued again and goes on at the next start."""

    @abstractmethod
    def running(self) -> Sequence[int]:
        """The ids of the tasks that are computed now."""
