"""What people do with tasks: create, look, start, pause, resume, cancel, retry, delete."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, inspect, literal, select, tuple_, update

from models import (
    Base,
    ClusterDecision,
    Database,
    DuplicateGroup,
    DuplicateMember,
    FoundCluster,
    ImportBadRow,
    OcrPage,
    ReviewAct,
    Task,
    TaskEventRow,
    TaskGroup,
    TaskUnit,
    Upload,
)
from services.auth import Principal
from services.batches import PAUSE, ROWS
from services.errors import ConflictError, NotFoundError
from services.pagination import Page, decode_cursor, encode_cursor
from services.tasks.kinds import KINDS, Kind
from services.tasks.lifecycle import ACTIVE, DELETED, Action, TaskStatus
from services.tasks.recorder import QUEUE_ORDER, Recorder, queue_position
from services.tasks.view import TaskObject, describe

log = logging.getLogger(__name__)

# What only the computer of a task can do; people may cancel whatever runs, wherever it does.
_COMPUTED_HERE = frozenset({Action.START, Action.PAUSE, Action.RESUME, Action.RETRY})


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """Which tasks to list, newest first; every field narrows."""

    kind: str | None = None
    status: str | None = None
    q: str | None = None  # part of the name
    owner: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    limit: int = 50
    cursor: str | None = None


class TaskService:
    def __init__(self, database: Database, recorder: Recorder, kinds: Mapping[str, Kind] = KINDS) -> None:
        self._database, self._recorder, self._kinds = database, recorder, kinds
        self._on_removal: list[Callable[[int], None]] = []
        self._on_retry: list[Callable[[int], None]] = []

    def on_removal(self, callback: Callable[[int], None]) -> None:
        """Calls back with the id of each task that is deleted, while its rows are still there; maybe twice."""
        self._on_removal.append(callback)

    def on_retry(self, callback: Callable[[int], None]) -> None:
        """Calls back with the id of each task that is to be tried again, before its status is looked at."""
        self._on_retry.append(callback)

    def create(
        self,
        kind: str,
        name: str,
        params: Mapping[str, Any],
        *,
        by: Principal,
        priority: int = 0,
        start: bool = False,
        uploads: Sequence[Upload] = (),
    ) -> TaskObject:
        """A new task, pending, or already queued with `start`; `uploads` are the files it reads."""
        unit = self._kinds[kind].unit
        task = Task(
            kind=kind,
            name=name,
            status=TaskStatus.PENDING,
            priority=priority,
            owner=by.id,
            params=dict(params),
            meta={},
            unit=unit,
        )
        created = self._recorder.create(task, uploads)
        return self.start(created["id"], by=by) if start else created

    def get(self, task_id: int, *, kind: str | None = None) -> TaskObject:
        """Raises NotFoundError; also when the task is of another kind than asked for."""
        with self._database.reader() as session:
            task = session.get(Task, task_id)
            if task is None or task.status == DELETED or kind not in (None, task.kind):
                raise NotFoundError("task", task_id)
            return describe(task, queue_position=queue_position(session, task))

    def list(self, query: TaskQuery) -> Page[TaskObject]:
        matching = _matching(query)
        page = matching.order_by(Task.id.desc()).limit(query.limit + 1)
        if query.cursor is not None:
            page = page.where(Task.id < decode_cursor(query.cursor))
        tasks = self._database.fetch_all(page)
        total = self._database.fetch_all(matching.with_only_columns(func.count(), maintain_column_froms=True))[0][0]
        items = self._describe_all(tasks[: query.limit])
        more = encode_cursor(items[-1]["id"]) if len(tasks) > query.limit else None
        return Page(items, more, total)

    def active(self, limit: int = 1000) -> Sequence[TaskObject]:
        """All queued, running and paused tasks, newest first."""
        statement = select(Task).where(Task.status.in_(ACTIVE)).order_by(Task.id.desc()).limit(limit)
        return self._describe_all(self._database.fetch_all(statement))

    def start(self, task_id: int, *, by: Principal) -> TaskObject:
        return self._act(task_id, Action.START, by)

    def pause(self, task_id: int, *, by: Principal) -> TaskObject:
        return self._act(task_id, Action.PAUSE, by)

    def resume(self, task_id: int, *, by: Principal) -> TaskObject:
        return self._act(task_id, Action.RESUME, by)

    def cancel(self, task_id: int, *, by: Principal) -> TaskObject:
        return self._act(task_id, Action.CANCEL, by)

    def retry(self, task_id: int, *, by: Principal) -> TaskObject:
        """Queues a failed or cancelled task again; what it has committed stays."""
        for callback in self._on_retry:
            callback(task_id)
        return self._act(task_id, Action.RETRY, by, attempt=Task.attempt + 1, result=None)

    def delete(self, task_id: int, *, by: Principal) -> None:
        """Removes a task and what it found, in short transactions; questions it imported or merged stay as they are.

        Raises:
            NotFoundError: there is no such task.
            ConflictError: it is queued, running or paused.
        """
        self.get(task_id)
        with self._database.transaction() as session:
            ended = update(Task).where(Task.id == task_id, Task.status.not_in(ACTIVE)).values(status=DELETED)
            if session.scalar(ended.returning(Task.id)) is None:
                raise ConflictError(f"Task {task_id} is still active. Cancel it first, then delete it.")
        log.info("Deleted by %s.", by.id, extra={"task_id": task_id})
        self._remove(task_id)

    def remove_deleted(self) -> int:
        """Removes what is left of tasks whose deletion was cut short; gives their number. For a server's start."""
        with self._database.reader() as session:
            left = session.scalars(select(Task.id).where(Task.status == DELETED)).all()
        for task_id in left:
            self._remove(task_id)
        return len(left)

    def units(self, task_id: int, *, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
        """The units of a task that count (a group, not a piece of one) in order, each with its state and result."""
        self.get(task_id)
        all_units = select(TaskUnit).where(TaskUnit.task_id == task_id, TaskUnit.size > 0)
        page = all_units.order_by(TaskUnit.id).limit(limit + 1)
        if cursor is not None:
            page = page.where(TaskUnit.id > decode_cursor(cursor))
        with self._database.reader() as session:
            units = session.scalars(page).all()
            total = session.scalar(all_units.with_only_columns(func.count(), maintain_column_froms=True)) or 0
        more = encode_cursor(units[limit - 1].id) if len(units) > limit else None
        return Page([_describe_unit(unit) for unit in units[:limit]], more, total)

    def _act(self, task_id: int, action: Action, by: Principal, **values: Any) -> TaskObject:
        if action in _COMPUTED_HERE and self._kinds[self.get(task_id)["kind"]].job is None:
            raise ConflictError(f"Task {task_id} is computed by another program, which alone can {action} it.")
        changed = self._recorder.change(task_id, action, **values)
        log.info("%s: %s by %s.", changed["task_name"], action, by.id, extra={"task_id": task_id})
        return changed

    def _remove(self, task_id: int) -> None:
        """In short transactions, the task's own row last: from that one the rest is found again."""
        for callback in self._on_removal:
            callback(task_id)
        self._remove_findings(task_id)
        for table in (ReviewAct, ImportBadRow, OcrPage, TaskUnit, TaskEventRow, Upload):
            self._delete_all(table, table.task_id == task_id)
        self._delete_all(Task, Task.id == task_id)

    def _remove_findings(self, task_id: int) -> None:
        """The clusters of groups that only this task shows; decided ones stay, for later runs to heed."""
        others = select(TaskGroup.group_id).where(TaskGroup.task_id != task_id)
        groups = select(TaskGroup.group_id).where(TaskGroup.task_id == task_id, TaskGroup.group_id.not_in(others))
        of_nobody = FoundCluster.group_id.in_(groups) & FoundCluster.id.not_in(select(ClusterDecision.cluster_id))
        with self._database.transaction() as session:  # a run that comes meanwhile searches them anew
            anew = {"version": "", "digest": "", "state": None, "revision": DuplicateGroup.revision + 1}
            session.execute(update(DuplicateGroup).where(DuplicateGroup.id.in_(groups)).values(**anew))
        clusters = select(FoundCluster.id).where(of_nobody)
        self._delete_all(DuplicateMember, DuplicateMember.cluster_id.in_(clusters))
        self._delete_all(FoundCluster, of_nobody)
        self._delete_all(TaskGroup, TaskGroup.task_id == task_id)

    def _delete_all(self, table: type[Base], condition: ColumnElement[bool]) -> None:
        key = inspect(table).primary_key
        some = select(*key).where(condition).limit(ROWS)
        statement = delete(table).where(tuple_(*key).in_(some)).returning(literal(1))
        deleted = ROWS
        while deleted == ROWS:
            with self._database.transaction() as session:
                deleted = len(session.execute(statement, execution_options={"synchronize_session": False}).all())
            time.sleep(PAUSE)

    def _describe_all(self, tasks: Sequence[Row[Any]]) -> Sequence[TaskObject]:
        places: dict[int, int] = {}
        if any(task.status == TaskStatus.QUEUED for task in tasks):
            waiting = select(Task.id).where(Task.status == TaskStatus.QUEUED)
            in_order = self._database.fetch_all(waiting.order_by(*QUEUE_ORDER))
            places = {row.id: place for place, row in enumerate(in_order, start=1)}
        return [describe(task, queue_position=places.get(task.id)) for task in tasks]


def _matching(query: TaskQuery) -> Select[Task]:
    statement = select(Task).where(Task.status != DELETED)
    if query.kind is not None:
        statement = statement.where(Task.kind == query.kind)
    if query.status is not None:
        statement = statement.where(Task.status == query.status)
    if query.q is not None:
        statement = statement.where(Task.name.icontains(query.q, autoescape=True))
    if query.owner is not None:
        statement = statement.where(Task.owner == query.owner)
    if query.created_after is not None:
        statement = statement.where(Task.created_at > query.created_after)
    if query.created_before is not None:
        statement = statement.where(Task.created_at < query.created_before)
    return statement


def _describe_unit(unit: TaskUnit) -> dict[str, Any]:
    return {
        "position": unit.position,
        "stage": unit.stage,
        "spec": unit.spec,
        "size": unit.size,
        "status": unit.status,
        "result": unit.result,
        "finished_at": unit.finished_at,
    }
