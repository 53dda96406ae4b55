"""What a retry of an OCR task means: the pages that failed are read again, those that were read are not."""

from __future__ import annotations

from sqlalchemy import func, select, update

from models import Database, OcrPage, Task, TaskUnit
from services.tasks.lifecycle import TRANSITIONS, Action


def read_again(database: Database, task_id: int) -> None:
    """Nothing happens to a task of another kind, or to one whose status allows no retry."""
    failed = select(OcrPage.page).where(OcrPage.task_id == task_id, OcrPage.status == "failed")
    # A page's unit has its place in the plan, which counts from 0.
    units = (
        TaskUnit.task_id == task_id,
        TaskUnit.status == "done",
        TaskUnit.position.in_(select(failed.subquery().c.page - 1)),
    )
    with database.transaction() as session:
        sources = TRANSITIONS[Action.RETRY].sources
        retried = update(Task).where(Task.id == task_id, Task.kind == "ocr", Task.status.in_(sources))
        if session.scalar(retried.values(attempt=Task.attempt).returning(Task.id)) is None:
            return
        size, work = session.execute(select(func.sum(TaskUnit.size), func.sum(TaskUnit.work)).where(*units)).one()
        less = {"processed": Task.processed - int(size or 0), "work_done": Task.work_done - (work or 0.0)}
        session.execute(update(Task).where(Task.id == task_id).values(**less))
        bulk = {"synchronize_session": False}
        session.execute(update(TaskUnit).where(*units).values(status="pending", result=None), execution_options=bulk)
        pending = {"status": "pending", "error_code": None, "error_message": None}
        is_failed = OcrPage.task_id == task_id, OcrPage.status == "failed"
        session.execute(update(OcrPage).where(*is_failed).values(**pending), execution_options=bulk)
