"""The API's own description, for programs."""

from __future__ import annotations

from flask import Response, current_app

from web.dispatch import json_response
from web.routing import Context, Routes

OPENAPI, ASYNCAPI = "taskbeam.openapi", "taskbeam.asyncapi"  # where the factory puts the documents

routes = Routes("documents")


@routes.get("/api/openapi.json", summary="This document", scope=None, media=("application/json",))
def openapi(context: Context) -> Response:  # noqa: ARG001 (every view gets it)
    return json_response(current_app.extensions[OPENAPI])


@routes.get("/api/asyncapi.json", summary="The sockets' document", scope=None, media=("application/json",))
def asyncapi(context: Context) -> Response:  # noqa: ARG001
    return json_response(current_app.extensions[ASYNCAPI])
