"""A key that was revoked ends the connections it opened, too."""

from __future__ import annotations

import logging
from typing import Any

import eventlet

from web.sockets.revocation import SECONDS_BETWEEN_LOOKS
from web.websockets.door import UNAUTHORIZED, Door

log = logging.getLogger(__name__)


def end_revoked(door: Door[Any]) -> None:
    """Looks after the keys for as long as the server lives."""
    while True:
        eventlet.sleep(SECONDS_BETWEEN_LOOKS)
        try:
            for connection, refusal in list(door.unwelcome()):
                # Each in a greenthread of its own: a client that reads nothing makes whoever tells it something wait.
                eventlet.spawn(connection.dismiss, refusal, UNAUTHORIZED)
        except Exception:
            log.exception("The keys of live connections could not be checked.")
