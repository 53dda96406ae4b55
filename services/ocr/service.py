"""OCR for its users: tasks over many files, one picture at once, and what was read on each page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from models import Database
from services.auth import Principal
from services.banks.question_service import Export
from services.banks.service import BankService
from services.config import Settings
from services.ocr.corrections import Corrections
from services.ocr.exports import Exports
from services.ocr.pages import Pages
from services.ocr.recognizer import OnProgress, Recognizer
from services.ocr.requirements import Requirements
from services.ocr.retry import read_again
from services.ocr.to_bank import ToBank
from services.ocr.uploads import IncomingFile, Uploads, check, discard
from services.ocr.view import PageImage, PageObject
from services.ocr.workers import AWAITED, REAL_TIME, Workers
from services.pagination import DEFAULT_LIMIT, Page
from services.runners.worker_pool import CancelToken, WorkerPool
from services.tasks.service import TaskService
from services.tasks.view import TaskObject

__all__ = ["IncomingFile", "OcrService"]

_RENDER = "services.ocr.page_images:render"


class OcrService:
    def __init__(
        self, database: Database, tasks: TaskService, banks: BankService, pool: WorkerPool, settings: Settings
    ) -> None:
        self._tasks, self._data_dir = tasks, settings.data_dir
        self._workers = Workers(pool, settings.unit_timeout)
        self._recognizer = Recognizer(database, self._workers, settings)
        self._uploads = Uploads(database, settings.data_dir)
        self._pages = Pages(database, tasks)
        self._corrections = Corrections(database, self._pages, self._compute, settings.data_dir)
        self._exports = Exports(database, tasks, pool, settings.data_dir)
        self._to_bank = ToBank(database, tasks, banks, self._compute, settings.data_dir)
        tasks.on_removal(self._uploads.discard_of)
        tasks.on_retry(partial(read_again, database))

    def start(
        self,
        files: Sequence[IncomingFile],
        requirements: Requirements,
        *,
        task_name: str | None = None,
        auto_start: bool = True,
        by: Principal,
    ) -> TaskObject:
        """A task over all pages of the files, which it owns from now on; where this raises, they are deleted.

        Raises:
            InvalidInputError: no file, or an engine that does not exist.
            InvalidImageError: none of the files is a picture or document.
            TooLargeError: more than 200 files.
            ModelLoadError: an engine that was asked for cannot be used here.
        """
        try:
            requirements = self._recognizer.settled(requirements)
            check(files)
        except BaseException:
            discard(files)
            raise
        uploads = self._uploads.take_over(files)
        name = (task_name or _name_of([upload.file_name for upload in uploads]))[:500]
        params = {"requirements": requirements.model_dump(), "files": len(uploads)}
        try:
            task = self._tasks.create("ocr", name, params, by=by, uploads=uploads)
        except BaseException:
            self._uploads.discard(uploads)
            raise
        return self._started(task["id"], by) if auto_start else task

    def recognize(
        self,
        data: bytes,
        requirements: Requirements,
        *,
        on_progress: OnProgress | None = None,
        cancel: CancelToken | None = None,
    ) -> dict[str, Any]:
        """Reads one picture, the first page of a document, and waits for the result: that of CONTRACT §5.

        Args:
            data: the file's bytes.
            requirements: how it is to be read.
            on_progress: takes {"progress": 0–100, "stage", "message", "lines"} in this thread, never falling.
            cancel: stops it, also inside a stage.

        Raises:
            InvalidImageError, ImageTooLargeError, ImageTooSmallError, NoTextDetectedError: the picture's fault.
            InvalidInputError, ModelLoadError: the requirements cannot be met.
            UnitTimeoutError, UnitCancelledError, WorkerLostError, UnavailableError: as they say.
        """
        return self._recognizer.recognize(data, requirements, on_progress, cancel)

    def check_size(self, size: int) -> None:
        """Raises ImageTooLargeError: `recognize` would refuse so many bytes, so they need not be read."""
        self._recognizer.check_size(size)

    def estimate(self, requirements: Requirements, size_bytes: int) -> float:
        """Seconds until a picture of so many bytes is read, the wait for a worker included."""
        return self._recognizer.estimate(requirements, size_bytes)

    def pages(
        self,
        task_id: int,
        *,
        status: str | None = None,
        results: bool = True,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[PageObject]:
        """The pages of a task in order, while it runs too: those that are still to be read are pending.

        Without `results` their results are None, whatever they say.
        """
        return self._pages.list(task_id, status=status, results=results, limit=limit, cursor=cursor)

    def page(self, task_id: int, number: int) -> PageObject:
        """Raises NotFoundError: there is no such task, or it has no such page."""
        return self._pages.get(task_id, number)

    def page_image(self, task_id: int, number: int, width: int | None = None) -> PageImage:
        """The page, upright, at most `width` pixels wide.

        Raises:
            NotFoundError: there is no such task or page.
            InvalidImageError, ImageTooLargeError, ImageTooSmallError: the file cannot be read.
        """
        page = self._pages.stored(task_id, number)
        path = str(self._data_dir / page.path)
        argument = {"path": path, "page": page.page_in_file, "rotation": page.rotation, "width": width}
        image = self._workers.run(_RENDER, argument, priority=AWAITED).blob
        return PageImage(image, "image/jpeg", is_upright=page.result is not None)

    def reread(self, task_id: int, number: int, box: Sequence[float], *, revision: int | None = None) -> PageObject:
        """The page with one box (x1, y1, x2, y2 in pixels of the upright page) read again.

        What it says replaces the regions that lie mostly in the box. `revision`: the page's as the caller knows it.

        Raises:
            NotFoundError: there is no such task or page.
            ConflictError: the page has no result, or it was changed meanwhile.
            NoTextDetectedError: nothing is read in the box.
            InvalidInputError: it lies outside the page.
        """
        return self._corrections.reread(task_id, number, box, revision)

    def correct(self, task_id: int, number: int, region: int, text: str, *, revision: int | None = None) -> PageObject:
        """The page with a person's text in one of its `regions`; an empty text takes the region away.

        Raises:
            NotFoundError: there is no such task, page or region.
            ConflictError: the page has no result, or it was changed meanwhile.
        """
        return self._corrections.correct(task_id, number, region, text, revision)

    def undo_corrections(self, task_id: int, number: int) -> PageObject:
        """The page as it was read at first."""
        return self._corrections.undo(task_id, number)

    def export(self, task_id: int, file_format: str) -> Export:
        """What was read, as a file: see services/ocr/export.

        Raises:
            NotFoundError: there is no such task.
            InvalidInputError: there is no such format.
        """
        return self._exports.export(task_id, file_format)

    def make_questions(
        self,
        task_id: int,
        bank_id: int,
        *,
        defaults: Mapping[str, str] | None = None,
        task_name: str | None = None,
        by: Principal,
    ) -> TaskObject:
        """An import task, queued, with the questions that the pages of an OCR task hold.

        Args:
            task_id: an OCR task that has ended.
            bank_id: where they go.
            defaults: fields (type_name, subject_name, channel_code) of questions that do not say them.
            task_name: of the import.
            by: who asked.

        Raises:
            NotFoundError: there is no such task or bank.
            ConflictError: the task has not ended.
            InvalidInputError: there are no questions in what was read.
        """
        return self._to_bank.make_questions(task_id, bank_id, defaults=defaults or {}, task_name=task_name, by=by)

    def tidy(self) -> int:
        """Keeps the cache within its bound and what was learned on disk. For housekeeping; gives what it removed."""
        return self._recognizer.tidy() + self._exports.discard_left()

    def _started(self, task_id: int, by: Principal) -> TaskObject:
        """Whoever hears of an error takes it that there is no task, and sends the files again."""
        try:
            return self._tasks.start(task_id, by=by)
        except BaseException:
            with suppress(Exception):
                self._tasks.delete(task_id, by=by)
            raise

    def _compute(self, target: str, argument: Mapping[str, Any]) -> dict[str, Any]:
        return self._workers.run(target, argument, priority=REAL_TIME).value


def _name_of(file_names: Sequence[str]) -> str:
    first, more = file_names[0], len(file_names) - 1
    return f"{first} and {more} more" if more else first
