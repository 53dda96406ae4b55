"""Tasks and their events, whatever they compute."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from web.schemas.base import NO_NUL, Answer, Count, PageQuery, Query, Time

TaskKind = Literal["dedup", "ocr", "import", "external"]
Status = Literal["pending", "queued", "running", "paused", "completed", "failed", "cancelled"]


class GroupOut(Answer):
    """What a dedup task is working on now."""

    type_name: str
    subject_name: str
    channel_code: str


class TaskErrorOut(Answer):
    code: str
    message: str


class TaskOut(Answer):
    """A task; one that we compute also has its figures by unit: `total_groups, processed_groups`, or `…_rows`."""

    id: int
    kind: TaskKind
    task_name: str
    status: Status
    priority: int = Field(description="Higher runs first.")
    queue_position: int | None = Field(description="1 is next; null unless queued.")
    total: int
    processed: int
    unit: str = Field(description="What is counted: group, row, page, step.")
    progress_percentage: float = Field(description="0.0 … 100.0; never falls; 100.0 only when completed.")
    current_group: GroupOut | None
    message: str
    eta_seconds: float | None
    rate: float | None = Field(description="Questions (rows, pages) per second.")
    params: dict[str, Any]
    result: Any = Field(description="By its kind; null until there is one. An external task's is what was reported.")
    error: TaskErrorOut | None
    attempt: int
    last_seq: int = Field(description="Seq of its newest event.")
    owner: str
    created_at: float
    started_at: float | None
    finished_at: float | None


class TaskListQuery(PageQuery):
    """Filters of a list of tasks; all that are given must hold."""

    status: Status | None = None
    q: str | None = Field(None, min_length=1, max_length=500, pattern=NO_NUL, description="Part of the name.")
    owner: str | None = Field(None, min_length=1, max_length=200, pattern=NO_NUL)
    created_after: Time | None = None
    created_before: Time | None = None


class AllTasksQuery(TaskListQuery):
    kind: TaskKind | None = None


class EventOut(Answer):
    """A row of a task's event log; `data` as it was sent."""

    seq: int
    event: str
    data: dict[str, Any]
    created_at: float


class PointOut(Answer):
    at: float
    seq: int
    processed: int
    progress_percentage: float
    rate: float | None


class HistoryOut(Answer):
    changes: list[EventOut] = Field(description="Every event but progress, in order; the newest 500.")
    curve: list[PointOut] = Field(description="Progress, thinned to about 300 points.")


class EventsQuery(Query):
    after_seq: Count = Field(0, description="Events with a higher seq.")
    limit: int = Field(100, ge=1, le=500)
    cursor: str | None = Field(None, min_length=1, max_length=200, description="Instead of `after_seq`.")
