"""Question banks: what people do with them, and how a file becomes an import task."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from models import DEFAULT_BANK_ID, Database, ImportBadRow, Question, QuestionBank, Task, Upload
from services.auth import Principal
from services.banks.formats import check_format, check_mapping, checked_mapping, detect
from services.banks.question_service import QuestionService
from services.banks.staging import discard_orphans
from services.banks.uploads import UPLOADS
from services.banks.view import BAD_ROW_COLUMNS, BANK_COLUMNS, BankObject, as_object, pick
from services.config import Settings
from services.errors import ConflictError, NotFoundError
from services.pagination import DEFAULT_LIMIT, Page, decode_cursor, encode_cursor
from services.tasks.lifecycle import ACTIVE
from services.tasks.service import TaskService
from services.tasks.view import TaskObject

_DELETE_ROWS = 100  # questions in one transaction
_DELETE_PAUSE = 0.002  # seconds between two of them, in which others write


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read a file.

    `format` None: by its content. `defaults` are fields (type_name, subject_name, channel_code, source) of rows that do
    not say them: GIFT and Aiken have no place for most. `mapping`: see formats.read.
    """

    format: str | None = None
    defaults: dict[str, str] = field(default_factory=dict)
    task_name: str | None = None
    mapping: dict[str, str] = field(default_factory=dict)


class BankService:
    """`questions` is what is in the banks."""

    def __init__(self, database: Database, tasks: TaskService, settings: Settings) -> None:
        self._database, self._tasks, self._data_dir = database, tasks, settings.data_dir
        self.questions = QuestionService(database)

    def create(self, name: str, description: str = "") -> BankObject:
        now = time.time()
        values = {"name": name, "description": description, "question_count": 0, "created_at": now, "updated_at": now}
        try:
            with self._database.transaction() as session:
                statement = insert(QuestionBank).values(**values).returning(*BANK_COLUMNS)
                return as_object(session.execute(statement).one())
        except IntegrityError as error:
            raise _name_taken(name) from error

    def get(self, bank_id: int) -> BankObject:
        with self._database.reader() as session:
            row = session.execute(select(*BANK_COLUMNS).where(QuestionBank.id == bank_id)).first()
        if row is None:
            raise NotFoundError("bank", bank_id)
        return as_object(row)

    def list(self, *, q: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[BankObject]:
        """By id; `q` is part of the name."""
        conditions = [QuestionBank.name.icontains(q, autoescape=True)] if q is not None else []
        page = select(*BANK_COLUMNS).where(*conditions).order_by(QuestionBank.id).limit(limit + 1)
        if cursor is not None:
            page = page.where(QuestionBank.id > decode_cursor(cursor))
        with self._database.reader() as session:
            rows = session.execute(page).all()
            total = session.scalar(select(func.count()).select_from(QuestionBank).where(*conditions)) or 0
        items = [as_object(row) for row in rows[:limit]]
        return Page(items, encode_cursor(items[-1]["id"]) if len(rows) > limit else None, total)

    def update(self, bank_id: int, *, name: str | None = None, description: str | None = None) -> BankObject:
        given = {"name": name, "description": description, "updated_at": time.time()}
        values = {column: value for column, value in given.items() if value is not None}
        statement = update(QuestionBank).where(QuestionBank.id == bank_id).values(**values).returning(*BANK_COLUMNS)
        try:
            with self._database.transaction() as session:
                row = session.execute(statement).first()
        except IntegrityError as error:
            raise _name_taken(name) from error
        if row is None:
            raise NotFoundError("bank", bank_id)
        return as_object(row)

    def delete(self, bank_id: int) -> None:
        """Removes a bank and its questions, in short transactions: one that was cut short can be asked again.

        Raises:
            NotFoundError: there is no such bank.
            ConflictError: it is the default bank, or a task that is not done yet works on it.
        """
        self.get(bank_id)
        if bank_id == DEFAULT_BANK_ID:
            raise ConflictError("The default bank cannot be deleted.")
        self._refuse_while_in_use(bank_id)
        while self._delete_questions(bank_id):
            time.sleep(_DELETE_PAUSE)
        try:
            with self._database.transaction() as session:
                session.execute(delete(QuestionBank).where(QuestionBank.id == bank_id))
        except IntegrityError as error:
            raise ConflictError(f"Somebody put questions into bank {bank_id} meanwhile. Delete it again.") from error

    def start_import(
        self,
        bank_id: int,
        path: Path,
        file_name: str,
        options: ImportOptions | None = None,
        *,
        by: Principal,
        sha256: str = "",
    ) -> TaskObject:
        """An import task, queued, that owns the file from now on and deletes it when it is done.

        Args:
            bank_id: where the questions go.
            path: the upload on our disk.
            file_name: as its sender calls it; shown, never opened.
            options: how to read it.
            by: who asked.
            sha256: of the file, hex, if known.

        Raises:
            NotFoundError: there is no such bank.
            UnsupportedFormatError: the file is nothing that can be imported; the message says what to do.
            InvalidInputError: the mapping does not fit.
        """
        options = options or ImportOptions()
        bank = self.get(bank_id)
        mapping = checked_mapping(options.mapping)
        file_format = check_format(options.format) if options.format else detect(path, file_name, mapping)
        params = {
            "bank_id": bank_id,
            "file_name": file_name,
            "format": file_format,
            "defaults": dict(options.defaults),
            "mapping": check_mapping(mapping, file_format),
        }
        name = options.task_name or f"{file_name} → {bank['name']}"
        task = self._tasks.create("import", name[:500], params, by=by)
        self._keep(path, file_name, sha256, task["id"])
        return self._tasks.start(task["id"], by=by)

    def bad_rows(self, task_id: int, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[dict[str, Any]]:
        """The rows that an import refused, in the order of the file: the first 10,000 of them."""
        self._tasks.get(task_id, kind="import")
        page = (
            select(ImportBadRow.id, *BAD_ROW_COLUMNS).where(ImportBadRow.task_id == task_id).order_by(ImportBadRow.id)
        )
        if cursor is not None:
            page = page.where(ImportBadRow.id > decode_cursor(cursor))
        count = select(func.count()).select_from(ImportBadRow).where(ImportBadRow.task_id == task_id)
        with self._database.reader() as session:
            rows = session.execute(page.limit(limit + 1)).all()
            total = session.scalar(count) or 0
        more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
        shown = [pick(row, BAD_ROW_COLUMNS) for row in rows[:limit]]
        return Page(shown, more, total)

    def discard_orphans(self) -> int:
        """Deletes old uploads that no import names (its task was deleted); gives their number. For a server's start."""
        with self._database.reader() as session:
            named = {Path(path).name for path in session.scalars(select(Upload.path))}
        return discard_orphans(self._data_dir / UPLOADS, named)

    def _keep(self, path: Path, file_name: str, sha256: str, task_id: int) -> None:
        # Below the data directory by its relative path: the directory may be moved as a whole.
        full = path.resolve()
        kept = full.relative_to(self._data_dir) if full.is_relative_to(self._data_dir) else full
        upload = Upload(
            task_id=task_id,
            file_name=file_name,
            path=kept.as_posix(),
            size=path.stat().st_size,
            sha256=sha256,
        )
        with self._database.transaction() as session:
            session.add(upload)

    def _refuse_while_in_use(self, bank_id: int) -> None:
        active = select(Task.id, Task.params).where(Task.status.in_(ACTIVE), Task.kind != "external")
        with self._database.reader() as session:
            users = [task_id for task_id, params in session.execute(active) if params.get("bank_id") == bank_id]
        if users:
            raise ConflictError(f"Task {users[0]} works on bank {bank_id}. Cancel it first, then delete the bank.")

    def _delete_questions(self, bank_id: int) -> Sequence[int]:
        with self._database.transaction() as session:
            ids = session.scalars(select(Question.id).where(Question.bank_id == bank_id).limit(_DELETE_ROWS)).all()
            statement = delete(Question).where(Question.id.in_(ids)).execution_options(synchronize_session=False)
            session.execute(statement)
        return ids


def _name_taken(name: str | None) -> ConflictError:
    return ConflictError(f"There is a bank named {name!r} already.")
