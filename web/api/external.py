"""Another program reports its own task."""

from __future__ import annotations

from services.auth import Scope
from services.tasks.external import Report
from services.tasks.view import TaskObject
from web.routing import Context, Routes
from web.schemas.base import One
from web.schemas.external import ExternalReport, NewExternalTask
from web.schemas.tasks import TaskOut

routes = Routes("external")


@routes.post(
    "/api/external/tasks",
    summary="Announce a task that runs elsewhere",
    scope=Scope.TASKS_WRITE,
    body=NewExternalTask,
    status=201,
    answer=One[TaskOut],
    location="/api/tasks/{id}",
)
def create_external_task(context: Context, body: NewExternalTask) -> TaskObject:
    return context.services.external.create(body.task_name, by=context.principal, total=body.total, meta=body.meta)


@routes.patch(
    "/api/external/tasks/<id:task_id>",
    summary="Report on it",
    scope=Scope.TASKS_WRITE,
    body=ExternalReport,
    answer=One[TaskOut],
)
def report_external_task(context: Context, task_id: int, body: ExternalReport) -> TaskObject:
    """Only who announced a task may report on it."""
    return context.services.external.report(task_id, Report(**body.model_dump()), by=context.principal)
