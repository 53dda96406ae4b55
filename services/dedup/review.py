"""Dedup for its users: a task created, what it found, and what people decide about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models import Database, QuestionBank
from services.auth import Principal
from services.banks.question_service import Export
from services.dedup.acts import Acts, as_replaced
from services.dedup.deciding import Decisions, Undone
from services.dedup.decisions import Decision
from services.dedup.export import DuplicateExport
from services.dedup.findings import ClusterQuery, Findings
from services.dedup.handover import forget_old
from services.dedup.many import Effect
from services.dedup.options import DedupOptions
from services.dedup.preview import PreviewRequest, Previews
from services.dedup.review_figures import ReviewFigures
from services.errors import FieldProblem, InvalidInputError
from services.pagination import Page
from services.runners.cancel import CancelToken
from services.runners.worker_pool import WorkerPool
from services.tasks.recorder import Recorder
from services.tasks.service import TaskService
from services.tasks.view import TaskObject


class DuplicateService:
    def __init__(
        self, database: Database, tasks: TaskService, recorder: Recorder, pool: WorkerPool, data_dir: Path
    ) -> None:
        self._database, self._tasks = database, tasks
        self._findings, self._decisions = Findings(database, tasks), Decisions(database, recorder, pool)
        self._export, self._acts = DuplicateExport(database, tasks, pool, data_dir), Acts(database)
        self._figures, self._previews = ReviewFigures(database), Previews(database, pool)

    def create_task(
        self,
        name: str,
        *,
        by: Principal,
        bank_id: int,
        filters: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        priority: int = 0,
        start: bool = False,
    ) -> TaskObject:
        """A dedup task over a bank, or over the part of it that `filters` name.

        Raises:
            InvalidInputError: there is no such bank, or an option is not valid.
        """
        DedupOptions.from_params(options or {})
        self._require_bank(bank_id)
        params = {"bank_id": bank_id, "filters": dict(filters or {}), "options": dict(options or {})}
        return self._tasks.create("dedup", name, params, by=by, priority=priority, start=start)

    def preview(self, asked: PreviewRequest, cancel: CancelToken | None = None) -> dict[str, Any]:
        """What a task would find at several thresholds, tried on a sample of the bank.

        Raises:
            InvalidInputError: there is no such bank, or an option is not valid.
            UnavailableError: too many previews are computed already.
        """
        DedupOptions.from_params(asked.options)
        self._require_bank(asked.bank_id)
        return self._previews.compute(asked, cancel)

    def groups(self, task_id: int, *, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
        return self._findings.groups(task_id, limit=limit, cursor=cursor)

    def clusters(self, task_id: int, query: ClusterQuery) -> Page[dict[str, Any]]:
        return self._findings.clusters(task_id, query)

    def cluster(self, task_id: int, cluster_id: int) -> dict[str, Any]:
        return self._findings.cluster(task_id, cluster_id)

    def review(self, task_id: int) -> dict[str, Any]:
        """How much of what a task found is decided."""
        self._require_task(task_id)
        return self._figures.of(task_id)

    def acts(self, task_id: int, *, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
        """What people did about the task's clusters, the newest first."""
        self._require_task(task_id)
        return self._acts.page(task_id, limit=limit, cursor=cursor)

    def export(self, task_id: int, file_format: str, what: str) -> Export:
        return self._export.export(task_id, file_format, what)

    def decide(
        self, task_id: int, cluster_id: int, decision: Decision, *, by: Principal, revision: int | None = None
    ) -> dict[str, Any]:
        """The cluster with its decision, and in `replaced` the one whose place it took."""
        self._require_task(task_id)
        replaced = self._decisions.decide(task_id, cluster_id, decision, by=by, revision=revision)
        return self.cluster(task_id, cluster_id) | {"replaced": as_replaced(replaced)}

    def undo(self, task_id: int, cluster_id: int, *, by: Principal, revision: int | None = None) -> dict[str, Any]:
        self._require_task(task_id)
        self._decisions.undo(task_id, cluster_id, by=by, revision=revision)
        return self.cluster(task_id, cluster_id)

    def decide_many(
        self, task_id: int, query: ClusterQuery, action: str, *, by: Principal, dry_run: bool = False
    ) -> Effect:
        """Raises NotFoundError when there is no such dedup task."""
        self._require_task(task_id)
        if dry_run:
            return self._decisions.preview_many(task_id, query, action)
        return self._decisions.decide_many(task_id, query, action, by=by)

    def undo_act(self, task_id: int, act_id: int, *, by: Principal) -> Undone:
        self._require_task(task_id)
        return self._decisions.undo_act(task_id, act_id, by=by)

    def tidy(self) -> int:
        """Closes decisions on many that died with their server, and removes what unfinished tasks left; gives how
        many of both.
        """
        return self._decisions.close_abandoned() + forget_old(self._database)

    def _require_task(self, task_id: int) -> None:
        self._tasks.get(task_id, kind="dedup")

    def _require_bank(self, bank_id: int) -> None:
        with self._database.reader() as session:
            if session.get(QuestionBank, bank_id) is None:
                text = f"There is no question bank {bank_id}."
                raise InvalidInputError(text, [FieldProblem("bank_id", text)])
