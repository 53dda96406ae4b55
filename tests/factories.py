"""Things that tests need again and again, with sensible values for everything a test does not speak of."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from models import Database
from services.auth import LOCAL
from services.runners.worker import WorkerContext
from services.runners.worker_pool import Reply, WorkerPool
from services.tasks.event_bus import EventBus
from services.tasks.event_log import EventLog, LoggedEvent
from services.tasks.external import ExternalTasks
from services.tasks.kinds import KINDS, Kind
from services.tasks.lifecycle import TERMINAL
from services.tasks.recorder import Recorder
from services.tasks.service import TaskService

PATIENCE = 60.0  # seconds
TEST_KINDS = {
    **KINDS,
    "sleep": Kind("sleep", unit="group", job="tests.jobs:ScriptedJob"),
    "isolated": Kind("isolated", unit="group", job="tests.jobs:ScriptedJob", isolates=True),
}


def ended(task: dict[str, Any]) -> bool:
    return task["status"] in TERMINAL


class InlinePool(WorkerPool):
    """Computes in the calling thread: for tests of what is computed, not of where."""

    def __init__(self) -> None:
        """No processes."""

    def run(self, target: str, argument: Mapping[str, Any], *, blob: bytes = b"", **options: Any) -> Reply:
        module, _, name = target.partition(":")
        report = options.get("on_report") or (lambda _report: None)
        value = getattr(import_module(module), name)(argument, WorkerContext(report, {}), blob)
        return value if isinstance(value, Reply) else Reply(dict(value))


@dataclass
class TaskHouse:
    """The task services over one database, with everything that was published."""

    database: Database
    bus: EventBus = field(default_factory=EventBus)
    published: list[LoggedEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.events = EventLog(self.database)
        self.recorder = Recorder(self.database, self.events, self.bus)
        self.tasks = TaskService(self.database, self.recorder, TEST_KINDS)
        self.external = ExternalTasks(self.database, self.recorder, self.tasks)
        self.bus.subscribe(self.published.append)

    def create(self, kind: str = "dedup", name: str = "a task", **values: Any) -> dict[str, Any]:
        return self.tasks.create(kind, name, values.pop("params", {}), by=LOCAL, **values)

    def log_of(self, task_id: int) -> list[LoggedEvent]:
        return self.events.since(task_id, 0, 10_000)

    def wait(self, task_id: int, condition: Callable[[dict[str, Any]], bool] = ended) -> dict[str, Any]:
        """The task once the condition holds; without one, once it has ended."""
        deadline = time.monotonic() + PATIENCE
        while not condition(task := self.tasks.get(task_id)):
            assert time.monotonic() < deadline, task
            time.sleep(0.01)
        return task

    def names_of(self, task_id: int) -> list[str]:
        return [event.event for event in self.log_of(task_id)]
