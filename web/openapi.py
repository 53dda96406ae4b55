"""The OpenAPI 3.1 document, made from the same declarations that are served.

A registry of our own and not flask-openapi3: that one reads a body that is no JSON as null, holds uploads in memory
and builds a model's JSON schema again for every request that has a query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from services.auth import Scope
from web.body import FileField
from web.components import IN, OUT, Components, JsonObject, Wanted
from web.errors import PROBLEM_JSON
from web.routing import Endpoint
from web.schemas.base import MAX_INT, One, Problem

VERSION = "3.1.0"
_RULE_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")

_ERRORS = {
    401: "No token was given, or one that is unknown or revoked.",
    403: "The token lacks the scope, or the Host or Origin is not allowed.",
    404: "There is no such thing.",
    409: "The present state does not allow it.",
    413: "The body is too large.",
    415: "The body is not of a kind this call takes.",
    422: "Something in the request is wrong; `errors` names the fields.",
    429: "Too many requests; `Retry-After` says how long to wait.",
    503: "The database, a worker or a model cannot be had now.",
    504: "The work took longer than it may (TASKBEAM_UNIT_TIMEOUT).",
}
_ERROR_HEADERS = {401: "WWW-Authenticate", 429: "Retry-After"}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Asked again within 24 h with the same key, the write is not done again: the first answer is "
    "given again with `Idempotency-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_ID = {"type": "integer", "minimum": 1, "maximum": MAX_INT}
_INDEX = {"type": "integer", "minimum": 0}  # Flask's `<int:name>`


def build_document(endpoints: Iterable[Endpoint], *, version: str, auth_required: bool) -> JsonObject:
    """The document of a server; without authentication it asks for none."""
    listed = list(endpoints)
    schemas = Components([(Problem, OUT), *(pair for endpoint in listed for pair in _models(endpoint))])
    paths: JsonObject = {}
    for endpoint in listed:
        path = _RULE_PARAMETER.sub(r"{\2}", endpoint.rule)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, schemas, auth_required)
    return {
        "openapi": VERSION,
        "info": {
            "title": "Taskbeam",
            "version": version,
            "description": "Runs long jobs on question banks and lets people watch them live. Every success is "
            "`{data}`, every list adds `meta`, every error is `application/problem+json`.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(endpoint.tag for endpoint in listed)],
        "paths": paths,
        "components": {"schemas": schemas.schemas, **({"securitySchemes": _SECURITY} if auth_required else {})},
    }


_SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": f"An API key (`python app.py keys create`). Scopes: {', '.join(Scope)}; admin implies all.",
    },
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key."},
}


def _models(endpoint: Endpoint) -> Iterator[Wanted]:
    if endpoint.body is not None:
        yield endpoint.body, IN
    if endpoint.answer is not None:
        yield endpoint.answer, OUT


def _operation(endpoint: Endpoint, schemas: Components, auth_required: bool) -> JsonObject:
    operation: JsonObject = {
        "operationId": endpoint.name.replace(".", "_"),
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "description": _description(endpoint),
        "parameters": list(_parameters(endpoint)),
        "responses": _responses(endpoint, schemas, auth_required),
    }
    if body := _request_body(endpoint, schemas):
        operation["requestBody"] = body
    if auth_required and endpoint.scope is not None:
        operation["security"] = [{"bearer": []}, {"api_key": []}]
    return operation


def _description(endpoint: Endpoint) -> str:
    needs = f"Scope: `{endpoint.scope}`." if endpoint.scope else ""
    return "\n\n".join(part for part in (endpoint.description, needs) if part)


def _parameters(endpoint: Endpoint) -> Iterator[JsonObject]:
    for converter, name in _RULE_PARAMETER.findall(endpoint.rule):
        yield {"name": name, "in": "path", "required": True, "schema": _INDEX if converter == "int" else _ID}
    if endpoint.query is not None:
        yield from _query_parameters(endpoint.query)
    if endpoint.is_write:
        yield _IDEMPOTENCY_KEY


def _query_parameters(model: type[BaseModel]) -> Iterator[JsonObject]:
    schema = model.model_json_schema()
    for name, declared in schema["properties"].items():
        plain = _without_null(declared)
        parameter: JsonObject = {"name": name, "in": "query", "required": name in schema.get("required", [])}
        if "description" in plain:
            parameter["description"] = plain.pop("description")
        yield {**parameter, "schema": plain}


def _without_null(declared: JsonObject) -> JsonObject:
    """A query has no null: what may be left out is written as what it is when given."""
    plain = {key: value for key, value in declared.items() if key not in {"title", "anyOf"}}
    for choice in declared.get("anyOf", []):
        if choice != {"type": "null"}:
            plain |= choice
    if plain.get("default", 0) is None:
        del plain["default"]
    return plain


def _request_body(endpoint: Endpoint, schemas: Components) -> JsonObject | None:
    if endpoint.body is not None:
        return {
            "required": endpoint.body_required,
            "content": {"application/json": {"schema": schemas.ref(endpoint.body, IN)}},
        }
    if endpoint.form is not None:
        schema = _form_schema(endpoint.form, endpoint.files)
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    return None


def _form_schema(model: type[BaseModel], files: FileField) -> JsonObject:
    schema = model.model_json_schema()
    fields = {name: _without_null(declared) for name, declared in schema.get("properties", {}).items()}
    file: JsonObject = {"type": "string", "contentMediaType": "application/octet-stream"}
    if files.most > 1:
        file = {"type": "array", "items": file, "minItems": 1, "maxItems": files.most}
    return {
        "type": "object",
        "properties": {files.name: file, **fields},
        "required": [*([files.name] if files.least else []), *schema.get("required", [])],
        "additionalProperties": False,
    }


def _responses(endpoint: Endpoint, schemas: Components, auth_required: bool) -> JsonObject:
    problem = {"content": {PROBLEM_JSON: {"schema": schemas.ref(Problem, OUT)}}}
    responses = {str(endpoint.status): _success(endpoint, schemas)}
    for status in sorted(_error_statuses(endpoint, auth_required)):
        responses[str(status)] = {"description": _ERRORS[status], **problem, **_headers(_ERROR_HEADERS.get(status))}
    return responses


def _headers(name: str | None) -> JsonObject:
    return {"headers": {name: {"schema": {"type": "string"}, "required": True}}} if name else {}


def _success(endpoint: Endpoint, schemas: Components) -> JsonObject:
    phrase = HTTPStatus(endpoint.status).phrase
    if endpoint.answer is not None:
        content: Mapping[str, Any] = {"application/json": {"schema": schemas.ref(endpoint.answer, OUT)}}
        # Many things made at once have no one place.
        located = _headers("Location" if endpoint.location and issubclass(endpoint.answer, One) else None)
        return {"description": phrase, "content": content, **located}
    if endpoint.media:
        return {"description": phrase, "content": {media: {} for media in endpoint.media}}
    return {"description": phrase}


def _error_statuses(endpoint: Endpoint, auth_required: bool) -> set[int]:
    statuses = {403, 422, 429, 503} | endpoint.errors
    if auth_required and endpoint.scope is not None:
        statuses.add(401)
    if "<" in endpoint.rule:
        statuses.add(404)
    if endpoint.is_write:
        statuses |= {409, 413}
    if endpoint.body is not None or endpoint.form is not None:
        statuses.add(415)
    return statuses
