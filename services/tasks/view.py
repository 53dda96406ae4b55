"""The task object: a task as clients see it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from models import Task

TaskObject = dict[str, Any]


def describe(task: Task | Row[Any], *, queue_position: int | None = None) -> TaskObject:
    """The contract's task object, of a task or a row of its columns.

    Fields a reporter gave beyond ours stand at the top level and never hide ours.
    """
    return {
        **task.meta,
        "id": task.id,
        "kind": task.kind,
        "task_name": task.name,
        "status": task.status,
        "priority": task.priority,
        "queue_position": queue_position,
        **_counted(task),
        "progress_percentage": shown_percentage(task),
        "current_group": task.current_group,
        "message": task.message,
        "eta_seconds": task.eta_seconds,
        "rate": task.rate,
        "params": task.params,
        "result": task.result,
        "error": None if task.error_code is None else {"code": task.error_code, "message": task.error_message},
        "attempt": task.attempt,
        "last_seq": task.last_seq,
        "owner": task.owner,
        "created_at": task.created_at,
        "started_at": task.started_at,
        "finished_at": task.finished_at,
    }


def describe_progress(task: Task) -> dict[str, Any]:
    """The changing part of a task, small enough to be sent many times a second."""
    percentage = shown_percentage(task)
    return {
        **task.meta,
        "task_id": task.id,
        "id": task.id,
        "kind": task.kind,
        "status": task.status,
        **_counted(task),
        "progress_percentage": percentage,
        "progress": percentage,
        "current_group": task.current_group,
        "message": task.message,
        "eta_seconds": task.eta_seconds,
        "rate": task.rate,
    }


def shown_percentage(task: Task | Row[Any]) -> float:
    """Two decimals; 100.0 is kept for `completed`, however little is left to do."""
    if task.status == "completed":
        return 100.0
    # SQLite's RETURNING gives a whole number of a REAL column as an integer.
    return min(round(float(task.percentage), 2), 99.99)


def _counted(task: Task | Row[Any]) -> dict[str, Any]:
    counted: dict[str, Any] = {"total": task.total, "processed": task.processed, "unit": task.unit}
    if task.kind != "external":
        counted |= {f"total_{task.unit}s": task.total, f"processed_{task.unit}s": task.processed}
    return counted
