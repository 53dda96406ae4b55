"""Endpoints: what each takes and answers is declared once, for the dispatcher that serves it and for OpenAPI.

A view parses nothing and renders nothing: it gets a `Context` and what the request carried, calls one service method
and returns its result.

    routes = Routes("tasks")

    @routes.get("/api/tasks/<id:task_id>", summary="One task", scope=Scope.TASKS_READ, answer=One[TaskOut])
    def task(context: Context, task_id: int) -> TaskObject:
        return context.services.tasks.get(task_id)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from services.auth import Principal
from services.bootstrap import Services
from web.body import ONE_FILE, FileField
from web.schemas.base import MAX_INT, Query

View = TypeVar("View", bound=Callable[..., object])

ANY_SCOPE = "any"  # whoever is known, whatever they may do
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Context:
    """What a view may use: the services, and for whom it acts."""

    services: Services
    principal: Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One call of the API.

    Attributes:
        rule: Flask's, with `<id:name>` for ids.
        scope: what the principal needs, or ANY_SCOPE; None: anybody may ask, without a token.
        answer: the body of success; None: see `media`, or no body (204).
        query, body, form: schemas of query parameters, JSON body, and the text fields beside a multipart form's files.
        body_required: otherwise nothing at all stands for `{}`.
        files: where those are; the view gets one (or None) as `file`, many as `files`.
        media: content types of a success that is no JSON.
        errors: statuses beyond those that follow from the rest.
        location: path of what was made, filled from the answer's data.
        shown_once: a secret among the answer's data; asked again with its Idempotency-Key, the call gives null for it.
    """

    method: str
    rule: str
    view: Callable[..., object]
    tag: str
    summary: str
    description: str = ""
    scope: str | None
    answer: type[BaseModel] | None = None
    status: int = 200
    query: type[Query] | None = None
    body: type[BaseModel] | None = None
    body_required: bool = True
    form: type[Query] | None = None
    files: FileField = ONE_FILE
    media: tuple[str, ...] = ()
    errors: frozenset[int] = frozenset()
    location: str | None = None
    shown_once: str | None = None

    @property
    def is_write(self) -> bool:
        return self.method in WRITES

    @property
    def name(self) -> str:
        return f"{self.tag}.{self.view.__name__}"


@dataclass(frozen=True, slots=True)
class Routes:
    """The endpoints of one resource; `tag` heads them in the documents."""

    tag: str
    endpoints: list[Endpoint] = field(default_factory=list)

    def get(self, rule: str, **declared: Any) -> Callable[[View], View]:
        return self._add("GET", rule, declared)

    def post(self, rule: str, **declared: Any) -> Callable[[View], View]:
        return self._add("POST", rule, declared)

    def patch(self, rule: str, **declared: Any) -> Callable[[View], View]:
        return self._add("PATCH", rule, declared)

    def delete(self, rule: str, **declared: Any) -> Callable[[View], View]:
        return self._add("DELETE", rule, declared)

    def _add(self, method: str, rule: str, declared: Mapping[str, Any]) -> Callable[[View], View]:
        def register(view: View) -> View:
            description = (view.__doc__ or "").strip()
            self.endpoints.append(
                Endpoint(method=method, rule=rule, view=view, tag=self.tag, description=description, **declared)
            )
            return view

        return register


class IdConverter(BaseConverter):
    """A positive id that the database can hold; any other text in its place is an unknown address (404)."""

    regex = r"[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if not 1 <= number <= MAX_INT:
            # Not werkzeug's ValidationError: with it another method's rule of the same path would answer 405.
            raise NotFound
        return number
