"""Duplicates: start a task, read what it found, decide."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from services.auth import Scope
from services.dedup.deciding import Undone
from services.dedup.decisions import Decision
from services.dedup.findings import ClusterQuery
from services.dedup.many import Effect
from services.dedup.preview import PreviewRequest
from services.pagination import Page
from services.tasks.service import TaskQuery
from services.tasks.view import TaskObject
from web.downloads import download
from web.hangup import cancelled_on_hangup
from web.routing import Context, Routes
from web.schemas.base import Many, One, PageQuery
from web.schemas.dedup import (
    ActOut,
    ClusterListQuery,
    ClusterOut,
    DecidedClusterOut,
    DedupGroupOut,
    EffectOut,
    FindingsExportQuery,
    ManyDecisions,
    NewDecision,
    NewDedupTask,
    NewPreview,
    PreviewOut,
    ReviewOut,
    UndoneOut,
    UndoQuery,
)
from web.schemas.tasks import TaskListQuery, TaskOut

routes = Routes("dedup")

KIND = "dedup"
EXPORT_TYPES = (
    "application/x-ndjson",
    "application/json",
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text/plain",
)


@routes.post(
    "/api/dedup/tasks",
    summary="Look for the duplicates of a bank",
    scope=Scope.TASKS_WRITE,
    body=NewDedupTask,
    status=201,
    answer=One[TaskOut],
    location="/api/dedup/tasks/{id}",
)
def create_dedup_task(context: Context, body: NewDedupTask) -> TaskObject:
    """The task is pending until it is started; `auto_start` queues it at once."""
    return context.services.duplicates.create_task(
        body.task_name,
        by=context.principal,
        bank_id=body.bank_id,
        filters=body.filters.model_dump(exclude_none=True),
        options=body.options.model_dump(exclude_unset=True),
        priority=body.priority,
        start=body.auto_start,
    )


@routes.post(
    "/api/dedup/preview",
    summary="Try thresholds on a sample of a bank",
    scope=Scope.TASKS_WRITE,
    body=NewPreview,
    answer=One[PreviewOut],
    errors=frozenset({504}),
)
def preview_dedup(context: Context, body: NewPreview) -> dict[str, Any]:
    """What a task would find at each threshold; nothing is stored. Computed in a worker process within 35 s.

    Questions that begin alike are drawn together, since a sample drawn one by one would hold hardly a pair; what is
    alike and begins otherwise is still missed. Name a group to see all of it.
    """
    asked = PreviewRequest(
        bank_id=body.bank_id,
        filters=body.filters.model_dump(exclude_none=True),
        options=body.options.model_dump(exclude_unset=True),
        thresholds=body.thresholds,
        sample=body.sample,
    )
    with cancelled_on_hangup(request.environ) as cancel:
        return context.services.duplicates.preview(asked, cancel)


@routes.get(
    "/api/dedup/tasks",
    summary="List dedup tasks, newest first",
    scope=Scope.TASKS_READ,
    query=TaskListQuery,
    answer=Many[TaskOut],
)
def list_dedup_tasks(context: Context, query: TaskListQuery) -> Page[TaskObject]:
    return context.services.tasks.list(TaskQuery(kind=KIND, **query.model_dump()))


@routes.get("/api/dedup/tasks/<id:task_id>", summary="One dedup task", scope=Scope.TASKS_READ, answer=One[TaskOut])
def get_dedup_task(context: Context, task_id: int) -> TaskObject:
    return context.services.tasks.get(task_id, kind=KIND)


@routes.post(
    "/api/dedup/tasks/<id:task_id>/start",
    summary="Queue a pending dedup task",
    scope=Scope.TASKS_WRITE,
    status=202,
    answer=One[TaskOut],
)
def start_dedup_task(context: Context, task_id: int) -> TaskObject:
    tasks = context.services.tasks
    tasks.get(task_id, kind=KIND)
    return tasks.start(task_id, by=context.principal)


@routes.get(
    "/api/dedup/tasks/<id:task_id>/groups",
    summary="What was found in each group",
    scope=Scope.TASKS_READ,
    query=PageQuery,
    answer=Many[DedupGroupOut],
)
def list_dedup_groups(context: Context, task_id: int, query: PageQuery) -> Page[dict[str, Any]]:
    """The largest group first; its figures come when it is done."""
    return context.services.duplicates.groups(task_id, limit=query.limit, cursor=query.cursor)


@routes.get(
    "/api/dedup/tasks/<id:task_id>/clusters",
    summary="The duplicates, cluster by cluster",
    scope=Scope.TASKS_READ,
    query=ClusterListQuery,
    answer=Many[ClusterOut],
)
def list_clusters(context: Context, task_id: int, query: ClusterListQuery) -> Page[dict[str, Any]]:
    """Where texts are long a page is shorter than `limit`; `next_cursor` says whether more follow."""
    return context.services.duplicates.clusters(task_id, ClusterQuery(**query.model_dump()))


@routes.get(
    "/api/dedup/tasks/<id:task_id>/clusters/<id:cluster_id>",
    summary="One cluster with its differences",
    scope=Scope.TASKS_READ,
    answer=One[ClusterOut],
)
def get_cluster(context: Context, task_id: int, cluster_id: int) -> dict[str, Any]:
    return context.services.duplicates.cluster(task_id, cluster_id)


@routes.post(
    "/api/dedup/tasks/<id:task_id>/clusters/<id:cluster_id>/decision",
    summary="Decide about a cluster",
    scope=Scope.BANKS_WRITE,
    body=NewDecision,
    answer=One[DecidedClusterOut],
)
def decide(context: Context, task_id: int, cluster_id: int, body: NewDecision) -> dict[str, Any]:
    """A merge takes the exact and near members; a new decision takes the place of an earlier one.

    409 says by its `code` what came between: `DECIDED_MEANWHILE`, `QUESTION_MERGED`, `QUESTION_DELETED`,
    `QUESTION_EDITED`. Who watches the task hears of it at once (`decision`, Socket.IO).
    """
    decision = Decision(body.action, body.keep_id, body.exclude, body.include, body.allow_edited)
    duplicates = context.services.duplicates
    return duplicates.decide(task_id, cluster_id, decision, by=context.principal, revision=body.revision)


@routes.delete(
    "/api/dedup/tasks/<id:task_id>/clusters/<id:cluster_id>/decision",
    summary="Undo the decision about a cluster",
    scope=Scope.BANKS_WRITE,
    query=UndoQuery,
    answer=One[ClusterOut],
)
def undo_decision(context: Context, task_id: int, cluster_id: int, query: UndoQuery) -> dict[str, Any]:
    """Exactly the questions it merged are given back; 409 `NOTHING_TO_UNDO` where nothing is decided."""
    duplicates = context.services.duplicates
    return duplicates.undo(task_id, cluster_id, by=context.principal, revision=query.revision)


@routes.post(
    "/api/dedup/tasks/<id:task_id>/clusters/decisions",
    summary="Decide about many clusters",
    scope=Scope.BANKS_WRITE,
    body=ManyDecisions,
    answer=One[EffectOut],
)
def decide_many(context: Context, task_id: int, body: ManyDecisions) -> Effect:
    """Every cluster that matches and is still open; what somebody decided stays. Ask with `dry_run` first.

    It is one decision, which goes on when its client hangs up. Undone as a whole, also while it is carried out
    (which ends it), by `DELETE /api/dedup/tasks/{id}/decisions/{decision_id}`.
    """
    query = ClusterQuery(**body.filters.model_dump())
    return context.services.duplicates.decide_many(
        task_id, query, body.action, by=context.principal, dry_run=body.dry_run
    )


@routes.get(
    "/api/dedup/tasks/<id:task_id>/decisions",
    summary="Who decided what, and when",
    scope=Scope.TASKS_READ,
    query=PageQuery,
    answer=Many[ActOut],
)
def list_decisions(context: Context, task_id: int, query: PageQuery) -> Page[dict[str, Any]]:
    """The newest first, undone ones and undoings among them."""
    return context.services.duplicates.acts(task_id, limit=query.limit, cursor=query.cursor)


@routes.delete(
    "/api/dedup/tasks/<id:task_id>/decisions/<id:decision_id>",
    summary="Undo a decision as a whole",
    scope=Scope.BANKS_WRITE,
    answer=One[UndoneOut],
)
def undo_decision_as_a_whole(context: Context, task_id: int, decision_id: int) -> Undone:
    """Of one cluster or of many; one still at work is stopped first. Where somebody decided anew, that stands."""
    return context.services.duplicates.undo_act(task_id, decision_id, by=context.principal)


@routes.get(
    "/api/dedup/tasks/<id:task_id>/review",
    summary="How much is decided, and what is left",
    scope=Scope.TASKS_READ,
    answer=One[ReviewOut],
)
def get_review(context: Context, task_id: int) -> dict[str, Any]:
    return context.services.duplicates.review(task_id)


@routes.get(
    "/api/dedup/tasks/<id:task_id>/export",
    summary="Download the duplicates, or the bank without them",
    scope=Scope.TASKS_READ,
    query=FindingsExportQuery,
    media=EXPORT_TYPES,
)
def export_findings(context: Context, task_id: int, query: FindingsExportQuery) -> Response:
    """`clusters`: a line per member. `unique`: what remains once each automatic merge is carried out.

    A worker process writes it while it is sent. Formulas are guarded in csv and xlsx. GIFT has no place for channel and
    source, Aiken only for single-choice questions: the others are left out there.
    """
    return download(context.services.duplicates.export(task_id, query.format, query.what))
