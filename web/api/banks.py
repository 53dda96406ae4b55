"""Question banks: make, import, search, change, export."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from services.auth import Scope
from services.banks.imports import KeptFile, SentFile, file_of
from services.banks.question_service import QuestionQuery
from services.banks.questions import QuestionChange, QuestionInput
from services.banks.service import ImportOptions
from services.banks.view import BankObject, QuestionObject
from services.file_names import shown_name
from services.pagination import Page
from services.tasks.view import TaskObject
from web.body import ONE_FILE_OR_NONE, ReceivedFile
from web.downloads import download
from web.hangup import cancelled_on_hangup
from web.routing import Context, Routes
from web.schemas.banks import (
    BadRowOut,
    BankChange,
    BankGroupOut,
    BankListQuery,
    BankOut,
    ExportQuery,
    ImportForm,
    ImportPreviewOut,
    NewBank,
    NewQuestions,
    NewSampleBank,
    PreviewForm,
    QuestionListQuery,
    QuestionOut,
    QuestionsAnswer,
)
from web.schemas.base import Many, One, PageQuery
from web.schemas.tasks import TaskOut

routes = Routes("banks")

EXPORT_TYPES = (
    "application/x-ndjson",
    "application/json",
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text/plain",
)


@routes.get("/api/banks", summary="List banks", scope=Scope.TASKS_READ, query=BankListQuery, answer=Many[BankOut])
def list_banks(context: Context, query: BankListQuery) -> Page[BankObject]:
    return context.services.banks.list(q=query.q, limit=query.limit, cursor=query.cursor)


@routes.post(
    "/api/banks",
    summary="Make a bank",
    scope=Scope.BANKS_WRITE,
    body=NewBank,
    status=201,
    answer=One[BankOut],
    location="/api/banks/{id}",
)
def create_bank(context: Context, body: NewBank) -> BankObject:
    return context.services.banks.create(body.name, body.description)


@routes.post(
    "/api/banks/sample",
    summary="Make a bank of sample questions",
    scope=Scope.BANKS_WRITE,
    body=NewSampleBank,
    status=201,
    answer=One[TaskOut],
    location="/api/tasks/{id}",
)
def create_sample_bank(context: Context, body: NewSampleBank) -> TaskObject:
    """Some 190 questions to try dedup with. The answer is the task that fills the bank; `params.bank_id` names it."""
    return context.services.sample_bank.start_import(body.name, by=context.principal)


@routes.get("/api/banks/<id:bank_id>", summary="One bank", scope=Scope.TASKS_READ, answer=One[BankOut])
def get_bank(context: Context, bank_id: int) -> BankObject:
    return context.services.banks.get(bank_id)


@routes.patch(
    "/api/banks/<id:bank_id>",
    summary="Rename or describe a bank",
    scope=Scope.BANKS_WRITE,
    body=BankChange,
    answer=One[BankOut],
)
def update_bank(context: Context, bank_id: int, body: BankChange) -> BankObject:
    return context.services.banks.update(bank_id, name=body.name, description=body.description)


@routes.delete(
    "/api/banks/<id:bank_id>", summary="Delete a bank and its questions", scope=Scope.BANKS_WRITE, status=204
)
def delete_bank(context: Context, bank_id: int) -> None:
    """Bank 1 stays; a bank that a task works on stays until the task has ended."""
    context.services.banks.delete(bank_id)


@routes.get(
    "/api/banks/<id:bank_id>/groups",
    summary="How many questions each group has",
    scope=Scope.TASKS_READ,
    answer=Many[BankGroupOut],
)
def list_groups(context: Context, bank_id: int) -> Page[dict[str, Any]]:
    """The biggest groups first, all of them at once."""
    groups = context.services.banks.questions.groups(bank_id)
    return Page(groups, None, len(groups))


@routes.post(
    "/api/banks/import/preview",
    summary="Look at a file before it is imported",
    scope=Scope.BANKS_WRITE,
    form=PreviewForm,
    files=ONE_FILE_OR_NONE,
    answer=One[ImportPreviewOut],
    errors=frozenset({404, 504}),
)
def preview_import(context: Context, form: PreviewForm, file: ReceivedFile | None) -> dict[str, Any]:
    """Its columns and what they mean, its first questions and its first bad rows.

    It works also where no column is known as the stem: look at `columns`, and say in `mapping` which one it is.
    The file is kept for an hour (three files at most), so that the import, or the next preview with another mapping,
    need not send it again.
    """
    with cancelled_on_hangup(request.environ) as cancel:
        return context.services.imports.preview(
            _file_of(form, file), _options(form), by=context.principal, cancel=cancel
        )


@routes.post(
    "/api/banks/<id:bank_id>/import",
    summary="Import a file of questions",
    scope=Scope.BANKS_WRITE,
    form=ImportForm,
    files=ONE_FILE_OR_NONE,
    status=201,
    answer=One[TaskOut],
    location="/api/tasks/{id}",
)
def import_file(context: Context, bank_id: int, form: ImportForm, file: ReceivedFile | None) -> TaskObject:
    """jsonl, json, csv, xlsx, Moodle GIFT or Aiken. A bad row is listed with its line and never stops the rest."""
    options = _options(form, form.task_name)
    return context.services.imports.start(bank_id, _file_of(form, file), options, by=context.principal)


def _file_of(form: PreviewForm, file: ReceivedFile | None) -> SentFile | KeptFile:
    sent = SentFile(file.path, file.file_name, file.sha256) if file else None
    return file_of(sent, form.upload, shown_name(form.file_name) if form.file_name else None)


def _options(form: PreviewForm, task_name: str | None = None) -> ImportOptions:
    return ImportOptions(format=form.format, defaults=form.defaults(), mapping=form.mapping, task_name=task_name)


@routes.get(
    "/api/tasks/<id:task_id>/bad-rows",
    summary="The rows that an import refused",
    scope=Scope.TASKS_READ,
    query=PageQuery,
    answer=Many[BadRowOut],
)
def list_bad_rows(context: Context, task_id: int, query: PageQuery) -> Page[dict[str, Any]]:
    return context.services.banks.bad_rows(task_id, limit=query.limit, cursor=query.cursor)


@routes.get(
    "/api/banks/<id:bank_id>/questions",
    summary="Search questions",
    scope=Scope.TASKS_READ,
    query=QuestionListQuery,
    answer=Many[QuestionOut],
)
def list_questions(context: Context, bank_id: int, query: QuestionListQuery) -> Page[QuestionObject]:
    return context.services.banks.questions.list(bank_id, QuestionQuery(**query.model_dump()))


@routes.post(
    "/api/banks/<id:bank_id>/questions",
    summary="Create a question, or many",
    scope=Scope.BANKS_WRITE,
    body=NewQuestions,
    status=201,
    answer=QuestionsAnswer,
    location="/api/banks/{bank_id}/questions/{id}",
)
def create_questions(context: Context, bank_id: int, body: NewQuestions) -> QuestionObject | Page[QuestionObject]:
    questions = context.services.banks.questions
    if isinstance(body.root, QuestionInput):
        return questions.create(bank_id, body.root)
    made = questions.create_many(bank_id, body.root.questions)
    return Page(made, None, len(made))


@routes.get(
    "/api/banks/<id:bank_id>/questions/<id:question_id>",
    summary="One question",
    scope=Scope.TASKS_READ,
    answer=One[QuestionOut],
)
def get_question(context: Context, bank_id: int, question_id: int) -> QuestionObject:
    return context.services.banks.questions.get(bank_id, question_id)


@routes.patch(
    "/api/banks/<id:bank_id>/questions/<id:question_id>",
    summary="Change a question",
    scope=Scope.BANKS_WRITE,
    body=QuestionChange,
    answer=One[QuestionOut],
)
def update_question(context: Context, bank_id: int, question_id: int, body: QuestionChange) -> QuestionObject:
    return context.services.banks.questions.update(bank_id, question_id, body)


@routes.delete(
    "/api/banks/<id:bank_id>/questions/<id:question_id>",
    summary="Delete a question",
    scope=Scope.BANKS_WRITE,
    status=204,
)
def delete_question(context: Context, bank_id: int, question_id: int) -> None:
    """It is only marked: the duplicates that were found with it keep its text."""
    context.services.banks.questions.delete(bank_id, question_id)


@routes.get(
    "/api/banks/<id:bank_id>/export",
    summary="Download the questions",
    scope=Scope.TASKS_READ,
    query=ExportQuery,
    media=EXPORT_TYPES,
)
def export_questions(context: Context, bank_id: int, query: ExportQuery) -> Response:
    """A file that an import takes back as it was."""
    wanted = QuestionQuery(**query.model_dump(exclude={"format"}))
    return download(context.services.banks.questions.export(bank_id, query.format, wanted))
