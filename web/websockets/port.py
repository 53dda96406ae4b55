"""A port that serves one WebSocket and nothing else, for clients that dial it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.exceptions import NotFound

from web.errors import explain, problem_response

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

MAIN_PORT = "taskbeam.main_port"  # in the WSGI environ: where the pages come from


def only(path: str, app: WsgiApp, main_port: int, *, at: str | None = None) -> WsgiApp:
    """`app`, as far as it is at `path`; clients find it at `at`, if that is another one."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != (at or path):
            return problem_response(explain(NotFound()))(environ, start_response)
        environ["PATH_INFO"] = path
        environ[MAIN_PORT] = main_port
        return app(environ, start_response)

    return serve
