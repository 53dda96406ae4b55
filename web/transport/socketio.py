"""Builds the Socket.IO server the rest of the web layer speaks through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from web.transport.engine import FlaskSocketIO
from web.transport.origin import OriginPolicy
from web.transport.outbox import OutboxLimits


def create_socketio(
    app: Any,
    *,
    cors_origins: Sequence[str] = (),
    max_message_bytes: int = 1_000_000,
    outbox_messages: int = 1000,
    outbox_bytes: int = 4_000_000,
    ping_interval: float = 25.0,
    ping_timeout: float = 20.0,
    client_manager: Any = None,
) -> FlaskSocketIO:
    """Attach Socket.IO at `/socket.io/` to a Flask app.

    Args:
        app: the Flask application; its `wsgi_app` is wrapped.
        cors_origins: origins allowed beside our own; `["*"]` allows every one.
        max_message_bytes: of one message from a client, over WebSocket (1009 beyond) and in one long-polling POST.
        outbox_messages: how many messages may wait for a slow client before it is disconnected.
        outbox_bytes: and how many bytes.
        ping_interval: seconds between the engine's pings.
        ping_timeout: seconds a client has to answer one.
        client_manager: a python-socketio manager (Redis), None for this process alone.
    """
    options = {} if client_manager is None else {"client_manager": client_manager}
    return FlaskSocketIO(
        app,
        async_mode="eventlet",
        origins=OriginPolicy(cors_origins),
        outbox_limits=OutboxLimits(outbox_messages, outbox_bytes),
        max_http_buffer_size=max_message_bytes,
        ping_interval=ping_interval,
        ping_timeout=ping_timeout,
        **options,
    )
