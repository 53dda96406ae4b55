"""The dashboard as it was built into `static/dashboard`: its page, and its files in the encoding a browser takes."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Response, request
from werkzeug.exceptions import NotFound

BUILT = Path(__file__).parent / "static" / "dashboard"

# Where the page opens; what is shown there is its own affair.
ADDRESSES = ("tasks", "banks", "duplicates", "ocr", "cameras", "settings")

_HASHED = "assets"  # the folder of files whose name changes with their content
_ENCODINGS = {"br": ".br", "gzip": ".gz"}  # the smaller first
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class DashboardFiles:
    """`folder` may be empty, or be filled while the server runs: every request looks again."""

    folder: Path = BUILT

    @property
    def is_built(self) -> bool:
        return (self.folder / "index.html").is_file()

    def page(self) -> Response:
        return self._file("index.html", "no-cache")

    def file(self, name: str) -> Response:
        """Raises NotFound for what was not built."""
        return self._file(name, _FOR_EVER if name.startswith(f"{_HASHED}/") else "no-cache")

    def _file(self, name: str, cache_control: str) -> Response:
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()) or not path.is_file():
            raise NotFound
        encoding, chosen = _best_encoding(path)
        response = Response(chosen.read_bytes(), content_type=_content_type(path))
        response.headers["Cache-Control"] = cache_control
        response.vary.add("Accept-Encoding")
        if encoding:
            response.content_encoding = encoding
        response.add_etag()
        response.make_conditional(request)
        return response


def _best_encoding(path: Path) -> tuple[str | None, Path]:
    for encoding, suffix in _ENCODINGS.items():
        compressed = path.with_name(path.name + suffix)
        if request.accept_encodings[encoding] > 0 and compressed.is_file():
            return encoding, compressed
    return None, path


def _content_type(path: Path) -> str:
    guessed = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    return (
        f"{guessed}; charset=utf-8"
        if guessed and guessed.startswith("text/")
        else guessed or "application/octet-stream"
    )
