"""Where frames come from, as text: read, checked and shown. Cheap enough for the server; nothing is opened here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

AUTO = "auto"
FIRST_DEVICE = Path("/dev/video0")
MAX_SOURCE_CHARACTERS = 2_000
MAX_NAME_CHARACTERS = 200

Kind = Literal["test", "device", "file", "rtsp", "http"]

_TEST = re.compile(r"test(?::(?P<width>\d{2,4})x(?P<height>\d{2,4}))?(?:@(?P<fps>\d{1,2}))?", re.ASCII)
_DEVICE = re.compile(r"(?:/dev/video)?(?P<index>\d{1,2})", re.ASCII)
_SCHEMES: Mapping[str, Kind] = {"rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http"}
_MOST_DEVICES = 64  # what the kernel numbers
_PASSWORD = re.compile(r"(?<=://)([^:/?#@]*):[^/?#]*@")
_SECRET_IN_QUERY = re.compile(r"(?i)([?&][^=&]*(?:pass|pwd|token|secret|key)[^=&]*=)[^&]*")
_HELP = "Give an index, /dev/video0, a file, an rtsp:// or http:// URL, or test."


@dataclass(frozen=True, slots=True)
class Source:
    """A source that can be opened.

    `files` is the folder a file must lie in and `private_urls` whether an address may be private; a source out of the
    server's own settings is `trusted` and bound by neither.
    """

    kind: Kind
    text: str
    trusted: bool = False
    files: str = ""
    private_urls: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "text": self.text,
            "trusted": self.trusted,
            "files": self.files,
            "private_urls": self.private_urls,
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class TestPattern:
    width: int = 1280
    height: int = 720
    fps: int = 30


def parse(text: str) -> Source:
    """Raises ValueError, whose text says what is allowed."""
    if len(text) > MAX_SOURCE_CHARACTERS or not text.isprintable() or not text.strip():
        raise ValueError(f"it is empty, too long or not printable. {_HELP}")
    if _TEST.fullmatch(text):
        pattern_of(text)
        return Source("test", text)
    if device := _DEVICE.fullmatch(text):
        if int(device["index"]) >= _MOST_DEVICES:
            raise ValueError(f"devices go from 0 to {_MOST_DEVICES - 1}")
        return Source("device", text)
    if "://" in text:
        return _parse_url(text)
    if text.startswith(("test:", "test@")):
        raise ValueError("a test pattern is written like test:1280x720@30")
    if text.startswith("/dev/") or text.isdigit():
        raise ValueError(f"it is not a camera's device. {_HELP}")
    return Source("file", text)


def _parse_url(text: str) -> Source:
    try:
        url = urlsplit(text)
        url.port  # noqa: B018  # raises where it is not a number
    except ValueError as problem:
        raise ValueError(f"it is not a URL: {problem}") from problem
    kind = _SCHEMES.get(url.scheme.lower())
    if kind is None or not url.hostname:
        raise ValueError(f"only http, https, rtsp and rtsps URLs are opened. {_HELP}")
    return Source(kind, text)


def device_index(text: str) -> int:
    match = _DEVICE.fullmatch(text)
    assert match is not None
    return int(match["index"])


def pattern_of(text: str) -> TestPattern:
    """Size and rate of `test:1280x720@30`; raises ValueError out of bounds."""
    match = _TEST.fullmatch(text)
    assert match is not None
    given = {name: int(value) for name, value in match.groupdict().items() if value is not None}
    pattern = TestPattern(**given)
    if not (64 <= pattern.width <= 3840 and 48 <= pattern.height <= 2160 and 1 <= pattern.fps <= 60):
        raise ValueError("a test pattern has 64x48 to 3840x2160 pixels and 1 to 60 frames a second")
    return pattern


def split_name(text: str) -> tuple[str | None, str]:
    """`name=source` in two; a `=` inside a URL or path is part of it."""
    name, equals, source = text.partition("=")
    if not equals or re.search(r"[/:?\\]", name) or not name.strip():
        return None, text
    return name.strip(), source.strip()


def masked(text: str) -> str:
    """The source as it may be shown: without a password."""
    return _SECRET_IN_QUERY.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))
