"""Follow a task to its end by its event log: without gaps, also over a restart of the server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from services.errors import TaskbeamError
from web.cli.client import Client, RefusedError
from web.cli.output import say
from web.cli.progress import Display

ENDED = frozenset({"completed", "failed", "cancelled"})
POLL = 0.2  # seconds between looks at the log
CANCEL_PATIENCE = 5.0

TaskObject = dict[str, Any]


def follow(client: Client, task: TaskObject, display: Display) -> TaskObject:
    """Show the task's progress until it has ended; gives its last state."""
    seq = task["last_seq"]
    display.show(task)
    while task["status"] not in ENDED:
        rows = client.get(f"/api/tasks/{task['id']}/events", after_seq=seq, limit=500)["data"]
        for row in rows:
            seq = row["seq"]
            task = _after(task, row["data"])
            display.show(task)
        if not rows:
            time.sleep(POLL)
    return read_task(client, task["id"])


def read_task(client: Client, task_id: int) -> TaskObject:
    task: TaskObject = client.get(f"/api/tasks/{task_id}")["data"]
    return task


@contextmanager
def cancelled_when_interrupted(client: Client, task_id: int) -> Iterator[None]:
    """Ctrl-C inside the block cancels the task, waits until it has stopped, and goes on as an interruption."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"\nInterrupted: cancelling task {task_id}. (Again: leave it running.)")
        _cancel(client, task_id)
        raise


def _cancel(client: Client, task_id: int) -> None:
    try:
        client.post(f"/api/tasks/{task_id}/cancel")
        deadline = time.monotonic() + CANCEL_PATIENCE
        while read_task(client, task_id)["status"] not in ENDED and time.monotonic() < deadline:
            time.sleep(POLL)
    except RefusedError as error:
        if error.status != 409:  # 409: it had ended by itself
            say(error.message)
    except TaskbeamError as error:
        say(error.message)


def _after(task: TaskObject, data: dict[str, Any]) -> TaskObject:
    """The task after an event: some carry the whole task, progress only what changed."""
    whole = data.get("data")
    return {**task, **(whole if isinstance(whole, dict) else data)}
