"""Banks, questions and refused rows as clients see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from models import ImportBadRow, Question, QuestionBank

# Typed loosely: what is selected by them is only ever turned into an object.
QUESTION_COLUMNS: tuple[Any, ...] = (
    Question.id,
    Question.bank_id,
    Question.type_name,
    Question.subject_name,
    Question.channel_code,
    Question.stem,
    Question.options,
    Question.answer,
    Question.analysis,
    Question.source,
    Question.external_id,
    Question.status,
    Question.merged_into,
    Question.created_at,
)
BANK_COLUMNS: tuple[Any, ...] = (
    QuestionBank.id,
    QuestionBank.name,
    QuestionBank.description,
    QuestionBank.question_count,
    QuestionBank.created_at,
    QuestionBank.updated_at,
)
BAD_ROW_COLUMNS: tuple[Any, ...] = (ImportBadRow.line, ImportBadRow.code, ImportBadRow.reason, ImportBadRow.excerpt)

QuestionObject = dict[str, Any]
BankObject = dict[str, Any]


def as_object(row: Row[Any]) -> dict[str, Any]:
    """A row read by one of the column lists above."""
    return dict(row._mapping)


def pick(row: Row[Any], columns: Sequence[Any]) -> dict[str, Any]:
    """The object that one of the column lists makes, out of a row that has other columns besides."""
    return {column.key: getattr(row, column.key) for column in columns}
