"""What was read on the pages of OCR tasks: lists, single pages, and where each page's file lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from models import Database, OcrPage, Upload
from services.errors import NotFoundError
from services.ocr.view import LISTED_COLUMNS, PAGE_COLUMNS, PageObject, as_page
from services.pagination import DEFAULT_LIMIT, Page, decode_cursor, encode_cursor
from services.tasks.service import TaskService

_MOST_REGIONS = 20_000  # in one answer: some 4 MB


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page with what is needed to read it again: `path` is below the data directory."""

    id: int
    number: int  # in its task, from 1
    status: str
    revision: int
    result: dict[str, Any] | None
    path: str
    page_in_file: int
    requirements: Mapping[str, Any]

    @property
    def rotation(self) -> int:
        """Degrees clockwise that set it upright, as far as that is known."""
        return int(self.result["rotation"]) if self.result else 0


class Pages:
    def __init__(self, database: Database, tasks: TaskService) -> None:
        self._database, self._tasks = database, tasks

    def list(
        self,
        task_id: int,
        *,
        status: str | None = None,
        results: bool = True,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[PageObject]:
        """In order; fewer than `limit` where they say so much that one answer would be too long."""
        self._tasks.get(task_id, kind="ocr")
        conditions = [OcrPage.task_id == task_id] + ([OcrPage.status == status] if status is not None else [])
        columns = PAGE_COLUMNS if results else LISTED_COLUMNS
        page = select(*columns).where(*conditions).order_by(OcrPage.page).limit(limit + 1)
        if cursor is not None:
            page = page.where(OcrPage.page > decode_cursor(cursor))
        with self._database.reader() as session:
            total = session.scalar(select(func.count()).select_from(OcrPage).where(*conditions)) or 0
        with closing(self._database.stream(page, chunk=20)) as rows:
            items, there_is_more = _first(rows, limit)
        return Page(items, encode_cursor(items[-1]["page"]) if there_is_more else None, total)

    def get(self, task_id: int, number: int) -> PageObject:
        self._tasks.get(task_id, kind="ocr")
        one = select(*PAGE_COLUMNS).where(OcrPage.task_id == task_id, OcrPage.page == number)
        with self._database.reader() as session:
            row = session.execute(one).first()
        if row is None:
            raise NotFoundError("page", number)
        return as_page(row)

    def stored(self, task_id: int, number: int) -> StoredPage:
        """Raises NotFoundError."""
        task = self._tasks.get(task_id, kind="ocr")
        one = (
            select(
                OcrPage.id,
                OcrPage.page,
                OcrPage.status,
                OcrPage.revision,
                OcrPage.result,
                Upload.path,
                OcrPage.page_in_file,
            )
            .join(Upload, Upload.id == OcrPage.upload_id)
            .where(OcrPage.task_id == task_id, OcrPage.page == number)
        )
        with self._database.reader() as session:
            row = session.execute(one).first()
        if row is None:
            raise NotFoundError("page", number)
        return StoredPage(*row, requirements=task["params"]["requirements"])


def _first(rows: Iterable[Row[Any]], limit: int) -> tuple[list[PageObject], bool]:
    """As many pages as go into one answer, and whether any follow."""
    items: list[PageObject] = []
    regions = 0
    for row in rows:
        if len(items) == limit or regions > _MOST_REGIONS:
            return items, True
        items.append(as_page(row))
        regions += len((row.result or {}).get("regions", ()))
    return items, False
