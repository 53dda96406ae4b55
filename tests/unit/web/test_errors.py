from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from services.errors import (
    FieldProblem,
    InvalidInputError,
    InvalidTransitionError,
    NotFoundError,
    RateLimitExceededError,
    UnauthorizedError,
)
from web.errors import SERVER_ERROR_MESSAGE, explain, problem_response, refused_input, socket_answer
from web.schemas.base import Body, Name, storable


class Example(Body):
    name: Name
    count: Annotated[int, Field(ge=0)] = 0
    meta: Annotated[dict[str, Any], AfterValidator(storable)] = Field(default={})


def refusal(json_text: str, model: type[BaseModel] = Example) -> InvalidInputError:
    with pytest.raises(ValidationError) as refused:
        model.model_validate_json(json_text)
    return refused_input(refused.value)


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ('{"name": "a", "colour": 1}', "colour", "There is no such field."),
        ("{}", "name", "Field required."),
        ('{"name": " "}', "name", "It must say something, and must not contain a NUL character."),
        ('{"name": "a", "count": -1}', "count", "Input should be greater than or equal to 0."),
        (
            '{"name": "a", "meta": {"x": ["\\u0000"]}}',
            "meta",
            "It has text with a NUL character at x.0, which cannot be stored.",
        ),
    ],
)
def test_a_refused_field_is_named_with_a_sentence(body: str, field: str, message: str):
    assert refusal(body).problems == (FieldProblem(field, message),)


def test_what_was_refused_is_not_repeated():
    refused = refusal('{"name": "a", "count": "tb_secret"}')
    assert "tb_secret" not in str(refused)
    assert "tb_secret" not in str(refused.problems)


def test_more_mistakes_than_anybody_reads_are_only_counted():
    unknown = ", ".join(f'"a{number}": 0' for number in range(100_000))
    error = refusal(f'{{"name": "x", {unknown}}}')
    assert [problem.field for problem in error.problems] == [""]
    assert "100,000" in error.message


def test_a_problem_has_the_fields_of_the_rfc_and_errors_only_for_422():
    response = problem_response(explain(NotFoundError("task", 7)))
    assert (response.status_code, response.content_type) == (404, "application/problem+json")
    assert json.loads(response.data) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no task 7.",
        "code": "NOT_FOUND",
    }
    refused = problem_response(explain(InvalidInputError("No.", [FieldProblem("a.b", "No.")])))
    assert json.loads(refused.data)["errors"] == [{"field": "a.b", "message": "No."}]


@pytest.mark.parametrize(
    ("error", "name", "value"),
    [
        (RateLimitExceededError("3/minute", 2.2), "Retry-After", "3"),
        (RateLimitExceededError("3/minute", 0.001), "Retry-After", "1"),
        (UnauthorizedError("No."), "WWW-Authenticate", 'Bearer realm="taskbeam"'),
    ],
)
def test_some_refusals_say_in_a_header_what_to_do(error: Exception, name: str, value: str):
    assert problem_response(explain(error)).headers[name] == value


def test_sockets_are_told_the_same_code_and_sentence():
    error = InvalidTransitionError(7, "start", "running", ["pause", "cancel"])
    answer = socket_answer(error)
    assert answer == {"code": "INVALID_TRANSITION", "message": str(error)}
    assert socket_answer(ZeroDivisionError("secret")) == {"code": "SERVER_ERROR", "message": SERVER_ERROR_MESSAGE}
