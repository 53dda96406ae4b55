"""Messages of `/ws/ocr` as text: `{"type", "data": {}, "timestamp", "id"?}`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from services.errors import FieldProblem, InvalidInputError
from web.errors import refused_input
from web.schemas.ocr_socket import Envelope

Model = TypeVar("Model", bound=BaseModel)

_SMALL = 64 * 1024  # characters; whatever they hold is parsed in 2 ms
_MOST_VALUES = 5_000
_SLICE = 1024 * 1024


def parse(message: str | bytes, pause: Callable[[], None] = lambda: None) -> Envelope:
    """`pause` is called while a large message is looked through; orjson then takes 1 ms for each MB of it.

    Raises:
        InvalidInputError: it is none.
    """
    if isinstance(message, bytes):
        raise InvalidInputError("Messages are text frames of JSON. Send the image as base64 in an ocr_request.")
    _check_it_is_flat(message, pause)
    try:
        content = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise InvalidInputError(f"The message is no JSON: {error}") from None
    return check(Envelope, content)


def check(model: type[Model], content: object) -> Model:
    """Raises InvalidInputError."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        refusal = refused_input(error)
    if not isinstance(content, Mapping):
        raise InvalidInputError('A message is a JSON object: {"type": …, "data": {…}}.')
    raise refusal


def encode(kind: str, data: Mapping[str, Any], message_id: str | int | None = None) -> str:
    envelope = {"type": kind, "data": data, "timestamp": time.time()}
    return orjson.dumps(envelope if message_id is None else {**envelope, "id": message_id}).decode()


def _check_it_is_flat(text: str, pause: Callable[[], None]) -> None:
    """A large message is a few long texts. Of 17 MB of brackets the parser would make 5 million objects, in 2 s."""
    if len(text) <= _SMALL:
        return
    values = 0
    for at in range(0, len(text), _SLICE):
        part = text[at : at + _SLICE]
        values += part.count(",") + part.count("[") + part.count("{")
        if values > _MOST_VALUES:
            problem = FieldProblem("", f"A message has at most {_MOST_VALUES:,} values.")
            raise InvalidInputError(problem.message, [problem])
        pause()
