"""Who may speak to us: the name we are called by, the page that calls, and the token it brings.

Everything here reads a WSGI environ, so that REST, Socket.IO and raw WebSockets are judged by the same rules.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from services.config import Settings
from services.errors import HostRefusedError, OriginRefusedError
from web.transport.origin import OriginPolicy

Environ = Mapping[str, Any]


class Gate:
    """Which hosts and origins are ours.

    A browser sends `Origin` with every write and every WebSocket, programs mostly send none; so a missing one is let
    through, a foreign one or `null` (a sandboxed page, a file) is not. Without authentication on loopback a page that
    points its own name at 127.0.0.1 (DNS rebinding) would be same-origin; there the Host must be loopback's, too.
    """

    def __init__(self, settings: Settings) -> None:
        self._origins = OriginPolicy(settings.cors_origins)
        self._foreign = set(settings.cors_origins)
        self._names = {urlsplit(text).hostname for text in settings.cors_origins if text != "*"} | {settings.host}
        self._guards_host = settings.is_loopback and not settings.auth_required

    def check_host(self, environ: Environ) -> None:
        """Raises HostRefusedError for a name that is not ours, where nothing but the name protects us."""
        host = environ.get("HTTP_HOST", "")
        if self._guards_host and host and not self._is_our_name(host):
            raise HostRefusedError(host)

    def check_origin(self, environ: Environ) -> None:
        """Raises OriginRefusedError unless the request comes from no page, our own, or one that was allowed."""
        if not self._origins.allows(environ):
            raise OriginRefusedError(environ["HTTP_ORIGIN"])

    def is_foreign_but_allowed(self, origin: str) -> bool:
        """Whether answers must tell the browser that this origin was named in TASKBEAM_CORS_ORIGINS."""
        return "*" in self._foreign or origin.lower() in self._foreign

    def _is_our_name(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        return name in self._names or name == "localhost" or name.endswith(".localhost") or _is_loopback(name)


def token_of_headers(environ: Environ) -> str | None:
    """The token of `Authorization: Bearer …` or `X-API-Key`."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return str(token.strip())
    return environ.get("HTTP_X_API_KEY") or None


def token_of_socket(environ: Environ, auth: object = None) -> str | None:
    """A socket's token: in its `auth` object, else in a header, else in the query, as browsers can send it."""
    token = auth.get("token") if isinstance(auth, dict) else None
    if isinstance(token, str) and token:
        return token
    in_query = parse_qs(environ.get("QUERY_STRING", "")).get("token", [])
    return token_of_headers(environ) or (in_query[0] if in_query else None)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
