"""The OCR job: a unit per page. A page is looked up, decoded, read and written; one that cannot be read fails alone.

The rows of the pages are written with the plan, so that clients see at once what is to come, and filled as the pages
are read. A page's row is committed before its unit is: a unit that runs again finds it and reads nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from sqlalchemy import delete, insert, select, update

from models import OcrPage, Task, Upload
from services.batches import PAUSE, ROWS, batches
from services.errors import TaskbeamError, UnitError
from services.ocr.cache import ResultCache, key_of
from services.ocr.decoding.decode import open_document
from services.ocr.engines import registry
from services.ocr.page_ranges import pages
from services.ocr.pipeline import read_page
from services.ocr.progress import Progress
from services.ocr.requirements import Requirements
from services.runners.base import Job, PlannedUnit, Unit, UnitContext

LISTED_FAILED_PAGES = 100  # in the task's result
_FAILED_WORK = 0.01  # of a page's: nothing is left to do about a file that could not be opened


class OcrJob(Job):
    """params: requirements (Requirements); the task's uploads are what is read."""

    def plan(self, context: UnitContext) -> Iterable[PlannedUnit]:
        """A unit per page, in the order of the files; a file that cannot be opened is one page that has failed."""
        _forget_earlier_plan(context)
        for batch in batches(_pages(context)):
            with context.database.transaction() as session:
                context.guard(session)
                session.execute(insert(OcrPage), batch)
            for row in batch:
                yield PlannedUnit({"page": row["page"]}, work=1.0 if row["status"] == "pending" else _FAILED_WORK)

    def run_unit(self, unit: Unit, context: UnitContext) -> dict[str, Any]:
        page = _row(unit, context)
        if page.status == "completed":  # an earlier run got as far as this
            return _summary(page.page, page.result or {})
        if page.status == "failed":
            return _failure(page.page, page.file_name, page.error_code or "", page.error_message or "")
        result = _read(page, context)
        _write(page, {"status": "completed", "result": result}, context)
        return _summary(page.page, result)

    def fail_unit(self, unit: Unit, error: Mapping[str, str], context: UnitContext) -> dict[str, Any]:
        page = _row(unit, context)
        if page.status == "completed":
            return _summary(page.page, page.result or {})
        message = error["message"].replace("\0", "\ufffd")
        _write(page, {"status": "failed", "error_code": error["code"], "error_message": message}, context)
        return _failure(page.page, page.file_name, error["code"], message)

    def finish(self, results: Sequence[Mapping[str, Any]], context: UnitContext) -> dict[str, Any]:
        """Raises UnitError with the first page's reason when no page could be read."""
        failed = [result["failed"] for result in results if "failed" in result]
        read = [result for result in results if "failed" not in result]
        if not read and failed:
            raise UnitError(f"No page could be read. The first: {failed[0]['message']}", failed[0]["code"])
        with context.database.reader() as session:
            began = session.get_one(Task, context.task_id).started_at or time.time()
        confidences = [page["confidence"] for page in read if page["characters"]]
        return {
            "pages": len(results),
            "completed": len(read),
            "failed": len(failed),
            "failed_pages": failed[:LISTED_FAILED_PAGES],
            "characters": sum(page["characters"] for page in read),
            "confidence": round(fmean(confidences), 4) if confidences else None,
            "languages": dict(Counter(page["language"] for page in read).most_common()),
            "document_types": dict(Counter(page["document_type"] for page in read).most_common()),
            "seconds": round(time.time() - began, 3),
        }


def _requirements(context: UnitContext) -> Requirements:
    return Requirements.of(context.params["requirements"])


def _forget_earlier_plan(context: UnitContext) -> None:
    while True:
        with context.database.transaction() as session:
            context.guard(session)
            some = select(OcrPage.id).where(OcrPage.task_id == context.task_id).limit(ROWS)
            ids = session.scalars(some).all()
            session.execute(delete(OcrPage).where(OcrPage.id.in_(ids)))
        if not ids:
            return
        time.sleep(PAUSE)


def _pages(context: UnitContext) -> Iterator[dict[str, Any]]:
    """Rows of the pages, numbered through the files of the task."""
    with context.database.reader() as session:
        uploads = session.scalars(select(Upload).where(Upload.task_id == context.task_id).order_by(Upload.id)).all()
    if not uploads:
        raise UnitError("The files of this task are gone. Send them again as a new task.")
    number = 0
    for upload in uploads:
        context.report(0.0, f"Opening {upload.file_name}")
        for row in _pages_of(upload, context):
            number += 1
            yield {"task_id": context.task_id, "page": number, **row}


def _pages_of(upload: Upload, context: UnitContext) -> Iterator[dict[str, Any]]:
    common = {"upload_id": upload.id, "file_name": upload.file_name, "error_code": None, "error_message": None}
    try:
        path = _path(upload, context)
        with open_document(path) as document:
            chosen = pages(context.params["requirements"].get("pages"), document.page_count)
    except TaskbeamError as error:
        told = {"error_code": error.code, "error_message": error.message}
        yield {**common, "page_in_file": 1, "status": "failed", **told}
    else:
        for page in chosen:
            yield {**common, "page_in_file": page, "status": "pending"}


def _path(upload: Upload, context: UnitContext) -> Path:
    path = context.data_dir / upload.path
    if not path.is_file():
        raise UnitError("The file is gone. Send it again in a new task.", "INVALID_IMAGE")
    return path


def _row(unit: Unit, context: UnitContext) -> OcrPage:
    with context.database.reader() as session:
        return session.execute(
            select(OcrPage).where(OcrPage.task_id == context.task_id, OcrPage.page == unit.spec["page"])
        ).scalar_one()


def _read(page: OcrPage, context: UnitContext) -> dict[str, Any]:
    """The result object of the page, out of the cache where it was read before."""
    with context.database.reader() as session:
        upload = session.get_one(Upload, page.upload_id)
    requirements = _requirements(context)
    cache = ResultCache(context.database)
    key = key_of(_sha256(upload, context), page.page_in_file, requirements, registry.available())
    if requirements.cache and (known := cache.get(key)) is not None:
        return {**known, "cached": True}
    with open_document(_path(upload, context)) as document:
        raster = document.page(page.page_in_file)
    report = _reporting(page.page, context)
    result = read_page(raster, requirements, report=report, threads=context.threads).as_json()
    if requirements.cache:
        cache.put(key, result)
    return {**result, "cached": False}


def _sha256(upload: Upload, context: UnitContext) -> str:
    if upload.sha256:
        return upload.sha256
    with _path(upload, context).open("rb") as file:  # whoever sent it did not know; two such files are not the same
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reporting(page: int, context: UnitContext) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        context.report(
            progress.fraction * 0.98, f"Page {page}: {progress.stage}, {progress.message}"
        )  # then the writing

    return report


def _write(page: OcrPage, values: Mapping[str, Any], context: UnitContext) -> None:
    with context.database.transaction() as session:
        context.guard(session)
        session.execute(update(OcrPage).where(OcrPage.id == page.id).values(**values))


def _summary(page: int, result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "page": page,
        "characters": len(result["text"]),
        "confidence": result["confidence"],
        "language": result["language"],
        "document_type": result["document_type"],
        "cached": result["cached"],
    }


def _failure(page: int, file_name: str, code: str, message: str) -> dict[str, Any]:
    return {"page": page, "failed": {"page": page, "file_name": file_name, "code": code, "message": message}}
