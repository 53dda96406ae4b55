"""The schemas of a document: every model it names, once, under a name that types can be generated from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

JsonObject = dict[str, Any]
Wanted = tuple[type[BaseModel], JsonSchemaMode]

IN: JsonSchemaMode = "validation"
OUT: JsonSchemaMode = "serialization"
_TEMPLATE = "#/components/schemas/{model}"


class Components:
    def __init__(self, wanted: Iterable[Wanted]) -> None:
        self._refs, document = models_json_schema(list(dict.fromkeys(wanted)), ref_template=_TEMPLATE)
        self.schemas: JsonObject = document["$defs"]
        self._use_titles()

    def ref(self, model: type[BaseModel], mode: JsonSchemaMode) -> JsonObject:
        return dict(self._refs[model, mode])

    def _use_titles(self) -> None:
        """Many_TaskOut_ becomes TaskList, TaskOut becomes Task."""
        titles = {schema["title"] for schema in self.schemas.values()}
        names = {key: _short(schema["title"], titles) for key, schema in self.schemas.items()}
        assert len(set(names.values())) == len(names), "two schemas of one name"
        for ref in _refs_in([self.schemas, list(self._refs.values())]):
            ref["$ref"] = _TEMPLATE.format(model=names[ref["$ref"].rpartition("/")[2]])
        self.schemas = {names[key]: {**schema, "title": names[key]} for key, schema in self.schemas.items()}


def _short(title: str, taken: set[str]) -> str:
    short = title.removesuffix("Out")
    return title if short in taken else short


def _refs_in(part: Any) -> Iterator[JsonObject]:
    """Every object with a `$ref` in a schema."""
    if isinstance(part, dict):
        if "$ref" in part:
            yield part
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _refs_in(inner)
