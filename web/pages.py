"""The dashboard where it was built, else a simple first page; the cameras and the reference page. All work offline and
under a strict CSP.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

from flask import Blueprint, Flask, Response, current_app, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from services.version import VERSION
from web.dashboard_files import ADDRESSES, DashboardFiles

DASHBOARD = "taskbeam.dashboard"

blueprint = Blueprint("pages", __name__)

Texts = dict[str, str]

_TEXTS: dict[str, Texts] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in (Path(__file__).parent / "texts").glob("*.json")
}
LANGUAGES = ("en", "zh")


def install(app: Flask, dashboard: DashboardFiles) -> None:
    app.extensions[DASHBOARD] = dashboard
    app.register_blueprint(blueprint)


@blueprint.get("/")
def home() -> Response:
    return _dashboard().page() if _dashboard().is_built else _page("home.html")


def dashboard_page(rest: str = "") -> AnyResponse:  # noqa: ARG001 (the page reads its own address)
    return _dashboard().page() if _dashboard().is_built else redirect("/")


for _address in ADDRESSES:
    blueprint.add_url_rule(f"/{_address}", view_func=dashboard_page, methods=["GET"])
    blueprint.add_url_rule(f"/{_address}/<path:rest>", view_func=dashboard_page, methods=["GET"])


@blueprint.get("/static/dashboard/<path:name>")
def dashboard_file(name: str) -> Response:
    return _dashboard().file(name)


@blueprint.get("/camera")
def camera() -> Response:
    return _page("camera.html")


@blueprint.get("/api/docs")
def reference() -> Response:
    return _page("docs.html")


def _dashboard() -> DashboardFiles:
    files: DashboardFiles = current_app.extensions[DASHBOARD]
    return files


def _page(template: str) -> Response:
    texts = _texts()
    # A namespace, because in a template a dict's own methods hide its keys ("copy").
    page = render_template(template, t=SimpleNamespace(**texts), texts=texts, version=VERSION, origin=request.host_url)
    response = make_response(page)
    response.vary.add("Accept-Language")
    response.headers["Cache-Control"] = "no-cache"
    return response


def _texts() -> Texts:
    """In the language asked for by `?lang=`, else by the browser."""
    asked = request.args.get("lang")
    language = asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en")
    return _TEXTS[language or "en"]
