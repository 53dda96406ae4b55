"""A JSON array of the pages, named as REST names them: page, file_name, page_in_file, status, error, result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from services.ocr.export.base import ExportPage


def write(pages: Iterable[ExportPage], title: str) -> Iterator[bytes]:  # noqa: ARG001  # an array has no title
    before = b"[\n"
    for page in pages:
        yield before + _dumps(_as_object(page))
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _as_object(page: ExportPage) -> dict[str, Any]:
    return {
        "page": page.page,
        "file_name": page.file_name,
        "page_in_file": page.page_in_file,
        "status": page.status,
        "error": dict(page.error) if page.error else None,
        "result": page.result.as_json() if page.result else None,
    }


def _dumps(value: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:  # a lone surrogate somewhere
        return orjson.dumps(_encodable(value), option=orjson.OPT_NON_STR_KEYS)


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case Mapping():
            return {_encodable(key): _encodable(item) for key, item in value.items()}
        case list() | tuple():
            return [_encodable(item) for item in value]
    return value
