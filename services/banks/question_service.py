"""The questions of a bank: search, read, write, count by group, export."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, insert, or_, select, update

from models import Database, Question, QuestionBank
from services.banks.counting import count_questions
from services.banks.formats import MIME_TYPES, SUFFIXES, check_format, write
from services.banks.questions import QuestionChange, QuestionInput
from services.banks.view import QUESTION_COLUMNS, QuestionObject, as_object
from services.errors import FieldProblem, InvalidInputError, NotFoundError
from services.pagination import DEFAULT_LIMIT, Page, decode_cursor, encode_cursor

BULK_LIMIT = 1_000  # questions in one call; more of them are an import
_INSERT_ROWS = 100  # of them in one statement: between two, others run
_EXPORT_CHUNK = 40  # rows read and written out before others run: 1 ms as CSV, 3 ms as a workbook
_GROUPS_LIMIT = 10_000
DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class QuestionQuery:
    """Which questions of a bank, by id; every field narrows. Without `status` all but the deleted ones.

    `q` is found anywhere in the stem, in any case of its letters, or is the external id.
    """

    type_name: str | None = None
    subject_name: str | None = None
    channel_code: str | None = None
    status: str | None = None
    q: str | None = None
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    @property
    def is_narrow(self) -> bool:
        return any(value is not None for value in (*self._names().values(), self.status, self.q))

    def conditions(self) -> list[Any]:
        found: list[Any] = [
            getattr(Question, name) == value for name, value in self._names().items() if value is not None
        ]
        found.append(Question.status != DELETED if self.status is None else Question.status == self.status)
        if self.q is not None:
            found.append(or_(Question.stem.icontains(self.q, autoescape=True), Question.external_id == self.q))
        return found

    def _names(self) -> dict[str, str | None]:
        return {"type_name": self.type_name, "subject_name": self.subject_name, "channel_code": self.channel_code}


@dataclass(frozen=True, slots=True)
class Export:
    """A file on its way out: `chunks` is read once, and reads the database as it goes."""

    file_name: str
    mime_type: str
    chunks: Iterator[bytes]


class QuestionService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, bank_id: int, query: QuestionQuery) -> Page[QuestionObject]:
        """A page and the number of all that match; searches run off the hub."""
        known = self._count_of(bank_id)
        page = _of(bank_id).where(*query.conditions()).limit(query.limit + 1)
        if query.cursor is not None:
            page = page.where(Question.id > decode_cursor(query.cursor))
        rows = self._database.fetch_all(page)
        items = [as_object(row) for row in rows[: query.limit]]
        more = encode_cursor(items[-1]["id"]) if len(rows) > query.limit else None
        return Page(items, more, self._total(bank_id, query) if query.is_narrow else known)

    def get(self, bank_id: int, question_id: int) -> QuestionObject:
        """Raises NotFoundError; a deleted question is not found."""
        statement = _of(bank_id).where(Question.id == question_id, Question.status != DELETED)
        with self._database.reader() as session:
            row = session.execute(statement).first()
        if row is None:
            raise NotFoundError("question", question_id)
        return as_object(row)

    def create(self, bank_id: int, question: QuestionInput) -> QuestionObject:
        return self.create_many(bank_id, [question])[0]

    def create_many(self, bank_id: int, questions: Sequence[QuestionInput]) -> Sequence[QuestionObject]:
        """All of them or none, in their order.

        Raises:
            NotFoundError: there is no such bank.
            InvalidInputError: more than BULK_LIMIT.
        """
        if not 0 < len(questions) <= BULK_LIMIT:
            reason = f"Give 1 to {BULK_LIMIT:,} questions at once; import a file for more."
            raise InvalidInputError(reason, [FieldProblem("questions", reason)])
        now = time.time()
        common = {"bank_id": bank_id, "status": "active", "created_at": now, "updated_at": now}
        rows = [{**question.model_dump(), **common} for question in questions]
        with self._database.transaction() as session:
            # First, so that a bank that is not there is found before any row of its is written.
            if not count_questions(session, bank_id, len(rows)):
                raise NotFoundError("bank", bank_id)
            ids: list[int] = []
            for start in range(0, len(rows), _INSERT_ROWS):
                statement = insert(Question).returning(Question.id, sort_by_parameter_order=True)
                ids += session.scalars(statement, rows[start : start + _INSERT_ROWS]).all()
                time.sleep(0)
        return [_created(row, question_id) for row, question_id in zip(rows, ids, strict=True)]

    def update(self, bank_id: int, question_id: int, change: QuestionChange) -> QuestionObject:
        """Sets the fields that the change names."""
        values = change.changes()
        if values:
            self._set(bank_id, question_id, values)
        return self.get(bank_id, question_id)

    def delete(self, bank_id: int, question_id: int) -> None:
        """Marks it deleted: what refers to it (duplicates found, an import) still finds its text."""
        self._set(bank_id, question_id, {"status": DELETED})

    def groups(self, bank_id: int) -> Sequence[dict[str, Any]]:
        """Active questions by what a dedup task groups them by, the biggest groups first."""
        self._count_of(bank_id)
        names = (Question.type_name, Question.subject_name, Question.channel_code)
        count = func.count().label("questions")
        statement = (
            select(*names, count)
            .where(Question.bank_id == bank_id, Question.status == "active")
            .group_by(*names)
            .order_by(count.desc(), *names)
            .limit(_GROUPS_LIMIT)
        )
        return [as_object(row) for row in self._database.fetch_all(statement)]

    def export(self, bank_id: int, file_format: str, query: QuestionQuery | None = None) -> Export:
        """The questions as a file that an import takes back. `limit` and `cursor` of the query do not count."""
        check_format(file_format)
        self._count_of(bank_id)
        conditions = (query or QuestionQuery()).conditions()
        rows = self._database.stream(_of(bank_id).where(*conditions), chunk=_EXPORT_CHUNK)
        chunks = write(file_format, map(as_object, rows))
        return Export(f"bank-{bank_id}{SUFFIXES[file_format]}", MIME_TYPES[file_format], chunks)

    def _set(self, bank_id: int, question_id: int, values: Mapping[str, Any]) -> None:
        statement = (
            update(Question)
            .where(Question.id == question_id, Question.bank_id == bank_id, Question.status != DELETED)
            .values(**values, updated_at=time.time())
            .returning(Question.id)
            .execution_options(synchronize_session=False)
        )
        with self._database.transaction() as session:
            if session.scalar(statement) is None:
                raise NotFoundError("question", question_id)
            if values.get("status") == DELETED:
                count_questions(session, bank_id, -1)

    def _count_of(self, bank_id: int) -> int:
        """The bank's own count; raises NotFoundError if there is no such bank."""
        with self._database.reader() as session:
            count = session.scalar(select(QuestionBank.question_count).where(QuestionBank.id == bank_id))
        if count is None:
            raise NotFoundError("bank", bank_id)
        return count

    def _total(self, bank_id: int, query: QuestionQuery) -> int:
        statement = select(func.count()).where(Question.bank_id == bank_id, *query.conditions())
        return int(self._database.fetch_all(statement)[0][0])


def _of(bank_id: int) -> Select[Any]:
    return select(*QUESTION_COLUMNS).where(Question.bank_id == bank_id).order_by(Question.id)


def _created(row: Mapping[str, Any], question_id: int) -> QuestionObject:
    values = {"id": question_id, "merged_into": None, **row}
    return {column.key: values[column.key] for column in QUESTION_COLUMNS}
