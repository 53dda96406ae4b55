"""JSON objects as rows: what the list (`.json`) and the lines (`.jsonl`) have in common."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from services.banks.formats.base import (
    FIELDS,
    BadRow,
    Blank,
    ColumnMapping,
    Item,
    Row,
    excerpt,
    ignored_note,
    options_from_letters,
)
from services.banks.formats.mapping import Assignment, assign

_SHAPES = 100  # sets of keys that are remembered; a file has few, a hostile one a new one in each row


@dataclass(frozen=True, slots=True)
class Text:
    """What should be one object, and the line on which it begins."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Texts:
    """A file's objects, read as they are asked for."""

    encoding: str
    items: Iterator[Text | BadRow | Blank]


class ObjectReader:
    """Objects as rows. Keys go by a mapping, contract names or Chinese headers; one that is unknown becomes a note."""

    def __init__(self, mapping: ColumnMapping) -> None:
        self._mapping = mapping
        self._shapes: dict[tuple[str, ...], Assignment] = {}

    def read(self, texts: Texts) -> Iterator[Item]:
        for item in texts.items:
            if isinstance(item, Text):
                value = value_of(item)
                yield value if isinstance(value, BadRow) else self.row(item.line, value)
            else:
                yield item

    def row(self, line: int, value: dict[str, Any]) -> Row:
        keys, contents = tuple(value), list(value.values())
        assignment = self.assignment(keys)
        fields: dict[str, object] = {}
        letters: dict[str, str] = {}
        ignored = list(assignment.ignored)
        for field, index in assignment.fields.items():
            content = contents[index]
            if field in FIELDS:
                fields[field] = content
            elif isinstance(content, str):
                letters[field] = content
            else:
                ignored.append(keys[index])
        if letters and "options" not in fields:
            fields["options"] = options_from_letters(letters)
        return Row(line, fields, (ignored_note(ignored),) if ignored else ())

    def assignment(self, keys: tuple[str, ...]) -> Assignment:
        known = self._shapes.get(keys)
        if known is None:
            known = assign(keys, self._mapping)
            if len(self._shapes) < _SHAPES:
                self._shapes[keys] = known
        return known


def value_of(text: Text) -> dict[str, Any] | BadRow:
    try:
        value = _parse(text.text)
    except ValueError as error:
        return BadRow(text.line, "not_json", f"Not JSON: {error}.", excerpt(text.text))
    if not isinstance(value, dict):
        reason = f"A question is an object, this is {_kind(value)}."
        return BadRow(text.line, "not_an_object", reason, excerpt(text.text))
    return value


def _parse(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    # The standard parser also takes NaN and lone surrogates, which the fields' own checks name better, and it says
    # more exactly where a text stops being JSON.
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg.removesuffix(' at')} at character {error.pos + 1}") from None


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {list: "a list", str: "a text", bool: "true or false"}
    return names.get(type(value), "a number")
