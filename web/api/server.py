"""The server's own state, for who runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import current_app

from services.auth import Scope
from services.metrics import tasks_by_status
from services.version import VERSION
from web.examination import EXAMINER, Examiner
from web.health import uptime
from web.places import PLACES, Places
from web.routing import Context, Routes
from web.schemas.base import One
from web.schemas.server import ExaminationOut, ServerOut

routes = Routes("server")


@routes.get("/api/server", summary="How the server is doing", scope=Scope.ADMIN, answer=One[ServerOut])
def state(context: Context) -> Mapping[str, Any]:
    services = context.services
    places: Places = current_app.extensions[PLACES]
    return {
        "version": VERSION,
        "uptime": uptime(),
        "database": "sqlite" if services.database.is_sqlite else "postgresql",
        "redis": bool(services.settings.redis_url),
        "auth_required": services.settings.auth_required,
        "runner": services.settings.runner,
        "workers": asdict(services.pool.stats()),
        "connections": places.stats(),
        "tasks": tasks_by_status(services.database),
    }


@routes.post(
    "/api/server/checks",
    summary="What `doctor` finds",
    scope=Scope.ADMIN,
    answer=One[ExaminationOut],
    errors=frozenset({504}),
)
def examine(context: Context) -> Mapping[str, Any]:  # noqa: ARG001 (every view gets it)
    """Takes some seconds: a worker is started and every camera opened. Who asks meanwhile gets the same answer."""
    examiner: Examiner = current_app.extensions[EXAMINER]
    return examiner.examine()
