"""What happens to a task, in the words that are sent: each event knows its wire name and its payload."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from models import Task
from services.tasks.view import describe, describe_progress


@dataclass(frozen=True, slots=True)
class TaskEvent(ABC):
    """Base: `payload` is called inside the transaction that records it, when the task has its new state and seq."""

    name: ClassVar[str]

    @abstractmethod
    def payload(self, task: Task, queue_position: int | None) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class TaskCreated(TaskEvent):
    name = "task_created"

    def payload(self, task: Task, queue_position: int | None) -> dict[str, Any]:
        return describe(task, queue_position=queue_position)


@dataclass(frozen=True, slots=True)
class StatusChanged(TaskEvent):
    name = "task_status"

    def payload(self, task: Task, queue_position: int | None) -> dict[str, Any]:
        return {
            "task_id": task.id,
            "id": task.id,
            "status": task.status,
            "data": describe(task, queue_position=queue_position),
        }


@dataclass(frozen=True, slots=True)
class ProgressMade(TaskEvent):
    name = "task_progress"

    def payload(self, task: Task, queue_position: int | None) -> dict[str, Any]:  # noqa: ARG002 (one signature for all)
        return describe_progress(task)


@dataclass(frozen=True, slots=True)
class TaskCompleted(TaskEvent):
    name = "task_completed"

    def payload(self, task: Task, queue_position: int | None) -> dict[str, Any]:
        data = describe(task, queue_position=queue_position)
        return {"task_id": task.id, "id": task.id, "data": data, "result": task.result}


@dataclass(frozen=True, slots=True)
class TaskFailed(TaskEvent):
    name = "task_error"

    def payload(self, task: Task, queue_position: int | None) -> dict[str, Any]:
        data = describe(task, queue_position=queue_position)
        return {
            "task_id": task.id,
            "id": task.id,
            "error": task.error_message,
            "code": task.error_code,
            "data": data,
        }


@dataclass(frozen=True, slots=True)
class TaskCancelled(TaskEvent):
    name = "task_cancelled"

    def payload(self, task: Task, queue_position: int | None) -> dict[str, Any]:
        return {"task_id": task.id, "id": task.id, "data": describe(task, queue_position=queue_position)}
