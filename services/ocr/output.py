"""What was read on a task's pages, brought into files by a worker process: exports, and questions for a bank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Row, select

from models import Database, OcrPage, Upload
from services.ocr.export import ExportPage, write
from services.ocr.page import PageResult, rows_of
from services.ocr.page_images import jpeg, upright_page
from services.ocr.questions import CutQuestion, PageText, cut
from services.runners.steps import database_at
from services.runners.worker import WorkerContext

_AT_ONCE = 20  # pages in memory


def write_export(argument: Mapping[str, Any], _context: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """The target of the worker pool: {database_url, data_dir, task_id, format, title, path} -> {bytes} in the file."""
    size = 0
    with Path(argument["path"]).open("ab", buffering=0) as file:
        for piece in write(argument["format"], _export_pages(argument), argument["title"]):
            size += file.write(piece)
    return {"bytes": size}


def write_questions(argument: Mapping[str, Any], _context: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """Likewise: {database_url, task_id, path} -> {questions} as JSON lines in the file."""
    count = 0
    with Path(argument["path"]).open("wb") as file:
        for question in cut(_page_texts(argument)):
            file.write(orjson.dumps(_importable(question), option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    return {"questions": count}


def export_pages(database: Database, task_id: int, data_dir: Path) -> Iterator[ExportPage]:
    """The pages of a task in their order, a few at a time in memory."""
    for row in _rows(database, task_id):
        result = PageResult.from_json(row.result) if row.result else None
        picture = partial(_picture, data_dir / row.path, row.page_in_file, result.rotation) if result else None
        yield ExportPage(row.page, row.file_name, row.page_in_file, result, _error(row), picture)


def _export_pages(argument: Mapping[str, Any]) -> Iterator[ExportPage]:
    return export_pages(database_at(argument["database_url"]), argument["task_id"], Path(argument["data_dir"]))


def _rows(database: Database, task_id: int) -> Iterator[Row[Any]]:
    """Read piece by piece: one long read would keep the database from tidying up behind the writers."""
    in_order = (
        select(
            OcrPage.page,
            OcrPage.file_name,
            OcrPage.page_in_file,
            OcrPage.status,
            OcrPage.error_code,
            OcrPage.error_message,
            OcrPage.result,
            OcrPage.upload_id,
            Upload.path,
        )
        .join(Upload, Upload.id == OcrPage.upload_id)
        .where(OcrPage.task_id == task_id)
        .order_by(OcrPage.page)
        .limit(_AT_ONCE)
    )
    last = 0
    while rows := database.fetch_all(in_order.where(OcrPage.page > last)):
        yield from rows
        last = rows[-1].page


def _error(row: Row[Any]) -> Mapping[str, str] | None:
    return {"code": row.error_code, "message": row.error_message} if row.error_code else None


def _picture(path: Path, page: int, rotation: int) -> bytes:
    return jpeg(upright_page(path, page, rotation))


def _page_texts(argument: Mapping[str, Any]) -> Iterator[PageText]:
    for row in _rows(database_at(argument["database_url"]), argument["task_id"]):
        if row.result:
            yield PageText(row.file_name, row.page_in_file, paragraphs_of(PageResult.from_json(row.result)))


def paragraphs_of(result: PageResult) -> list[list[str]]:
    """The rows of each paragraph, as `text` has them: it knows where regions that touch need no blank between them."""
    printed = [[row for row in rows if any(region.text.strip() for region in row)] for rows in rows_of(result)]
    lines = [line for line in result.text.splitlines() if line.strip()]
    if sum(map(len, printed)) != len(lines):  # of a result that was not arranged by us
        return [[" ".join(region.text.strip() for region in row) for row in rows] for rows in printed]
    remaining = iter(lines)
    return [[next(remaining) for _ in rows] for rows in printed]


def _importable(question: CutQuestion) -> dict[str, Any]:
    """A row as an import takes it; what is empty is left to the import's defaults."""
    row = {
        "type_name": question.type_name,
        "stem": question.stem,
        "options": list(question.options),
        "answer": question.answer,
        "analysis": question.analysis,
        "source": f"{question.file_name}, page {question.page_in_file}",
    }
    return {name: value for name, value in row.items() if value}
