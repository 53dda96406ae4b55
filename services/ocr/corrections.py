"""Corrections of pages that were read: by a person, or by reading one box again. The first reading is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, null, update

from models import Database, OcrPage
from services.errors import ConflictError
from services.ocr.pages import Pages, StoredPage
from services.ocr.view import PAGE_COLUMNS, PageObject, as_page

Compute = Callable[[str, Mapping[str, Any]], dict[str, Any]]

_MODULE = "services.ocr.revision"


class Corrections:
    """Each change is made on one revision of a page, and refused when another one came between.

    Args:
        database: where the pages are.
        pages: how they are found.
        compute: runs a target ("module:function") with its argument in a worker process.
        data_dir: below which their files lie.
    """

    def __init__(self, database: Database, pages: Pages, compute: Compute, data_dir: Path) -> None:
        self._database, self._pages, self._compute, self._data_dir = database, pages, compute, data_dir

    def reread(self, task_id: int, number: int, box: Sequence[float], revision: int | None) -> PageObject:
        page = self._correctable(task_id, number, revision)
        source = {"path": str(self._data_dir / page.path), "page": page.page_in_file}
        argument = {**source, "requirements": page.requirements, "result": page.result, "box": list(box)}
        return self._revise(page, self._compute(f"{_MODULE}:reread", argument))

    def correct(self, task_id: int, number: int, region: int, text: str, revision: int | None) -> PageObject:
        page = self._correctable(task_id, number, revision)
        argument = {"result": page.result, "region": region, "text": text}
        return self._revise(page, self._compute(f"{_MODULE}:correct", argument))

    def undo(self, task_id: int, number: int) -> PageObject:
        """The page as it was read; nothing happens to one that still is."""
        page = self._pages.stored(task_id, number)
        first = {"result": OcrPage.original, "original": null(), "revised_at": None}
        undoing = update(OcrPage).where(OcrPage.id == page.id, OcrPage.original.is_not(None))
        with self._database.transaction() as session:
            session.execute(undoing.values(**first, revision=OcrPage.revision + 1))
        return self._pages.get(task_id, number)

    def _correctable(self, task_id: int, number: int, revision: int | None) -> StoredPage:
        page = self._pages.stored(task_id, number)
        if page.result is None:
            raise ConflictError(f"Page {number} is {page.status}; only what was read can be corrected.")
        if revision is not None and revision != page.revision:
            raise _changed(number)
        return page

    def _revise(self, page: StoredPage, result: Mapping[str, Any]) -> PageObject:
        assert page.result is not None
        values = {
            "result": {**result, "cached": page.result.get("cached", False)},
            "original": func.coalesce(OcrPage.original, OcrPage.result),
            "revision": page.revision + 1,
            "revised_at": time.time(),
        }
        same = update(OcrPage).where(OcrPage.id == page.id, OcrPage.revision == page.revision)
        with self._database.transaction() as session:
            row = session.execute(same.values(**values).returning(*PAGE_COLUMNS)).first()
        if row is None:
            raise _changed(page.number)
        return as_page(row)


def _changed(number: int) -> ConflictError:
    return ConflictError(f"Somebody changed page {number} meanwhile. Look at it again, then correct it.")
