"""What every request passes on its way in and out, whatever it asks for."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, g, request

from services.errors import HostRefusedError
from services.log import log_context
from services.metrics import Metrics
from web.auth import Gate
from web.errors import explain, problem_response
from web.routing import WRITES

logger = logging.getLogger(__name__)

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

REQUEST_ID = "taskbeam.request_id"  # in the WSGI environ
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Nothing inline, nothing from elsewhere; 'self' in connect-src covers the WebSocket of this origin, too.
_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_CORS_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, X-API-Key, X-Request-Id",
    "Access-Control-Max-Age": "600",
}
_METHODS = WRITES | {"GET", "HEAD", "OPTIONS"}
_EXPOSED = "Content-Disposition, Idempotency-Replayed, Location, Retry-After, X-Request-Id"


class Edge:
    def __init__(self, gate: Gate, metrics: Metrics) -> None:
        self._gate = gate
        self._metrics = metrics

    def install(self, app: Flask) -> None:
        app.before_request(self._arrive)
        app.after_request(self._leave)
        app.register_error_handler(Exception, lambda error: problem_response(explain(error)))
        app.wsgi_app = self.guard(app.wsgi_app)  # type: ignore[assignment,method-assign]  # Flask's hook

    def guard(self, app: WsgiApp) -> WsgiApp:
        """The outermost layer, which sockets pass as well: a request id for the log, and a Host that is ours."""

        def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            environ[REQUEST_ID] = _request_id(environ)
            with log_context(request_id=environ[REQUEST_ID]):
                try:
                    self._gate.check_host(environ)
                except HostRefusedError as error:
                    return _stamped(problem_response(explain(error)), environ)(environ, start_response)
                return app(environ, start_response)

        return guarded

    def _arrive(self) -> Response | None:
        g.arrived_at = time.perf_counter()
        if request.method in WRITES or request.method == "OPTIONS":
            self._gate.check_origin(request.environ)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return Response(status=204, headers=_CORS_HEADERS)
        return None

    def _leave(self, response: Response) -> Response:
        _stamped(response, request.environ)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        self._allow_origin(response)
        self._note(response)
        return response

    def _allow_origin(self, response: Response) -> None:
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin is not None and self._gate.is_foreign_but_allowed(origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED

    def _note(self, response: Response) -> None:
        seconds = time.perf_counter() - g.arrived_at
        rule = request.url_rule.rule if request.url_rule else "(unknown)"
        # Any word may stand for a method, and each would be a label that is kept for ever.
        method = request.method if request.method in _METHODS else "(unknown)"
        self._metrics.observe_request(method, rule, response.status_code, seconds)
        logger.debug("%s %s %d %.1f ms", request.method, request.path, response.status_code, 1000 * seconds)


def _stamped(response: Response, environ: dict[str, Any]) -> Response:
    for name, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = environ[REQUEST_ID]
    return response


def _request_id(environ: dict[str, Any]) -> str:
    given = environ.get("HTTP_X_REQUEST_ID", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
