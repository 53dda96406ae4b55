"""Is it alive, is it ready, how is it doing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response
from pydantic import Field
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from models.session import Database, DatabaseBusyError
from services.auth import Scope
from services.bootstrap import Services
from services.errors import UnavailableError
from services.metrics import CONTENT_TYPE
from services.runners.worker_pool import WorkerPool
from services.version import VERSION
from web.routing import Context, Routes
from web.schemas.base import Answer, One

routes = Routes("operation")

_STARTED_AT = time.monotonic()
_REDIS_TIMEOUT = 1.0  # seconds


class HealthOut(Answer):
    status: str = Field(description='"alive".')
    version: str
    uptime: float = Field(description="Seconds.")


class ReadyOut(Answer):
    status: str = Field(description='"ready".')
    checks: dict[str, str] = Field(description="What was asked, and what it said.")


def uptime() -> float:
    """Seconds since the server was loaded."""
    return round(time.monotonic() - _STARTED_AT, 3)


@routes.get("/healthz", summary="Alive", scope=None, answer=One[HealthOut])
def alive(context: Context) -> Mapping[str, Any]:  # noqa: ARG001 (every view gets it)
    """Answers as long as the process serves requests; asks nothing else."""
    return {"status": "alive", "version": VERSION, "uptime": uptime()}


@routes.get("/readyz", summary="Ready", scope=None, answer=One[ReadyOut])
def ready(context: Context) -> Mapping[str, Any]:
    """503 while the database, Redis (where it is used) or the workers do not answer."""
    checks = _checks(context.services)
    said = {name: _ask(check) for name, check in checks.items()}
    if failed := [f"{name}: {answer}" for name, answer in said.items() if answer != "ok"]:
        raise UnavailableError(f"Not ready. {'; '.join(failed)}.")
    return {"status": "ready", "checks": said}


@routes.get(
    "/metrics",
    summary="Figures for Prometheus",
    scope=Scope.TASKS_READ,
    media=("text/plain",),
)
def metrics(context: Context) -> Response:
    """With authentication on they need a token like any other read: they tell how much work there is."""
    return Response(context.services.metrics.render(), content_type=CONTENT_TYPE)


def _checks(services: Services) -> Mapping[str, Callable[[], object]]:
    checks: dict[str, Callable[[], object]] = {
        "database": lambda: _ask_database(services.database),
        "workers": lambda: _ask_workers(services.pool),
    }
    if services.settings.redis_url:
        checks["redis"] = lambda: _ask_redis(services.settings.redis_url)
    return checks


def _ask(check: Callable[[], object]) -> str:
    try:
        check()
    except (SQLAlchemyError, DatabaseBusyError, RedisError, OSError, UnavailableError) as error:
        # The first line only, and never a URL: a driver's message may go on with the connection string.
        return f"{type(error).__name__} {str(error).splitlines()[0][:200]}".strip() if str(error) else "does not answer"
    return "ok"


def _ask_database(database: Database) -> None:
    with database.reader() as session:
        session.execute(select(1))


def _ask_workers(pool: WorkerPool) -> None:
    if pool.stats().workers == 0:
        raise UnavailableError("no worker process is running")


def _ask_redis(url: str) -> None:
    options: dict[str, Any] = {"socket_timeout": _REDIS_TIMEOUT, "socket_connect_timeout": _REDIS_TIMEOUT}
    with Redis.from_url(url, retry=Retry(NoBackoff(), 0), **options) as client:
        client.ping()
