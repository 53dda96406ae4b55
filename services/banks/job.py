"""The import job: read the upload once, row by row; write what was accepted in short batches; say what was not.

Reading happens in `plan`: each row is checked, good ones go into a staged file, bad ones into their table, and the
staged file is cut into units. A unit's rows carry the task's id and their number, so that a unit which ran before
goes on behind its last committed row, whatever ended it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, select

from models import ImportBadRow, Question, QuestionBank, Upload
from services.banks.counting import count_questions
from services.banks.formats import NO_MAPPING, BadRow, Blank, read
from services.banks.formats.base import ColumnMapping
from services.banks.formats.layout import Layout
from services.banks.reading import Findings, bad_row, checked, listed_notes
from services.banks.staging import Slice, Stager, read_slice, staged_files, staged_name
from services.banks.view import BAD_ROW_COLUMNS, as_object
from services.batches import batches
from services.errors import UnitError
from services.runners.base import Job, PlannedUnit, Unit, UnitContext

LISTED_BAD_ROWS = 100  # in the task's result
STORED_BAD_ROWS = 10_000  # a file that is nothing but faults must not fill the database with them
_MESSAGE_EVERY = 5_000  # rows


class ImportJob(Job):
    def plan(self, context: UnitContext) -> Iterable[PlannedUnit]:
        """Units of up to 2,000 rows, then one without rows that carries what there is to say about the file."""
        _require_bank(context)
        folder, upload = _upload(context)
        _forget_earlier_reading(context, folder, upload)
        findings = Findings()
        staged = staged_name(upload, context.lease_token)
        with (folder / staged).open("wb") as sink:
            stager = Stager(sink, staged)
            for row in _accepted(folder / upload, context, findings):
                if part := stager.add(row):
                    yield _planned(part)
            if part := stager.cut():
                yield _planned(part)
        said = findings.as_json() | {"layout": _layout(folder / upload, context)}
        yield PlannedUnit({"findings": said}, size=0, work=0.0)

    def run_unit(self, unit: Unit, context: UnitContext) -> dict[str, Any]:
        if "findings" in unit.spec:
            return dict(unit.spec["findings"])
        _require_bank(context)
        folder, _ = _upload(context)
        part = Slice(**unit.spec["slice"])
        done = _committed(part, context)
        for batch in batches(read_slice(folder, part, skip=done)):
            _write(batch, context)
            done += len(batch)
            context.report(done / part.count, f"Rows {part.first:,} to {part.first + part.count - 1:,}")
        return {"imported": part.count}

    def finish(self, results: Sequence[Mapping[str, Any]], context: UnitContext) -> dict[str, Any]:
        """The figures of the import and its first bad rows; the files it needed are let go."""
        findings = results[-1]
        shown = (
            select(*BAD_ROW_COLUMNS)
            .where(ImportBadRow.task_id == context.task_id)
            .order_by(ImportBadRow.id)
            .limit(LISTED_BAD_ROWS)
        )
        bad_rows = [as_object(row) for row in context.database.fetch_all(shown)]
        folder, upload = _upload(context)
        _delete_files(folder, upload)
        return {
            "bank_id": context.params["bank_id"],
            "imported": sum(result.get("imported", 0) for result in results),
            "bad": findings["bad"],
            "skipped": findings["skipped"],
            "notes": listed_notes(findings["notes"]),
            "bad_rows": bad_rows,
            "layout": findings["layout"],
        }


def _require_bank(context: UnitContext) -> None:
    """A bank is not deleted under an import that is active; but one that was cancelled may be tried again later."""
    bank_id = context.params["bank_id"]
    with context.database.reader() as session:
        if session.get(QuestionBank, bank_id) is None:
            raise UnitError(f"Bank {bank_id} was deleted.", code="NOT_FOUND")


def _upload(context: UnitContext) -> tuple[Path, str]:
    with context.database.reader() as session:
        path = session.scalar(select(Upload.path).where(Upload.task_id == context.task_id))
    if path is None:
        raise UnitError("The upload of this import is gone. Import the file again.")
    full = context.data_dir / path
    return full.parent, full.name


def _forget_earlier_reading(context: UnitContext, folder: Path, upload: str) -> None:
    """An earlier plan that was cut short left bad rows and a staged file, of which nothing was imported yet."""
    if not (folder / upload).exists():
        raise UnitError("The uploaded file is gone. Import it again.")
    for left in staged_files(folder, upload):
        left.unlink(missing_ok=True)
    while True:
        with context.database.transaction() as session:
            context.guard(session)
            some = select(ImportBadRow.id).where(ImportBadRow.task_id == context.task_id).limit(500)
            ids = session.scalars(some).all()
            session.execute(delete(ImportBadRow).where(ImportBadRow.id.in_(ids)))
        if not ids:
            return


def _accepted(path: Path, context: UnitContext, findings: Findings) -> Iterator[dict[str, Any]]:
    """The good rows of the file, as they will be written; bad ones are recorded on the way."""
    defaults: Mapping[str, object] = context.params.get("defaults") or {}
    refused: list[BadRow] = []
    good = 0
    for item in read(path, context.params["format"], mapping=_mapping(context)):
        if isinstance(item, Blank):
            findings.skipped += 1
            continue
        row = item if isinstance(item, BadRow) else checked(item, defaults, findings)
        if isinstance(row, BadRow):
            findings.bad += 1
            refused.append(row)
            if len(refused) >= 500:
                _record(refused, findings.bad - len(refused), context)
                refused.clear()
            continue
        yield row.model_dump()
        good += 1
        if good % _MESSAGE_EVERY == 0:
            context.report(0.0, f"Read {good:,} rows")
    _record(refused, findings.bad - len(refused), context)


def _mapping(context: UnitContext) -> ColumnMapping:
    return context.params.get("mapping") or NO_MAPPING


def _layout(path: Path, context: UnitContext) -> dict[str, Any]:
    """How the file has its questions, so that an export can give them back in the same form."""
    return Layout.of(path, context.params["format"], _mapping(context)).as_json()


def _record(refused: Sequence[BadRow], before: int, context: UnitContext) -> None:
    rows = [{"task_id": context.task_id, **bad_row(row)} for row in refused[: max(0, STORED_BAD_ROWS - before)]]
    if rows:
        with context.database.transaction() as session:
            context.guard(session)
            session.execute(insert(ImportBadRow), rows)


def _planned(part: Slice) -> PlannedUnit:
    return PlannedUnit({"slice": asdict(part)}, size=part.count, work=float(part.count))


def _committed(part: Slice, context: UnitContext) -> int:
    """How many of the slice's rows are in: they went in in order, so it is its first ones."""
    rows = select(func.count()).where(
        Question.import_task_id == context.task_id,
        Question.import_row >= part.first,
        Question.import_row < part.first + part.count,
    )
    with context.database.reader() as session:
        return session.scalar(rows) or 0


def _write(batch: Sequence[tuple[int, dict[str, Any]]], context: UnitContext) -> None:
    bank_id, now = context.params["bank_id"], time.time()
    common = {
        "bank_id": bank_id,
        "status": "active",
        "import_task_id": context.task_id,
        "created_at": now,
        "updated_at": now,
    }
    rows = [{**row, **common, "import_row": number} for number, row in batch]
    with context.database.transaction() as session:
        context.guard(session)
        session.execute(insert(Question), rows)
        count_questions(session, bank_id, len(rows))


def _delete_files(folder: Path, upload: str) -> None:
    for path in (folder / upload, *staged_files(folder, upload)):
        path.unlink(missing_ok=True)
