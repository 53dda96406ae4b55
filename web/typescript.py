"""The types of web/client, written from the documents that the server itself gives: `python -m web.typescript`.

A generator of our own and not json-schema-to-typescript: pydantic uses a small part of JSON Schema, and the larger half
of the result (which event has which payload and ack, which call which query and body) is no JSON schema at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from web import asyncapi, health, openapi
from web.api import RESOURCES
from web.components import JsonObject

FOLDER = Path(__file__).parent / "client" / "src" / "generated"
_HEAD = "// Written by `python -m web.typescript` from the server's own schemas. Do not edit.\n"
_SCALARS = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}
_NAME = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_ANY = "unknown"

# JSON Schema has no word for what Socket.IO attaches; browsers give the first, Node the second.
_BINARY = {("CameraFrame", "data"): "ArrayBuffer | Uint8Array<ArrayBuffer> | string"}


def modules() -> dict[str, str]:
    """File name to text, of everything that is generated."""
    endpoints = [endpoint for routes in (*RESOURCES, health.routes) for endpoint in routes.endpoints]
    return {
        "rest.ts": rest(openapi.build_document(endpoints, version="", auth_required=False)),
        "sockets.ts": sockets(asyncapi.build_document(version="", auth_required=False)),
    }


def rest(document: JsonObject) -> str:
    """The schemas of an OpenAPI document, and `Calls`: what each call takes and answers."""
    calls = [
        (f"{method.upper()} {path}", operation["summary"], _call(operation))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    return _module(document, [_interface("Calls", calls, "What each call takes, and its answer.")])


def sockets(document: JsonObject) -> str:
    """The schemas of an AsyncAPI document, and for each channel what goes which way under which name."""
    found = document["components"]["messages"]
    maps = [
        _interface("ServerEvents", _told(found, "server."), "Namespace `/`, from the server."),
        _interface("ClientEvents", _asked(found, "client."), "Namespace `/`, to the server."),
        _interface("CameraServerEvents", _told(found, "camera.server."), "Namespace `/camera`, from the server."),
        _interface("CameraClientEvents", _asked(found, "camera.client."), "Namespace `/camera`, to the server."),
        _interface("OcrAnswers", _told(found, "ocr.server."), "`data` by `type`, from `/ws/ocr`."),
        _interface("OcrRequests", _told(found, "ocr.client."), "`data` by `type`, to `/ws/ocr`."),
    ]
    asked = (message["payload"] for name, message in found.items() if ".client." in f".{name}")
    return _module(document, maps, {_name(payload["$ref"]) for payload in asked if "$ref" in payload})


Field = tuple[str, str, str]  # name (with `?` where it may be left out), what is said of it, its type


def _module(document: JsonObject, more: Iterable[str], open_to_more: Iterable[str] = ()) -> str:
    schemas = document["components"]["schemas"]
    taken = set(open_to_more)
    parts = [_declaration(name, schema, is_open=name in taken) for name, schema in sorted(schemas.items())]
    return "\n".join([_HEAD, *parts, *more])


def _declaration(name: str, schema: JsonObject, *, is_open: bool) -> str:
    said = schema.get("description", "")
    if "properties" not in schema:
        return f"{_comment(said)}export type {name} = {_type(schema)};\n"
    fields = list(_fields(schema, name))
    # What we send may have more fields than are described; what we take says so only where they are kept.
    if is_open and schema.get("additionalProperties") is True:
        fields.append(("[field: string]", "", _ANY))
    return _interface(name, fields, said)


def _interface(name: str, fields: Iterable[Field], said: str = "") -> str:
    lines = "".join(f"{_comment(about, '  ')}  {_quoted(key)}: {kind};\n" for key, about, kind in fields)
    return f"{_comment(said)}export interface {name} {{\n{lines}}}\n"


def _fields(schema: JsonObject, of: str = "") -> Iterator[Field]:
    required = schema.get("required", [])
    for name, declared in schema["properties"].items():
        is_sent = name in required or "const" in declared
        said = declared.get("description", "")
        if declared.get("default") not in (None, "", [], {}) and "const" not in declared:
            said = f"{said} Default: {json.dumps(declared['default'], ensure_ascii=False)}.".strip()
        yield name if is_sent else f"{name}?", said, _BINARY.get((of, name)) or _type(declared)


def _type(schema: JsonObject) -> str:  # noqa: PLR0911 (one for each kind of schema)
    match schema:
        case {"$ref": ref}:
            return _name(ref)
        case {"const": value}:
            return json.dumps(value)
        case {"enum": values}:
            return _union(json.dumps(value, ensure_ascii=False) for value in values)
        case {"anyOf": choices} | {"oneOf": choices}:
            return _union(map(_type, choices))
        case {"type": list(kinds)}:
            return _union(_type({**schema, "type": kind}) for kind in kinds)
        case {"type": "array"}:
            return _array(_type(schema.get("items", {})))
        case {"type": "object"}:
            return _object(schema)
    return _scalar(schema)


def _object(schema: JsonObject) -> str:
    """An object of no name: with its fields in line, or as a dictionary."""
    if schema.get("properties"):
        return "{ " + "; ".join(f"{_quoted(name)}: {kind}" for name, _said, kind in _fields(schema)) + " }"
    more = schema.get("additionalProperties")
    return f"Record<string, {_type(more) if isinstance(more, dict) else _ANY}>"


def _scalar(schema: JsonObject) -> str:
    match schema.get("contentMediaType"):
        case "application/octet-stream":
            return "Blob"
        case "application/json":
            return "Record<string, unknown> | string"
    return _SCALARS.get(schema.get("type", ""), _ANY)


def _array(item: str) -> str:
    return f"({item})[]" if "|" in item else f"{item}[]"


def _union(kinds: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(kinds))


# --- sockets -------------------------------------------------------------------------------------------------------


def _told(messages: JsonObject, prefix: str) -> Iterator[Field]:
    for name, message in messages.items():
        if name.startswith(prefix):
            yield name.removeprefix(prefix), message["summary"], _payload(message["payload"])


def _asked(messages: JsonObject, prefix: str) -> Iterator[Field]:
    for name, message in messages.items():
        if name.startswith(prefix) and not name.endswith(".ack"):
            answer = _type(messages[f"{name}.ack"]["payload"]["oneOf"][0])  # the other one is a refusal
            data = _type(message["payload"])
            yield name.removeprefix(prefix), message["summary"], f"{{ data: {data}; answer: {answer} }}"


def _payload(schema: JsonObject) -> str:
    """Of a raw WebSocket only what its envelope holds."""
    return _type(schema["properties"]["data"] if "data" in schema.get("properties", {}) else schema)


# --- REST ----------------------------------------------------------------------------------------------------------


def _call(operation: JsonObject) -> str:
    parts = [*_parameters(operation, "path"), *_parameters(operation, "query"), *_body(operation)]
    return "{ " + "; ".join([*parts, f"answer: {_answer(operation)}"]) + " }"


def _parameters(operation: JsonObject, place: str) -> Iterator[str]:
    found = [one for one in operation["parameters"] if one["in"] == place]
    fields = [f"{one['name']}{'' if one['required'] else '?'}: {_type(one['schema'])}" for one in found]
    if fields:
        may_be_left_out = not any(one["required"] for one in found)
        yield f"{place}{'?' if may_be_left_out else ''}: {{ {'; '.join(fields)} }}"


def _body(operation: JsonObject) -> Iterator[str]:
    body = operation.get("requestBody")
    if body is None:
        return
    for media, content in body["content"].items():
        name = "body" if media == "application/json" else "form"
        yield f"{name}{'' if body['required'] else '?'}: {_type(content['schema'])}"


def _answer(operation: JsonObject) -> str:
    """What is no JSON is given as it comes: a fetch Response."""
    success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    if "content" not in success:
        return "undefined"
    schema = success["content"].get("application/json", {}).get("schema")
    return _type(schema) if schema else "Response"


# --- the text ------------------------------------------------------------------------------------------------------


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]


def _quoted(name: str) -> str:
    bare = name.removesuffix("?")
    return name if _NAME.fullmatch(bare) or name.startswith("[field") else json.dumps(bare) + name[len(bare) :]


def _comment(said: str, indent: str = "") -> str:
    text = " ".join(said.split()).replace("*/", "* /")
    return f"{indent}/** {text} */\n" if text else ""


def write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in modules().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write()
