"""OCR: pages in, what they say out; corrections, exports, questions."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from services.auth import Scope
from services.ocr.uploads import MOST_FILES, IncomingFile
from services.ocr.view import PageObject
from services.pagination import Page
from services.tasks.service import TaskQuery
from services.tasks.view import TaskObject
from web.body import FileField, ReceivedFile
from web.downloads import download
from web.hangup import cancelled_on_hangup
from web.routing import Context, Routes
from web.schemas.base import Many, One
from web.schemas.ocr import (
    BoxToRead,
    ImageQuery,
    NewQuestionsFromPages,
    OcrExportQuery,
    OcrPageOut,
    OcrResultOut,
    OcrTaskForm,
    PagesQuery,
    RecognizeForm,
    RegionText,
)
from web.schemas.tasks import TaskListQuery, TaskOut

routes = Routes("ocr")

KIND = "ocr"
# `files[]` is how many clients name a field of several files.
FILES = FileField("files[]", aliases=("files", "file"), most=MOST_FILES)
EXPORT_TYPES = (
    "text/plain",
    "application/json",
    "text/markdown",
    "text/vnd.hocr+html",
    "application/xml",
    "text/tab-separated-values",
    "application/pdf",
)
# Of a picture that is refused, an engine that is missing, a page that takes too long.
_RECOGNITION_ERRORS = frozenset({413, 422, 503, 504})


@routes.post(
    "/api/ocr/tasks",
    summary="Recognise pictures and documents",
    scope=Scope.OCR,
    form=OcrTaskForm,
    files=FILES,
    status=201,
    answer=One[TaskOut],
    location="/api/ocr/tasks/{id}",
)
def create_ocr_task(context: Context, form: OcrTaskForm, files: tuple[ReceivedFile, ...]) -> TaskObject:
    """png, jpg, webp, bmp, gif, tiff or pdf. Each page is read by itself: one that fails is listed with its code."""
    incoming = [IncomingFile(file.path, file.file_name, file.size, file.sha256) for file in files]
    return context.services.ocr.start(
        incoming, form.requirements, task_name=form.task_name, auto_start=form.auto_start, by=context.principal
    )


@routes.get(
    "/api/ocr/tasks",
    summary="List OCR tasks, newest first",
    scope=Scope.TASKS_READ,
    query=TaskListQuery,
    answer=Many[TaskOut],
)
def list_ocr_tasks(context: Context, query: TaskListQuery) -> Page[TaskObject]:
    return context.services.tasks.list(TaskQuery(kind=KIND, **query.model_dump()))


@routes.get("/api/ocr/tasks/<id:task_id>", summary="One OCR task", scope=Scope.TASKS_READ, answer=One[TaskOut])
def get_ocr_task(context: Context, task_id: int) -> TaskObject:
    return context.services.tasks.get(task_id, kind=KIND)


@routes.post(
    "/api/ocr/tasks/<id:task_id>/start",
    summary="Queue a pending OCR task",
    scope=Scope.OCR,
    status=202,
    answer=One[TaskOut],
)
def start_ocr_task(context: Context, task_id: int) -> TaskObject:
    context.services.tasks.get(task_id, kind=KIND)
    return context.services.tasks.start(task_id, by=context.principal)


@routes.get(
    "/api/ocr/tasks/<id:task_id>/pages",
    summary="The pages of a task, read or not",
    scope=Scope.TASKS_READ,
    query=PagesQuery,
    answer=Many[OcrPageOut],
)
def list_pages(context: Context, task_id: int, query: PagesQuery) -> Page[PageObject]:
    """Readable while the task runs: a page is here as soon as it is done."""
    return context.services.ocr.pages(**query.model_dump(), task_id=task_id)


@routes.get(
    "/api/ocr/tasks/<id:task_id>/pages/<id:page>", summary="One page", scope=Scope.TASKS_READ, answer=One[OcrPageOut]
)
def get_page(context: Context, task_id: int, page: int) -> PageObject:
    return context.services.ocr.page(task_id, page)


@routes.get(
    "/api/ocr/tasks/<id:task_id>/pages/<id:page>/image",
    summary="The page as a picture, upright",
    scope=Scope.TASKS_READ,
    query=ImageQuery,
    media=("image/jpeg",),
    errors=_RECOGNITION_ERRORS,
)
def get_page_image(context: Context, task_id: int, page: int, query: ImageQuery) -> Response:
    """In whose pixels the regions are counted (where `width` is not given)."""
    image = context.services.ocr.page_image(task_id, page, query.width)
    keep = "private, max-age=3600" if image.is_upright else "no-store"  # it may turn when it is read
    return Response(image.data, content_type=image.media_type, headers={"Cache-Control": keep})


@routes.post(
    "/api/ocr/tasks/<id:task_id>/pages/<id:page>/regions",
    summary="Read a corrected box again",
    scope=Scope.OCR,
    body=BoxToRead,
    answer=One[OcrPageOut],
    errors=_RECOGNITION_ERRORS,
)
def reread_box(context: Context, task_id: int, page: int, body: BoxToRead) -> PageObject:
    """What it finds takes the place of the regions that lie mostly in the box."""
    return context.services.ocr.reread(task_id, page, body.box, revision=body.revision)


@routes.patch(
    "/api/ocr/tasks/<id:task_id>/pages/<id:page>/regions/<int:region>",
    summary="Correct the text of a region",
    scope=Scope.OCR,
    body=RegionText,
    answer=One[OcrPageOut],
)
def correct_region(context: Context, task_id: int, page: int, region: int, body: RegionText) -> PageObject:
    """`region` is its index in the page's `regions`; an empty text takes it away."""
    return context.services.ocr.correct(task_id, page, region, body.text, revision=body.revision)


@routes.delete(
    "/api/ocr/tasks/<id:task_id>/pages/<id:page>/corrections",
    summary="Undo all corrections of a page",
    scope=Scope.OCR,
    answer=One[OcrPageOut],
)
def undo_corrections(context: Context, task_id: int, page: int) -> PageObject:
    return context.services.ocr.undo_corrections(task_id, page)


@routes.get(
    "/api/ocr/tasks/<id:task_id>/export",
    summary="Download what was read",
    scope=Scope.TASKS_READ,
    query=OcrExportQuery,
    media=EXPORT_TYPES,
)
def export_pages(context: Context, task_id: int, query: OcrExportQuery) -> Response:
    """Streamed; `pdf` is searchable: the pages' pictures under invisible text."""
    return download(context.services.ocr.export(task_id, query.format))


@routes.post(
    "/api/ocr/tasks/<id:task_id>/questions",
    summary="Cut the recognised text into questions and import them into a bank",
    scope=Scope.BANKS_WRITE,
    body=NewQuestionsFromPages,
    status=201,
    answer=One[TaskOut],
    location="/api/tasks/{id}",
)
def make_questions(context: Context, task_id: int, body: NewQuestionsFromPages) -> TaskObject:
    """Answers the import task that puts them in; a question's source names its file and page."""
    return context.services.ocr.make_questions(
        task_id, body.bank_id, defaults=body.defaults(), task_name=body.task_name, by=context.principal
    )


@routes.post(
    "/api/ocr/recognize",
    summary="Recognise one picture and wait for it",
    scope=Scope.OCR,
    form=RecognizeForm,
    answer=One[OcrResultOut],
    errors=_RECOGNITION_ERRORS,
)
def recognize(context: Context, form: RecognizeForm, file: ReceivedFile) -> dict[str, Any]:
    """The first page of a document. A picture that is refused is answered with its code."""
    try:
        context.services.ocr.check_size(file.size)
        with cancelled_on_hangup(request.environ) as cancel:
            return context.services.ocr.recognize(file.path.read_bytes(), form.requirements, cancel=cancel)
    finally:
        file.path.unlink(missing_ok=True)
