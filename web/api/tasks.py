"""Tasks of every kind: list, look, life cycle, event log."""

from __future__ import annotations

from services.auth import Scope
from services.pagination import Page, decode_cursor, encode_cursor
from services.tasks.event_log import LoggedEvent
from services.tasks.history import History
from services.tasks.service import TaskQuery
from services.tasks.view import TaskObject
from web.routing import Context, Routes
from web.schemas.base import Many, One
from web.schemas.tasks import AllTasksQuery, EventOut, EventsQuery, HistoryOut, TaskOut

routes = Routes("tasks")


@routes.get(
    "/api/tasks",
    summary="List tasks, newest first",
    scope=Scope.TASKS_READ,
    query=AllTasksQuery,
    answer=Many[TaskOut],
)
def list_tasks(context: Context, query: AllTasksQuery) -> Page[TaskObject]:
    return context.services.tasks.list(TaskQuery(**query.model_dump()))


@routes.get("/api/tasks/<id:task_id>", summary="One task", scope=Scope.TASKS_READ, answer=One[TaskOut])
def get_task(context: Context, task_id: int) -> TaskObject:
    return context.services.tasks.get(task_id)


@routes.post(
    "/api/tasks/<id:task_id>/start",
    summary="Queue a pending task",
    scope=Scope.TASKS_WRITE,
    status=202,
    answer=One[TaskOut],
)
def start_task(context: Context, task_id: int) -> TaskObject:
    return context.services.tasks.start(task_id, by=context.principal)


@routes.post(
    "/api/tasks/<id:task_id>/pause",
    summary="Pause a running task",
    scope=Scope.TASKS_WRITE,
    status=202,
    answer=One[TaskOut],
)
def pause_task(context: Context, task_id: int) -> TaskObject:
    """What it has committed stays; `resume` goes on from there."""
    return context.services.tasks.pause(task_id, by=context.principal)


@routes.post(
    "/api/tasks/<id:task_id>/resume",
    summary="Queue a paused task again",
    scope=Scope.TASKS_WRITE,
    status=202,
    answer=One[TaskOut],
)
def resume_task(context: Context, task_id: int) -> TaskObject:
    return context.services.tasks.resume(task_id, by=context.principal)


@routes.post(
    "/api/tasks/<id:task_id>/cancel",
    summary="Cancel a task",
    scope=Scope.TASKS_WRITE,
    status=202,
    answer=One[TaskOut],
)
def cancel_task(context: Context, task_id: int) -> TaskObject:
    """A running task stops within 2 s, even inside a unit."""
    return context.services.tasks.cancel(task_id, by=context.principal)


@routes.post(
    "/api/tasks/<id:task_id>/retry",
    summary="Queue a failed or cancelled task again",
    scope=Scope.TASKS_WRITE,
    status=202,
    answer=One[TaskOut],
)
def retry_task(context: Context, task_id: int) -> TaskObject:
    return context.services.tasks.retry(task_id, by=context.principal)


@routes.delete("/api/tasks/<id:task_id>", summary="Delete a task that has ended", scope=Scope.TASKS_WRITE, status=204)
def delete_task(context: Context, task_id: int) -> None:
    """Its results and its event log go with it; questions stay."""
    context.services.tasks.delete(task_id, by=context.principal)


@routes.get(
    "/api/tasks/<id:task_id>/events",
    summary="The task's event log, in order, without gaps",
    scope=Scope.TASKS_READ,
    query=EventsQuery,
    answer=Many[EventOut],
)
def list_events(context: Context, task_id: int, query: EventsQuery) -> Page[LoggedEvent]:
    after = decode_cursor(query.cursor) if query.cursor else query.after_seq
    total = context.services.tasks.get(task_id)["last_seq"]
    events = context.services.events.since(task_id, after, query.limit)
    more = encode_cursor(events[-1].seq) if events and events[-1].seq < total else None
    return Page(events, more, total)


@routes.get(
    "/api/tasks/<id:task_id>/history",
    summary="The task's life in short",
    scope=Scope.TASKS_READ,
    answer=One[HistoryOut],
)
def get_history(context: Context, task_id: int) -> History:
    """For a timeline and a curve: the whole log is at `/events`."""
    return context.services.history.of(task_id)
