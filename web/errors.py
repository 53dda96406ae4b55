"""One table turns every error into what HTTP, Socket.IO and raw WebSockets say of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from typing import Any

import orjson
from flask import Response
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from models.session import DatabaseBusyError
from services import errors
from web.schemas.base import PATTERN_SENTENCES, UNION_TAGS

logger = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"

# A subclass that is not named answers as its nearest named base.
STATUS: Mapping[type[errors.TaskbeamError], int] = {
    errors.TaskbeamError: 500,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.InvalidInputError: 422,
    errors.UnauthorizedError: 401,
    errors.ForbiddenError: 403,
    errors.TooLargeError: 413,
    errors.UnsupportedFormatError: 415,
    errors.RateLimitExceededError: 429,
    errors.TooManyConnectionsError: 503,
    errors.UnavailableError: 503,
    errors.UnitCancelledError: 503,  # of a client that has hung up: hardly anybody reads it
    errors.UnitTimeoutError: 504,
}

# What routing and the server refuse before any of our code is asked.
_HTTP_CODES = {400: "BAD_REQUEST", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "TOO_LARGE"}

_MOST_PROBLEMS = 1000  # each costs 6 µs, and a body may have a hundred thousand unknown fields

SERVER_ERROR_MESSAGE = "Something went wrong here. It was logged under the request's id."


@dataclass(frozen=True, slots=True)
class Fault:
    """What a client may know of an error, whatever the transport."""

    status: int
    code: str
    message: str
    problems: tuple[errors.FieldProblem, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def explain(error: Exception) -> Fault:
    """The fault an error amounts to; one that nobody foresaw is logged with its traceback and says nothing of it."""
    match error:
        case errors.TaskbeamError():
            return _of_ours(error)
        case HTTPException():
            return _of_werkzeug(error)
        case DatabaseBusyError() | OperationalError() | InterfaceError() | PoolTimeoutError():
            logger.error("The database does not answer: %s", error)
            return Fault(503, errors.UnavailableError.code, "The database does not answer now. Try again soon.")
        case _:
            logger.error("Unforeseen error", exc_info=error)
            return Fault(500, errors.TaskbeamError.code, SERVER_ERROR_MESSAGE)


def problem_response(fault: Fault) -> Response:
    """RFC 9457: `type, title, status, detail, code`, and `errors` where fields were refused."""
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(fault.status).phrase,
        "status": fault.status,
        "detail": fault.message,
        "code": fault.code,
    }
    if fault.status == 422:
        problem["errors"] = [{"field": one.field, "message": one.message} for one in fault.problems]
    return Response(orjson.dumps(problem), fault.status, dict(fault.headers), content_type=PROBLEM_JSON)


def socket_answer(error: Exception) -> dict[str, Any]:
    """The `{code, message}` of a Socket.IO `error`, `connect_error` or failed ack."""
    fault = explain(error)
    return {"code": fault.code, "message": fault.message}


def refused_input(error: ValidationError) -> errors.InvalidInputError:
    """Pydantic's findings as ours: one problem per field, without the values (they may be secret or huge)."""
    if (count := error.error_count()) > _MOST_PROBLEMS:
        detail = f"There are {count:,} mistakes, too many to name them."
        return errors.InvalidInputError(detail, [errors.FieldProblem("", detail)])
    problems = [errors.FieldProblem(_path(one), _sentence(one)) for one in error.errors(include_url=False)]
    shown = problems[0]
    detail = f"{shown.field}: {shown.message}" if shown.field else shown.message
    return errors.InvalidInputError(detail, problems)


def _of_ours(error: errors.TaskbeamError) -> Fault:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if status == 500:
        logger.error("%s: %s", error.code, error, exc_info=error)
    problems = error.problems if isinstance(error, errors.InvalidInputError) else ()
    return Fault(status, error.code, error.message, problems, _headers(error))


def _headers(error: errors.TaskbeamError) -> dict[str, str]:
    match error:
        case errors.RateLimitExceededError():
            return {"Retry-After": str(max(1, ceil(error.retry_after)))}
        case errors.UnauthorizedError():
            return {"WWW-Authenticate": 'Bearer realm="taskbeam"'}
        case errors.RequestInProgressError():
            return {"Retry-After": "1"}
        case _:
            return {}


def _of_werkzeug(error: HTTPException) -> Fault:
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    code = _HTTP_CODES.get(status, HTTPStatus(status).name)
    message = "There is nothing at this address." if status == 404 else error.description
    return Fault(status, code, message or HTTPStatus(status).description, headers=headers)


def _path(one: ErrorDetails) -> str:
    # A body that may be one or many is a union, whose tag is ours and no field of the client's.
    return ".".join(str(part) for part in one["loc"] if part not in UNION_TAGS)


def _sentence(one: ErrorDetails) -> str:
    if one["type"] == "extra_forbidden":
        return "There is no such field."
    if one["type"] == "string_pattern_mismatch":
        return PATTERN_SENTENCES.get(one["ctx"]["pattern"], "It does not have the form it should.")
    message = one["msg"].removeprefix("Value error, ").rstrip(".")
    return f"It {message}." if message[:1].islower() else f"{message}."
