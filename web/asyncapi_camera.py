"""The channels of cameras in the AsyncAPI document: namespace `/camera`, and the raw WebSocket."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from web.components import IN, OUT, Components, JsonObject, Wanted
from web.schemas.camera_socket import INCOMING, OUTGOING, SetMessage, StreamError, StreamImage
from web.schemas.socket import Refused

NAME, RAW = "camera", "camera_stream"
_RAW_ASKED = {"set": SetMessage}
_RAW_TOLD: dict[str, type[BaseModel]] = {"image": StreamImage, "error": StreamError}
_RAW_SAYS = {"image": "The newest picture.", "error": "It gives no frames, or you asked wrongly."}
_RAW_ABOUT = (
    "A plain WebSocket; also at `/` on TASKBEAM_CAMERA_WS_PORT. Frames come without being asked, the newest each time "
    "the one before was taken. Query: `camera` (id or name; the first there is), `fps` (10), `quality`, `width`, "
    "`format` (`json`, or `binary`: the JPEG alone), `token`. Closes: 1001 the server stops or the camera was deleted, "
    "1008 a query that cannot be served, 1013 too many connections, 4401 a bad token or none, 4403 a token without "
    "`camera:view`, 4404 no such camera."
)


def models() -> Iterator[Wanted]:
    for asked in INCOMING.values():
        yield asked.payload, IN
        yield asked.ack, OUT
    for told in OUTGOING.values():
        yield told.payload, OUT
    yield SetMessage, IN
    yield StreamImage, OUT
    yield StreamError, OUT


def messages(components: Components) -> dict[str, JsonObject]:
    found: dict[str, JsonObject] = {}
    for name, event in INCOMING.items():
        about = f"{event.summary} Scope: `{event.scope}`."
        found[f"{NAME}.client.{name}"] = _message(name, about, components.ref(event.payload, IN))
        answers = [components.ref(event.ack, OUT), components.ref(Refused, OUT)]
        found[f"{NAME}.client.{name}.ack"] = _message(f"{name} (ack)", f"The answer to `{name}`.", {"oneOf": answers})
    for name, told in OUTGOING.items():
        about = f"{told.summary} To: {told.to}."
        found[f"{NAME}.server.{name}"] = _message(name, about, components.ref(told.payload, OUT))
    for name, asked in _RAW_ASKED.items():
        found[f"{RAW}.client.{name}"] = _message(name, "Have the frames otherwise.", components.ref(asked, IN))
    for name, model in _RAW_TOLD.items():
        found[f"{RAW}.server.{name}"] = _message(name, _RAW_SAYS[name], components.ref(model, OUT))
    return found


def channels(*, auth_required: bool) -> dict[str, JsonObject]:
    token = "The token is given as in namespace `/`." if auth_required else "This server needs no token."
    return {
        NAME: {
            "address": "/socket.io/",
            "title": "Namespace /camera",
            "description": f"Cameras over Socket.IO. {token}",
            "messages": _refs([*_events(), *(f"{NAME}.client.{name}.ack" for name in INCOMING)]),
        },
        RAW: {
            "address": "/ws/camera",
            "title": "A camera's frames",
            "description": f"{_RAW_ABOUT} {token}",
            "messages": _refs(_raw()),
        },
    }


def operations() -> Iterator[tuple[str, JsonObject]]:
    for channel, names in ((NAME, _events()), (RAW, _raw())):
        for name in names:
            action = "receive" if name.startswith(f"{channel}.client.") else "send"
            operation: JsonObject = {
                "action": action,
                "channel": {"$ref": f"#/channels/{channel}"},
                "messages": [_of_channel(channel, name)],
            }
            if channel == NAME and action == "receive":
                operation["reply"] = {
                    "channel": operation["channel"],
                    "messages": [_of_channel(channel, f"{name}.ack")],
                }
            yield f"{channel}.{action}.{name.rpartition('.')[2]}", operation


def _events() -> list[str]:
    return [*(f"{NAME}.client.{name}" for name in INCOMING), *(f"{NAME}.server.{name}" for name in OUTGOING)]


def _raw() -> list[str]:
    return [*(f"{RAW}.client.{name}" for name in _RAW_ASKED), *(f"{RAW}.server.{name}" for name in _RAW_TOLD)]


def _refs(names: list[str]) -> dict[str, JsonObject]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _of_channel(channel: str, name: str) -> JsonObject:
    return {"$ref": f"#/channels/{channel}/messages/{name}"}


def _message(name: str, summary: str, payload: JsonObject) -> JsonObject:
    return {"name": name, "summary": summary, "payload": payload}
