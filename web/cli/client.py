"""A small REST client on the standard library: problems become errors, a lost connection is picked up again."""

from __future__ import annotations

import http.client
import json
import mimetypes
import secrets
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from services.errors import RequestInProgressError, TaskbeamError, UnavailableError

TIMEOUT = 30.0  # seconds without a byte
PATIENCE = 60.0  # seconds in which a server that answered before may come back (a restart)
CHUNK = 256 * 1024


class RefusedError(TaskbeamError):
    """The server understood and said no; `status` is the HTTP status, the message the problem's detail."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is.

    Attributes:
        context: says whose certificate to trust when it is https.
        lasts: whether the server is still there when the command has ended.
    """

    url: str
    context: ssl.SSLContext | None = None
    lasts: bool = True


@dataclass(frozen=True, slots=True)
class _Body:
    """A request's body, which can be sent again: `chunks` opens it anew each time."""

    content_type: str
    length: int
    chunks: Callable[[], Iterator[bytes]]


class Client:
    """Speaks with the server at `locate()`, which is asked again when the connection is lost.

    Args:
        locate: gives the server's address, or raises a TaskbeamError.
        token: an API key, or None.
        patience: seconds to go on trying once the server has answered.
    """

    def __init__(self, locate: Callable[[], Address], token: str | None = None, patience: float = PATIENCE) -> None:
        self._locate, self._token, self._patience = locate, token, patience
        self._connection: http.client.HTTPConnection | None = None
        self._answered = False
        self.address = Address("")

    def get(self, path: str, **query: object) -> Any:
        given = {name: value for name, value in query.items() if value is not None}
        return self._request("GET", f"{path}?{urlencode(given)}" if given else path, None)

    def post(self, path: str, value: Mapping[str, Any] | None = None) -> Any:
        return self._request("POST", path, _json_body(value or {}))

    def upload(self, path: str, *files: Path, field: str = "file", **fields: str) -> Any:
        """Send files as multipart fields of one name, read as they go, beside text fields."""
        return self._request("POST", path, _multipart_body(field, files, fields))

    def download(self, path: str, sink: IO[bytes]) -> None:
        """Write what the server sends into `sink` as it comes.

        Raises:
            RefusedError: the server said no.
            UnavailableError: it does not answer, or went away in the middle.
        """
        response = self.open(path)
        try:
            while chunk := response.read(CHUNK):
                sink.write(chunk)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise UnavailableError(f"The download from {self.address.url} broke off: {_cause(error)}") from error

    def open(self, path: str) -> http.client.HTTPResponse:
        """An answer that the caller reads as it comes, to its end or until `close()`.

        Raises:
            RefusedError: the server said no.
            UnavailableError: it does not answer.
        """
        connection = self._connection or self._connect()
        try:
            connection.request("GET", self._prefix + path, headers=self._headers(None))
            response = connection.getresponse()
            if response.status >= 400:
                _answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise UnavailableError(f"{self.address.url} does not answer: {_cause(error)}") from error
        return response

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _request(self, method: str, path: str, body: _Body | None) -> Any:
        # The key makes a write that is sent again, because its answer was lost, happen once.
        headers = self._headers(body) | ({"Idempotency-Key": secrets.token_hex(16)} if method != "GET" else {})
        deadline = time.monotonic() + self._patience
        while True:
            try:
                status, answer_headers, content = self._exchange(method, path, body, headers)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if not self._answered or time.monotonic() > deadline:
                    raise UnavailableError(f"No server answers at {self.address.url}: {_cause(error)}") from error
                time.sleep(0.5)
                continue
            self._answered = True
            if not _is_for_now(status, content) or time.monotonic() > deadline:
                return _answer(status, answer_headers, content)
            time.sleep(_retry_after(answer_headers))

    def _exchange(
        self, method: str, path: str, body: _Body | None, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        connection = self._connection or self._connect()
        connection.request(method, self._prefix + path, body.chunks() if body else None, dict(headers))
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()

    def _connect(self) -> http.client.HTTPConnection:
        self.address = self._locate()
        parts = urlsplit(self.address.url)
        self._prefix = parts.path.rstrip("/")
        self._connection = _connection(parts, self.address.context)
        return self._connection

    def _headers(self, body: _Body | None) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "taskbeam-cli"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers |= {"Content-Type": body.content_type, "Content-Length": str(body.length)}
        return headers


def _connection(parts: SplitResult, context: ssl.SSLContext | None) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT)


def _json_body(value: Mapping[str, Any]) -> _Body:
    content = json.dumps(value, ensure_ascii=False).encode()
    return _Body("application/json", len(content), lambda: iter([content]))


def _multipart_body(field: str, files: Sequence[Path], fields: Mapping[str, str]) -> _Body:
    boundary = secrets.token_hex(16)
    head = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )
    parts = [(_part_head(boundary, field, file), file) for file in files]
    tail = f"--{boundary}--\r\n".encode()

    def chunks() -> Iterator[bytes]:
        yield head
        for part_head, file in parts:
            yield part_head
            with file.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
            yield b"\r\n"
        yield tail

    length = len(head) + sum(len(part_head) + file.stat().st_size + 2 for part_head, file in parts) + len(tail)
    return _Body(f"multipart/form-data; boundary={boundary}", length, chunks)


def _part_head(boundary: str, field: str, file: Path) -> bytes:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    # RFC 7578 wants the name as UTF-8; what would end the quoted string is percent-encoded, as browsers do.
    name = quote(file.name, safe=" ", encoding="utf-8") if _unsafe(file.name) else file.name
    disposition = f'Content-Disposition: form-data; name="{field}"; filename="{name}"'
    return f"--{boundary}\r\n{disposition}\r\nContent-Type: {kind}\r\n\r\n".encode()


def _unsafe(name: str) -> bool:
    return any(character in name for character in '"\\\r\n')


def _is_for_now(status: int, content: bytes) -> bool:
    """Too many requests, or our own write, sent a second time, is still being done for the first."""
    return status == 429 or (status == 409 and RequestInProgressError.code.encode() in content)


def _answer(status: int, headers: Mapping[str, str], content: bytes) -> Any:
    if status < 400:
        return json.loads(content) if content else None
    if not headers.get("content-type", "").startswith("application/problem+json"):
        raise RefusedError(status, "SERVER_ERROR", f"The server answered {status}, and not in Taskbeam's words.")
    problem = json.loads(content)
    message = problem.get("detail") or problem.get("title") or f"The server answered {status}."
    fields = "; ".join(f"{error['field']}: {error['message']}" for error in problem.get("errors", []))
    if status == 401:
        message += " Give a key with --token or TASKBEAM_TOKEN (python app.py keys create)."
    raise RefusedError(status, problem.get("code", "SERVER_ERROR"), f"{message} ({fields})" if fields else message)


def _retry_after(headers: Mapping[str, str]) -> float:
    try:
        return min(max(float(headers.get("retry-after", "1")), 0.1), 10.0)
    except ValueError:
        return 1.0


def _cause(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
