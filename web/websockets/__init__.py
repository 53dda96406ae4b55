"""Raw WebSockets: OCR live at `/ws/ocr`, a camera's frames at `/ws/camera`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import eventlet
from flask import Flask

from services.bootstrap import Services
from web.places import Places
from web.transport.origin import OriginPolicy
from web.transport.rawsocket import raw_websocket
from web.websockets.camera import CameraGuest, CameraSocket
from web.websockets.connection import Connection
from web.websockets.door import Door
from web.websockets.ocr import OcrSocket
from web.websockets.port import MAIN_PORT
from web.websockets.revocation import end_revoked

OCR_PATH = "/ws/ocr"
CAMERA_PATH = "/ws/camera"
_CAMERA_MESSAGE_BYTES = 64 * 1024


def register_cameras(app: Flask, services: Services, places: Places) -> None:
    """Serves `/ws/camera`."""
    door = Door[CameraGuest](services, places)
    raw_websocket(
        app,
        CAMERA_PATH,
        CameraSocket(services.cameras, door).serve,
        check_origin=_origin_check(OriginPolicy(services.settings.cors_origins)),
        max_message_bytes=_CAMERA_MESSAGE_BYTES,
        idle_timeout=None,  # most viewers never say anything; pings notice the dead
        compress=False,
        endpoint="websockets.camera",
    )
    if services.settings.auth_required:
        eventlet.spawn(end_revoked, door)


def register_ocr(app: Flask, services: Services, places: Places) -> OcrSocket:
    """Serves `/ws/ocr`; call the endpoint's `stop` when the server stops."""
    door = Door[Connection](services, places)
    endpoint = OcrSocket(services, places, door, services.ocr)
    raw_websocket(
        app,
        OCR_PATH,
        endpoint.serve,
        check_origin=_origin_check(OriginPolicy(services.settings.cors_origins)),
        max_message_bytes=endpoint.max_message_bytes,
        waiting_messages=0,  # each may have 17 MB, and the limit changes when the client is known
        endpoint="websockets.ocr",
    )
    services.metrics.watch("taskbeam_ocr_socket", "/ws/ocr", endpoint.figures)
    services.metrics.watch(
        "taskbeam_ocr_socket_images", "Images answered on /ws/ocr", endpoint.outcomes, label="outcome"
    )
    if services.settings.auth_required:
        eventlet.spawn(end_revoked, door)
    return endpoint


def _origin_check(policy: OriginPolicy) -> Any:
    def allows(environ: Mapping[str, Any]) -> bool:
        if policy.allows(environ):
            return True
        # On the extra port a page from the main one is no stranger.
        host = environ.get("HTTP_HOST", "").rpartition(":")[0]
        return MAIN_PORT in environ and policy.allows({**environ, "HTTP_HOST": f"{host}:{environ[MAIN_PORT]}"})

    return allows
