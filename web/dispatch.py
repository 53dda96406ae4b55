"""Serving an endpoint: admit, read, do it once, render."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from flask import Response, request
from pydantic import BaseModel, ValidationError

from services.auth import NOBODY, Principal
from services.bootstrap import Services
from services.errors import FieldProblem, InvalidInputError, UnauthorizedError
from services.idempotency import StoredAnswer
from services.pagination import Page
from web.auth import token_of_headers
from web.body import MAX_JSON_BYTES, fingerprint, read_bytes, read_form, read_json
from web.errors import refused_input
from web.routing import ANY_SCOPE, Context, Endpoint

JSON = "application/json"
_KEY = re.compile(r"[!-~]{1,200}")
_STORED_HEADERS = ("Content-Type", "Location")


@dataclass(slots=True)
class _Parsed:
    """What a view is called with; `digest` stands for the body, `files` are deleted when the call fails."""

    arguments: dict[str, Any] = field(default_factory=dict)
    digest: bytes = b""
    files: tuple[Path, ...] = ()


class Dispatcher:
    def __init__(self, services: Services) -> None:
        self._services = services

    def view_of(self, endpoint: Endpoint) -> Callable[..., Response]:
        def serve(**path: Any) -> Response:
            return self._serve(endpoint, path)

        return serve

    def _serve(self, endpoint: Endpoint, path: Mapping[str, Any]) -> Response:
        principal = self._admit(endpoint)
        key = _idempotency_key() if endpoint.is_write else None
        parsed = self._read(endpoint)
        context = Context(self._services, principal)
        try:
            if key is None:
                return _called(endpoint, context, path, parsed)
            return self._once(endpoint, context, path, parsed, key)
        except BaseException:
            _forget(parsed.files)
            raise

    def _admit(self, endpoint: Endpoint) -> Principal:
        """The principal, counted against its rate; who has no token, or a bad one, is counted by address."""
        address = f"rest:{request.remote_addr}"
        limiter, authenticator = self._services.rate_limiter, self._services.auth
        if endpoint.scope is None:
            limiter.hit(address)
            return NOBODY
        try:
            principal = authenticator.authenticate(token_of_headers(request.environ))
        except UnauthorizedError:
            limiter.hit(address)
            raise
        limiter.hit(address if principal.kind == "local" else f"rest:{principal.id}")
        if endpoint.scope != ANY_SCOPE:
            principal.require(endpoint.scope)
        return principal

    def _read(self, endpoint: Endpoint) -> _Parsed:
        parsed = _Parsed()
        if endpoint.query is not None:
            parsed.arguments["query"] = _validated_query(endpoint.query)
        elif request.args:
            raise InvalidInputError("This call takes no query.", [_unknown(name) for name in request.args])
        if endpoint.form is not None:
            self._read_form(endpoint, endpoint.form, parsed)
        elif endpoint.body is not None:
            is_left_out = not endpoint.body_required and not _has_body()
            parsed.digest = b"{}" if is_left_out else read_json(request)
            parsed.arguments["body"] = _validated_json(endpoint.body, parsed.digest)
        elif endpoint.is_write:
            _refuse_body()
        return parsed

    def _read_form(self, endpoint: Endpoint, model: type[BaseModel], parsed: _Parsed) -> None:
        settings = self._services.settings
        form = read_form(request, settings.data_dir / "uploads", settings.max_upload_bytes, endpoint.files)
        parsed.files = tuple(file.path for file in form.files)
        given = {"file": next(iter(form.files), None)} if endpoint.files.most == 1 else {"files": form.files}
        try:
            parsed.arguments |= {"form": _validated(model, form.fields), **given}
        except InvalidInputError:
            _forget(parsed.files)
            raise
        about_files = (part.encode() for file in form.files for part in (file.file_name, file.sha256))
        parsed.digest = fingerprint(orjson.dumps(form.fields), *about_files).encode()

    def _once(
        self, endpoint: Endpoint, context: Context, path: Mapping[str, Any], parsed: _Parsed, key: str
    ) -> Response:
        """Do the write unless it was done: only a success is kept, for what failed changed nothing and may be tried."""
        target = request.full_path.encode("utf-8", "surrogateescape")
        asked = fingerprint(request.method.encode(), target, parsed.digest)
        owner = context.principal.id
        stored = self._services.idempotency.begin(owner, key, asked)
        if stored is not None:
            _forget(parsed.files)
            return _replay(stored)
        try:
            response = _called(endpoint, context, path, parsed)
        except BaseException:
            self._services.idempotency.abandon(owner, key)
            raise
        self._services.idempotency.finish(owner, key, _stored(response, endpoint.shown_once))
        return response


def _called(endpoint: Endpoint, context: Context, path: Mapping[str, Any], parsed: _Parsed) -> Response:
    result = endpoint.view(context, **path, **parsed.arguments)
    parsed.files = ()  # the service's from now on, whatever becomes of the answer
    return _render(endpoint, result)


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        message = "It must have 1 to 200 visible ASCII characters."
        raise InvalidInputError(f"Idempotency-Key: {message}", [FieldProblem("Idempotency-Key", message)])
    return key


def _validated_query(model: type[BaseModel]) -> BaseModel:
    values = request.args.to_dict()
    repeated = [name for name, given in request.args.lists() if len(given) > 1]
    if repeated:
        problems = [FieldProblem(name, "It is given more than once.") for name in repeated]
        raise InvalidInputError(f"{repeated[0]} is given more than once.", problems)
    return _validated(model, values)


def _validated(model: type[BaseModel], values: Mapping[str, str]) -> BaseModel:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise refused_input(error) from error


def _validated_json(model: type[BaseModel], body: bytes) -> BaseModel:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise refused_input(error) from error


def _unknown(name: str) -> FieldProblem:
    return FieldProblem(name, "There is no such field.")


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def _refuse_body() -> None:
    """Many clients send `{}` with every POST; anything more would be ignored, so it is refused."""
    if read_bytes(request, MAX_JSON_BYTES).strip() not in (b"", b"{}"):
        raise InvalidInputError("This call takes no body.", [FieldProblem("", "This call takes no body.")])


def _render(endpoint: Endpoint, result: object) -> Response:
    match result:
        case Response():
            return result
        case None:
            return Response(status=204)
        case Page():
            meta = {"next_cursor": result.next_cursor, "total": result.total}
            return json_response({"data": result.items, "meta": meta}, endpoint.status)
        case _:
            response = json_response({"data": result}, endpoint.status)
            if endpoint.location is not None and isinstance(result, dict):
                response.headers["Location"] = endpoint.location.format(**result)
            return response


def json_response(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS), status, content_type=JSON)


def _stored(response: Response, secret: str | None) -> StoredAnswer:
    headers = {name: response.headers[name] for name in _STORED_HEADERS if name in response.headers}
    body = response.get_data(as_text=True)
    if secret is not None:
        content = orjson.loads(body)
        body = orjson.dumps(content | {"data": content["data"] | {secret: None}}).decode()
    return StoredAnswer(response.status_code, headers, body)


def _replay(stored: StoredAnswer) -> Response:
    return Response(stored.body, stored.status, {**stored.headers, "Idempotency-Replayed": "true"})


def _forget(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
