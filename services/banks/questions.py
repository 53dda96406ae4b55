"""What a question must be to come in, the same over REST and from a file; each refusal says exactly why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

# Characters. Beyond these a text is refused as a whole: cutting it off in silence would make another question of it.
STEM_LIMIT = 100_000
OPTION_LIMIT = 20_000
OPTIONS_LIMIT = 100  # options of one question
ANSWER_LIMIT = 20_000
ANALYSIS_LIMIT = 100_000
SOURCE_LIMIT = 1_000
NAME_LIMIT = 200  # type, subject, channel, external id: what questions are grouped and found by

DEFAULT_CHANNEL = "default"
_BIGGEST_ID = 2**63 - 1
_SURROGATE = re.compile("[\ud800-\udfff]")
_LETTERS = re.compile("[A-Z]{1,26}")
_ANY_TEXT = r"^[^\u0000]*$"
_SOME_TEXT = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"


def _text(limit: int) -> Callable[[object], str]:
    """A check for text of at most `limit` characters that every database and every encoding can hold."""

    def check(value: object) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            raise PydanticCustomError("not_text", "is not text but {kind}", {"kind": _kind(value)})
        if len(value) > limit:
            context = {"limit": f"{limit:,}", "length": f"{len(value):,}"}
            raise PydanticCustomError("too_long", "is longer than {limit} characters ({length})", context)
        if "\0" in value:
            raise PydanticCustomError("nul_character", "contains a NUL character")
        if not value.isascii() and _SURROGATE.search(value):
            raise PydanticCustomError("lone_surrogate", "contains half of a surrogate pair, which is no character")
        return value

    return check


_check_stem, _check_option, _check_name = _text(STEM_LIMIT), _text(OPTION_LIMIT), _text(NAME_LIMIT)


def _stem(value: object) -> str:
    stem = _check_stem(value)
    if not stem.strip():
        raise PydanticCustomError("missing", "is missing")
    return stem


def _name(value: object) -> str:
    # White space around a group's name would make two groups of one.
    return _check_name(value.strip() if isinstance(value, str) else value)


def _channel(value: object) -> str:
    return _name(value) or DEFAULT_CHANNEL


def _external_id(value: object) -> str | None:
    # Other programs' ids are often whole numbers; as such they are no less exact than as text.
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _BIGGEST_ID
    return _name(str(value) if is_number else value) or None


def _options(value: object) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise PydanticCustomError("options_not_list", "is not a list but {kind}", {"kind": _kind(value)})
    if len(value) > OPTIONS_LIMIT:
        context = {"limit": OPTIONS_LIMIT, "length": len(value)}
        raise PydanticCustomError("too_many_options", "has more than {limit} entries ({length})", context)
    return value


def _option(value: object) -> str:
    if value is None:
        raise PydanticCustomError("not_text", "is not text but {kind}", {"kind": _kind(value)})
    return _check_option(value)


def _described(*types: str, limit: int, pattern: str = _ANY_TEXT, **more: object) -> WithJsonSchema:
    """What the checks above take, for clients and their tools: null wherever a field may be left out."""
    return WithJsonSchema(
        {"type": types[0] if len(types) == 1 else list(types), "maxLength": limit, "pattern": pattern, **more}
    )


_OPTION_SCHEMA = {"type": "string", "maxLength": OPTION_LIMIT, "pattern": _ANY_TEXT}
_NULLABLE = ("string", "null")

Name = Annotated[str, BeforeValidator(_name), _described(*_NULLABLE, limit=NAME_LIMIT)]
Channel = Annotated[str, BeforeValidator(_channel), _described(*_NULLABLE, limit=NAME_LIMIT)]
Stem = Annotated[str, BeforeValidator(_stem), _described("string", limit=STEM_LIMIT, pattern=_SOME_TEXT, minLength=1)]
Option = Annotated[str, BeforeValidator(_option), WithJsonSchema(_OPTION_SCHEMA)]
Options = Annotated[
    list[Option],
    BeforeValidator(_options),
    WithJsonSchema({"type": ["array", "null"], "items": _OPTION_SCHEMA, "maxItems": OPTIONS_LIMIT}),
]
Answer = Annotated[str, BeforeValidator(_text(ANSWER_LIMIT)), _described(*_NULLABLE, limit=ANSWER_LIMIT)]
Analysis = Annotated[str, BeforeValidator(_text(ANALYSIS_LIMIT)), _described(*_NULLABLE, limit=ANALYSIS_LIMIT)]
Source = Annotated[str, BeforeValidator(_text(SOURCE_LIMIT)), _described(*_NULLABLE, limit=SOURCE_LIMIT)]
ExternalId = Annotated[
    str | None,
    BeforeValidator(_external_id),
    _described(*_NULLABLE, "integer", limit=NAME_LIMIT, minimum=-_BIGGEST_ID, maximum=_BIGGEST_ID),
]


class QuestionInput(BaseModel):
    """A question as it comes in. A field that is null counts as not given; a stem must be there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type_name: Name = ""
    subject_name: Name = ""
    channel_code: Channel = DEFAULT_CHANNEL
    stem: Stem
    options: Options = Field(default_factory=list)
    answer: Answer = ""
    analysis: Analysis = ""
    source: Source = ""
    external_id: ExternalId = None


class QuestionChange(BaseModel):
    """Some fields of a question, each as QuestionInput has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type_name: Name = ""
    subject_name: Name = ""
    channel_code: Channel = DEFAULT_CHANNEL
    stem: Stem = ""
    options: Options = Field(default_factory=list)
    answer: Answer = ""
    analysis: Analysis = ""
    source: Source = ""
    external_id: ExternalId = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row is no question: `code` of the first fault, every fault in `reason`."""

    code: str
    reason: str


def accept(fields: Mapping[str, object]) -> QuestionInput | Refusal:
    """A row of a file as a question, or why not."""
    try:
        return QuestionInput.model_validate(fields)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        shown = [f"{_field(fault['loc'])} {_message(fault)}" for fault in faults[:5]]
        more = f"; and {len(faults) - 5} more faults" if len(faults) > 5 else ""
        return Refusal(faults[0]["type"], f"{'; '.join(shown)}{more}.")


def warning_about(question: QuestionInput) -> str | None:
    """What is odd about a question that is taken all the same: an answer that names no option."""
    answer, options = question.answer.strip(), question.options
    if not options or not _LETTERS.fullmatch(answer) or list(answer) != sorted(set(answer)):
        return None
    last = chr(ord("A") + min(len(options), 26) - 1)
    return f"The answer {answer} names no option (A to {last})." if answer[-1] > last else None


def _message(fault: Any) -> str:
    messages = {"extra_forbidden": "is not a field of a question", "missing": "is missing"}
    return messages.get(fault["type"]) or str(fault["msg"])


def _field(location: tuple[int | str, ...]) -> str:
    """("options", 1) -> "option B"."""
    if len(location) == 2 and isinstance(location[1], int):
        return f"option {chr(ord('A') + location[1])}" if location[1] < 26 else f"option {location[1] + 1}"
    return ".".join(map(str, location))


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names = {int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)
