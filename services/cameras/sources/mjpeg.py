"""MJPEG over HTTP: the camera's JPEGs as they are, nothing decoded unless somebody wants it otherwise."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit

from services.cameras.checks import addresses_of
from services.cameras.multipart import PartReader, boundary_of
from services.cameras.source_spec import Source
from services.cameras.sources.base import CameraSource, Picture, first_picture
from services.cameras.sources.http_login import authorization
from services.errors import CameraUnavailableError

_CONNECTING = 2.0  # seconds for a connection, and then for the answer's header
_SILENCE = 30.0  # seconds; long before, the server's watchdog loses patience
_READ_BYTES = 2**16
_HEADERS = {"Accept": "multipart/x-mixed-replace", "User-Agent": "taskbeam"}
_NOTHING: Mapping[str, str] = MappingProxyType({})


class MjpegSource(CameraSource):
    def __init__(self, source: Source) -> None:
        self._source = source
        self._connection: _Pinned | None = None

    def open(self) -> None:
        url, addresses = urlsplit(self._source.text), addresses_of(self._source)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        answer = self._ask(url, path, addresses)
        if answer.status == 401 and (login := authorization(url, path, answer.headers)) is not None:
            self.close()
            answer = self._ask(url, path, addresses, {"Authorization": login})
        if answer.status != 200:  # a redirect, too: it could lead where no source may be
            raise CameraUnavailableError(f"{url.hostname} answers {answer.status} and not with a stream.")
        self._answer, self._parts = answer, PartReader(boundary_of(answer.headers.get("Content-Type", "")))
        if self._connection is not None and self._connection.wire is not None:
            self._connection.wire.settimeout(_SILENCE)

    def read(self) -> Picture:
        return first_picture(self._next_part)

    def _next_part(self) -> bytes:
        while (jpeg := self._parts.next()) is None:
            try:
                data = self._answer.read1(_READ_BYTES)
            except (OSError, http.client.HTTPException, ValueError) as problem:
                raise CameraUnavailableError(f"The stream broke: {problem}") from problem
            if not data:
                raise CameraUnavailableError("The stream has ended.")
            self._parts.feed(data)
        return jpeg

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            if self._connection.wire is not None:
                self._connection.wire.close()

    def _ask(
        self, url: SplitResult, path: str, addresses: list[str], more: Mapping[str, str] = _NOTHING
    ) -> http.client.HTTPResponse:
        self._connection = _Pinned(url.scheme, url.hostname or "", url.port, addresses)
        try:
            self._connection.request("GET", path, headers={**_HEADERS, **more})
            return self._connection.getresponse()
        except (OSError, http.client.HTTPException, ValueError) as problem:
            why = str(problem) or type(problem).__name__
            raise CameraUnavailableError(f"{url.hostname} does not answer: {why}") from problem


class _Pinned(http.client.HTTPConnection):
    """Connects to addresses that were checked, whatever the name leads to by now.

    `wire` is the socket, which http.client itself forgets once an answer without an end has begun.
    """

    def __init__(self, scheme: str, host: str, port: int | None, addresses: list[str]) -> None:
        self._tls = ssl.create_default_context() if scheme.lower() == "https" else None
        self.default_port = 443 if self._tls else 80
        super().__init__(host, port, timeout=_CONNECTING)
        self._addresses = addresses
        self.wire: socket.socket | None = None

    def connect(self) -> None:
        problem: OSError | None = None
        for address in self._addresses:
            try:
                self.sock = socket.create_connection((address, self.port), _CONNECTING)
                break
            except OSError as error:
                problem = error
        else:
            raise problem or ConnectionError("it has no address")
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)
        self.wire = self.sock
