"""The AsyncAPI 3.0 document of Socket.IO, made from the catalogue that is served."""

from __future__ import annotations

from collections.abc import Iterator

from web import asyncapi_camera, asyncapi_ocr
from web.components import IN, OUT, Components, JsonObject, Wanted
from web.schemas.socket import INCOMING, OUTGOING, Incoming, Outgoing, Refused

VERSION = "3.0.0"
_CHANNEL = {"$ref": "#/channels/tasks"}


def build_document(*, version: str, auth_required: bool) -> JsonObject:
    """Both namespaces of Socket.IO, `/ws/ocr` and `/ws/camera`; `send` and `receive` are the server's."""
    components = Components([*_models(), *asyncapi_ocr.models(), *asyncapi_camera.models()])
    messages = {
        **{f"client.{name}": _incoming(name, event, components) for name, event in INCOMING.items()},
        **{f"client.{name}.ack": _ack(name, event, components) for name, event in INCOMING.items()},
        **{f"server.{name}": _outgoing(name, event, components) for name, event in OUTGOING.items()},
    }
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Taskbeam sockets",
            "version": version,
            "description": "Socket.IO protocol 5, over WebSocket and long-polling. Every event answers its ack with "
            "`{ok: true, …}` or `{ok: false, code, message}`. Task events carry `seq`: 1, 2, 3 … without gaps.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "tasks": {
                "address": "/socket.io/",
                "title": "Namespace /",
                "description": _connecting(auth_required),
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            },
            asyncapi_ocr.NAME: asyncapi_ocr.channel(auth_required=auth_required),
            **asyncapi_camera.channels(auth_required=auth_required),
        },
        "operations": dict([*_operations(), *asyncapi_ocr.operations(), *asyncapi_camera.operations()]),
        "components": {
            "messages": messages | asyncapi_ocr.messages(components) | asyncapi_camera.messages(components),
            "schemas": components.schemas,
        },
    }


def _connecting(auth_required: bool) -> str:
    full = (
        "Where there is no place for a connection now, or it came too soon, it is closed (1013) with the code as its "
        "reason: the client's library comes back by itself."
    )
    if not auth_required:
        return f"This server needs no token. `auth: {{lobby: false}}` keeps a connection out of the lobby. {full}"
    return (
        "The token is given as `auth: {token}`, in the header `Authorization` or `X-API-Key`, or as `?token=`. "
        f"A bad one fails the connect with `connect_error`, `data: {{code, message}}`. {full}"
    )


def _models() -> Iterator[Wanted]:
    yield Refused, OUT
    for asked in INCOMING.values():
        yield asked.payload, IN
        yield asked.ack, OUT
    for told in OUTGOING.values():
        yield told.payload, OUT


def _incoming(name: str, event: Incoming, components: Components) -> JsonObject:
    return {
        "name": name,
        "summary": event.summary,
        "description": f"Scope: `{event.scope}`.",
        "payload": components.ref(event.payload, IN),
    }


def _ack(name: str, event: Incoming, components: Components) -> JsonObject:
    answers = [components.ref(event.ack, OUT), components.ref(Refused, OUT)]
    return {"name": f"{name} (ack)", "summary": f"The answer to `{name}`.", "payload": {"oneOf": answers}}


def _outgoing(name: str, event: Outgoing, components: Components) -> JsonObject:
    payload = components.ref(event.payload, OUT)
    return {"name": name, "summary": event.summary, "description": f"To: {event.to}.", "payload": payload}


def _operations() -> Iterator[tuple[str, JsonObject]]:
    for name in INCOMING:
        yield (
            f"receive.{name}",
            {
                "action": "receive",
                "channel": _CHANNEL,
                "messages": [_message(f"client.{name}")],
                "reply": {"channel": _CHANNEL, "messages": [_message(f"client.{name}.ack")]},
            },
        )
    for name in OUTGOING:
        yield f"send.{name}", {"action": "send", "channel": _CHANNEL, "messages": [_message(f"server.{name}")]}


def _message(name: str) -> JsonObject:
    return {"$ref": f"#/channels/tasks/messages/{name}"}
