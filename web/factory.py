"""`create_app`: REST, pages and sockets over a set of services, without a server."""

from __future__ import annotations

from dataclasses import asdict

from flask import Flask

from services.bootstrap import Services
from services.metrics import tasks_by_status
from services.version import VERSION
from web import asyncapi, camera_metrics, health, openapi, pages
from web.api import RESOURCES
from web.api.documents import ASYNCAPI, OPENAPI
from web.auth import Gate
from web.body import discard_unfinished
from web.dashboard_files import DashboardFiles
from web.dispatch import Dispatcher
from web.edge import Edge
from web.extensions import attach_sockets
from web.routing import IdConverter


def create_app(services: Services, *, dashboard: DashboardFiles | None = None) -> Flask:
    """`dashboard`: where it was built, if not where `make run` does it."""
    app = Flask(__name__)
    app.url_map.converters["id"] = IdConverter
    _add_endpoints(app, services)
    pages.install(app, dashboard or DashboardFiles())
    attach_sockets(app, services)
    _watch(services)
    discard_unfinished(services.settings.data_dir / "uploads")
    Edge(Gate(services.settings), services.metrics).install(app)  # last, to be in front of the sockets, too
    return app


def _add_endpoints(app: Flask, services: Services) -> None:
    dispatcher = Dispatcher(services)
    endpoints = [endpoint for routes in (*RESOURCES, health.routes) for endpoint in routes.endpoints]
    for endpoint in endpoints:
        app.add_url_rule(endpoint.rule, endpoint.name, dispatcher.view_of(endpoint), methods=[endpoint.method])
    auth_required = services.settings.auth_required
    app.extensions[OPENAPI] = openapi.build_document(endpoints, version=VERSION, auth_required=auth_required)
    app.extensions[ASYNCAPI] = asyncapi.build_document(version=VERSION, auth_required=auth_required)


def _watch(services: Services) -> None:
    metrics, pool = services.metrics, services.pool
    metrics.watch("taskbeam_tasks", "Tasks", lambda: tasks_by_status(services.database), label="status")
    camera_metrics.watch(metrics, services.cameras)
    metrics.watch("taskbeam_workers", "Worker processes", lambda: asdict(pool.stats()))
