"""JSON for the sockets: orjson behind the two calls python-socketio makes, and binary attachments in one pass.

orjson sends UTF-8 as it is (the standard library escapes Chinese text to twice its size) and NaN as null (a bare NaN
breaks every browser's parser).
"""

from __future__ import annotations

from typing import Any

import orjson

_OPTIONS = orjson.OPT_NON_STR_KEYS  # the standard library takes integer keys, so callers may have them

loads = orjson.loads


def dumps(value: Any, **_: Any) -> str:
    """As `json.dumps`; its formatting keywords are accepted and mean nothing, the output is always compact."""
    return orjson.dumps(value, option=_OPTIONS).decode()


def dumps_with_attachments(value: Any) -> tuple[str, list[bytes]]:
    """Encode, lifting every bytes-like value out into a list and leaving Socket.IO's placeholder in its stead."""
    attachments: list[bytes] = []

    def lift(item: Any) -> dict[str, Any]:
        if not isinstance(item, (bytes, bytearray, memoryview)):
            raise TypeError(f"{type(item).__name__} cannot be sent as JSON")
        attachments.append(bytes(item))
        return {"_placeholder": True, "num": len(attachments) - 1}

    return orjson.dumps(value, default=lift, option=_OPTIONS).decode(), attachments
