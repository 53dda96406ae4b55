"""The channel `/ws/ocr` of the AsyncAPI document."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from web.components import IN, OUT, Components, JsonObject, Wanted
from web.schemas.ocr_socket import INCOMING, OUTGOING

NAME = "ocr"
_CHANNEL = {"$ref": f"#/channels/{NAME}"}
_ABOUT = (
    'A plain WebSocket; text frames of JSON, each {"type", "data", "timestamp", "id"?}. Answers bear the id of the '
    "message they answer. Many requests may be in flight. A message is at most 4/3 of the largest image "
    "(TASKBEAM_MAX_IMAGE_MB) and a quarter more, all images of a batch together; a longer one closes with 1009. "
    "Closes: 1001 the server stops, 1008 the client takes no messages, 1013 too many connections, 4401 a bad token or "
    "none, 4408 silent for 90 s."
)


def models() -> Iterator[Wanted]:
    for asked in INCOMING.values():
        yield asked.payload, IN
    for told in OUTGOING.values():
        yield told.payload, OUT


def messages(components: Components) -> dict[str, JsonObject]:
    asked = {
        f"ocr.client.{name}": _message(name, message.payload, _summary(message.summary, message.scope), components, IN)
        for name, message in INCOMING.items()
    }
    told = {
        f"ocr.server.{name}": _message(name, message.payload, message.summary, components, OUT)
        for name, message in OUTGOING.items()
    }
    return asked | told


def channel(*, auth_required: bool) -> JsonObject:
    token = (
        "The token is given in the header `Authorization` or `X-API-Key`, as `?token=`, or in an `auth` message."
        if auth_required
        else "This server needs no token."
    )
    return {
        "address": "/ws/ocr",
        "title": "OCR live",
        "description": f"{_ABOUT} {token}",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names()},
    }


def operations() -> Iterator[tuple[str, JsonObject]]:
    for name in _names():
        action = "receive" if name.startswith("ocr.client.") else "send"
        messages = [{"$ref": f"#/channels/{NAME}/messages/{name}"}]
        yield f"ocr.{action}.{name.rpartition('.')[2]}", {"action": action, "channel": _CHANNEL, "messages": messages}


def _names() -> Iterator[str]:
    yield from (f"ocr.client.{name}" for name in INCOMING)
    yield from (f"ocr.server.{name}" for name in OUTGOING)


def _summary(text: str, scope: str | None) -> str:
    return text if scope is None else f"{text} Scope: `{scope}`."


def _message(name: str, data: type[BaseModel], summary: str, components: Components, mode: str) -> JsonObject:
    required = ["type"] if mode == IN else ["type", "data", "timestamp"]
    payload = {
        "type": "object",
        "properties": {
            "type": {"const": name},
            "data": components.ref(data, IN if mode == IN else OUT),
            "timestamp": {"type": "number", "description": "Unix seconds."},
            "id": {"type": ["string", "integer"]},
        },
        "required": required,
    }
    return {"name": name, "summary": summary, "payload": payload}
