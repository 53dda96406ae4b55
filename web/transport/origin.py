"""Which web pages may talk to us: the one rule for Socket.IO, raw WebSockets and writes over REST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}


class OriginPolicy:
    """A browser always names the page's origin; what names none is not a browser and needs no such protection."""

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        """`allowed`: origins beside our own ("https://exams.example"), or "*" for any."""
        self._any = "*" in allowed
        self._allowed = {origin.rstrip("/").lower() for origin in allowed}

    def allows(self, environ: Mapping[str, Any]) -> bool:
        """Whether the request of this WSGI environment may go on. "null" (a sandboxed page, a file) is foreign."""
        origin = environ.get("HTTP_ORIGIN")
        if not origin or self._any:
            return True
        return origin.lower() in self._allowed or _is_same_origin(origin, environ.get("HTTP_HOST", ""))

    def allows_origin_of(self, _origin: str, environ: Mapping[str, Any]) -> bool:
        """The same in the form engineio calls."""
        return self.allows(environ)


def _is_same_origin(origin: str, host: str) -> bool:
    # By host and port alone: behind a proxy that ends TLS we see http where the page says https.
    try:
        parts = urlsplit(origin)
        port = str(parts.port) if parts.port else _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return False
    if not parts.hostname or port is None:
        return False
    named, _, named_port = host.lower().rpartition(":") if _has_port(host) else (host.lower(), "", port)
    return parts.hostname == named.strip("[]") and port == named_port


def _has_port(host: str) -> bool:
    return ":" in host and not host.endswith("]")
