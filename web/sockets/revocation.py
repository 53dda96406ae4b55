"""A key that was revoked ends the connections it opened, too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import eventlet

from services.errors import UnauthorizedError
from web.sockets.connections import Connection, Connections

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 10.0


def end_revoked(
    server: Any, namespace: str, connections: Connections, tell: Callable[[Connection, UnauthorizedError], None]
) -> None:
    """Looks after the keys for as long as the server lives; `tell` says to a client why it must go."""
    while True:
        eventlet.sleep(SECONDS_BETWEEN_LOOKS)
        try:
            for connection, refusal in connections.unwelcome():
                tell(connection, refusal)
                server.disconnect(connection.sid, namespace=namespace)
        except Exception:
            log.exception("The keys of live connections could not be checked.")
