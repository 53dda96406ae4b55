"""Start, pause, resume, cancel, retry: the same service calls as over REST."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from services.bootstrap import Services
from services.tasks.view import TaskObject
from web.schemas.socket import TaskRef
from web.sockets.connections import Connection

# What is returned goes into the ack; a handler that yields goes on from there beside the client's next events.
Answer = dict[str, Any]
Handler = Callable[[Connection, Any], Answer | Generator[None, None, Answer]]


def control_handlers(services: Services) -> dict[str, Handler]:
    tasks = services.tasks
    return {
        "start_task": _handler(tasks.start),
        "pause_task": _handler(tasks.pause),
        "resume_task": _handler(tasks.resume),
        "cancel_task": _handler(tasks.cancel),
        "retry_task": _handler(tasks.retry),
    }


def _handler(act: Callable[..., TaskObject]) -> Handler:
    def handle(connection: Connection, asked: TaskRef) -> Answer:
        task = act(asked.task_id, by=connection.principal)
        return {"task_id": task["id"], "status": task["status"]}

    return handle
