"""Files on their way out, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol
from urllib.parse import quote

from flask import Response


class Export(Protocol):
    """What a service gives to be downloaded; `chunks` reads the database as it goes."""

    @property
    def file_name(self) -> str: ...
    @property
    def mime_type(self) -> str: ...
    @property
    def chunks(self) -> Iterator[bytes]: ...


def download(export: Export) -> Response:
    """A response that streams; what fails before there is anything to send is still told as an error."""
    first = next(export.chunks, b"")
    ascii_name = export.file_name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    disposition = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(export.file_name)}"
    return Response(
        _begun(first, export.chunks), content_type=export.mime_type, headers={"Content-Disposition": disposition}
    )


def _begun(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
