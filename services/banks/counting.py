"""The number of questions that a bank shows, kept in the transaction that changes it."""

from __future__ import annotations

import time

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from models import QuestionBank


def count_questions(session: Session, bank_id: int, more: int) -> bool:
    """Adds `more` (negative: takes away). False: there is no such bank.

    Called last in a transaction: on PostgreSQL the bank's row is locked from here to the commit.
    """
    statement = (
        update(QuestionBank)
        .where(QuestionBank.id == bank_id)
        .values(question_count=QuestionBank.question_count + more, updated_at=time.time())
        .execution_options(synchronize_session=False)
    )
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
