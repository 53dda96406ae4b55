"""What a setting's text must look like; each type says in a few words what is wrong with it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import limits
from pydantic import AfterValidator, BeforeValidator, SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from services.cameras.source_spec import AUTO, MAX_NAME_CHARACTERS, parse, split_name


def cpu_count() -> int:
    """CPUs this process may use, which in a container or under taskset is fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _absolute(path: Path) -> Path:
    # Worker processes may run in another directory: a relative path must mean the same place there.
    return path.expanduser().resolve()


def _bare_host(host: str) -> str:
    bare = host.strip().removeprefix("[").removesuffix("]").lower()
    if not bare or re.search(r"[\s/@]", bare):
        raise ValueError("it is not an address or a host name")
    return bare


def _database_url(text: str) -> str:
    if not text:
        return text
    try:
        url = make_url(re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text))
    except (ArgumentError, ValueError) as error:
        raise ValueError("it is not a database URL") from error
    if url.get_backend_name() != "sqlite":
        return url.render_as_string(hide_password=False)
    if not url.database or url.database == ":memory:":
        raise ValueError("worker processes cannot share a database in memory")
    return url.set(database=str(_absolute(Path(url.database)))).render_as_string(hide_password=False)


def _redis_url(text: str) -> str:
    if text and urlsplit(text).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("it is not a Redis URL")
    return text


def _comma_list(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _origin(text: str) -> str:
    if text == "*":
        return text
    parts = urlsplit(text.rstrip("/").lower())
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query or "@" in parts.netloc:
        raise ValueError(f"{text!r} is not an origin")
    return f"{parts.scheme}://{parts.netloc}"


def _camera(text: str) -> str:
    name, source = split_name(text)
    if source != AUTO:
        parse(source)
    if name is not None and not (len(name) <= MAX_NAME_CHARACTERS and name.isprintable()):
        raise ValueError("a camera's name is too long or not printable")
    return text


def _named_apart(cameras: tuple[str, ...]) -> tuple[str, ...]:
    names = [name for name, _ in map(split_name, cameras) if name is not None]
    if len(names) > len(set(names)):
        raise ValueError("two cameras have the same name")
    return cameras


def _rate_limit(text: str) -> str:
    try:
        limits.parse(text)
    except ValueError as error:
        raise ValueError("it is not a rate") from error
    return text


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _shared_key(key: SecretStr) -> SecretStr:
    text = key.get_secret_value()
    # Its length says it all: 43 of these characters are 32 bytes and 2 bits.
    if text and not re.fullmatch(r"[A-Za-z0-9_-]{43}=?", text):
        raise ValueError("it is not base64url of 32 bytes")
    return key


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
AnyCase = BeforeValidator(_lower)
CameraList = Annotated[
    tuple[Annotated[str, AfterValidator(_camera)], ...], BeforeValidator(_comma_list), AfterValidator(_named_apart)
]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
Host = Annotated[str, AfterValidator(_bare_host)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(_comma_list)]
RateLimit = Annotated[str, AfterValidator(_rate_limit)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
SharedKey = Annotated[SecretStr, AfterValidator(_shared_key)]
