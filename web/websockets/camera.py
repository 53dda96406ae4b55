"""`/ws/camera`: a camera's frames without being asked, the newest each time the client has taken the one before."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import eventlet
import flask
import orjson
from pydantic import ValidationError

from services.auth import Principal, Scope
from services.cameras.broadcaster import Subscription
from services.cameras.events import CameraEvent, CameraFault
from services.cameras.frames import Frame, Wish
from services.cameras.service import CameraService
from services.errors import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    SubscriptionClosedError,
    TaskbeamError,
    UnauthorizedError,
)
from web.errors import refused_input, socket_answer
from web.schemas.camera_socket import SetMessage, StreamQuery
from web.transport import frames
from web.transport.message import Message
from web.transport.rawsocket import ConnectionClosedError, RawWebSocket
from web.websockets.door import UNAUTHORIZED, DismissedError, Door
from web.websockets.envelope import check

FORBIDDEN, NOT_FOUND = 4403, 4404  # closes, after HTTP's
_FLOOD_SECONDS = 0.1  # a client over its rate is read so much slower


class CameraGuest:
    """One client; see `door.Guest`."""

    def __init__(self, websocket: RawWebSocket, address: str) -> None:
        self.who = address
        self.principal: Principal | None = None
        self.token: str | None = None
        self.websocket = websocket
        self.camera_id: int | None = None
        self._fault: dict[str, Any] | None = None  # that is being told

    def refuse(self, error: Exception) -> None:
        """Raises ConnectionClosedError."""
        self._send({"type": "error", **socket_answer(error), "camera_id": self.camera_id})

    def dismiss(self, error: Exception, code: int) -> None:
        with suppress(ConnectionClosedError):
            self.refuse(error)
        self.websocket.close(code, str(error))

    def tell_soon(self, fault: dict[str, Any]) -> None:
        """Without waiting; one at a time, the newest."""
        is_busy, self._fault = self._fault is not None, fault
        if not is_busy:
            eventlet.spawn(self._tell)

    def _tell(self) -> None:
        with suppress(ConnectionClosedError):
            while (fault := self._fault) is not None:
                self._send(fault)
                if self._fault is fault:
                    self._fault = None

    def _send(self, message: dict[str, Any]) -> None:
        self.websocket.send(orjson.dumps(message).decode())


class CameraSocket:
    """The endpoint; `serve` is the handler of one connection.

    What is sent next is asked for when the kernel has taken all of the last, so a client that reads slowly gets fewer
    frames, and none waits here.
    """

    def __init__(self, cameras: CameraService, door: Door[CameraGuest]) -> None:
        self._cameras, self._door = cameras, door
        self._watching: set[CameraGuest] = set()
        cameras.on_status(self._on_status)

    def serve(self, websocket: RawWebSocket) -> None:
        guest = CameraGuest(websocket, flask.request.environ.get("REMOTE_ADDR", ""))
        try:
            self._admit(guest, flask.request.environ)
            self._stream(guest, _query(flask.request.args))
        except DismissedError as dismissal:
            guest.dismiss(dismissal.error, dismissal.code)
        except NotFoundError as error:
            guest.dismiss(error, NOT_FOUND)
        except InvalidInputError as error:
            guest.dismiss(error, frames.POLICY_VIOLATION)
        except SubscriptionClosedError as error:
            guest.dismiss(error, frames.GOING_AWAY)
        finally:
            self._door.leave(guest)

    def _admit(self, guest: CameraGuest, environ: Mapping[str, Any]) -> None:
        """Raises DismissedError."""
        if not self._door.enter(guest, environ) or guest.principal is None:
            missing = UnauthorizedError("This server needs an API key. Give it as ?token= or in a header.")
            raise DismissedError(missing, UNAUTHORIZED)
        try:
            guest.principal.require(Scope.CAMERA_VIEW)
        except ForbiddenError as error:
            raise DismissedError(error, FORBIDDEN) from None

    def _stream(self, guest: CameraGuest, query: StreamQuery) -> None:
        """Until the client leaves.

        Raises:
            NotFoundError, InvalidInputError: of what it asked for.
            SubscriptionClosedError: the camera has gone.
            ConnectionClosedError: the client has.
        """
        camera_id = guest.camera_id = self._cameras.get(query.camera)["id"]
        viewer = self._cameras.watch(camera_id, query.wish)
        self._watching.add(guest)
        listener = eventlet.spawn(self._listen, guest, viewer)
        try:
            if (error := self._cameras.status(camera_id)["error"]) is not None:
                guest.tell_soon(CameraFault(camera_id, **error).as_json())
            _send_frames(guest.websocket, viewer, _FORMS[query.format])
        finally:
            self._watching.discard(guest)
            listener.kill()
            viewer.close()

    def _listen(self, guest: CameraGuest, viewer: Subscription) -> None:
        try:
            while True:
                self._hear(guest, viewer, guest.websocket.receive())
        except ConnectionClosedError:
            viewer.close()  # which wakes who waits for its next frame

    def _hear(self, guest: CameraGuest, viewer: Subscription, message: str | bytes) -> None:
        try:
            self._door.count_message_of(guest)
            self._cameras.change(viewer, _changed(viewer.wish, message))
        except TaskbeamError as error:
            guest.refuse(error)
            eventlet.sleep(_FLOOD_SECONDS)

    def _on_status(self, event: CameraEvent) -> None:
        if isinstance(event, CameraFault):
            for guest in self._watching:
                if guest.camera_id == event.camera_id:
                    guest.tell_soon(event.as_json())


def _send_frames(websocket: RawWebSocket, viewer: Subscription, form: tuple[str, Callable[[Frame], Message]]) -> None:
    while True:
        try:
            frame = viewer.next()
        except SubscriptionClosedError:
            if websocket.closed:
                return
            raise
        if frame is not None:
            websocket.send_message(frame.form(*form))


def _query(given: Mapping[str, str]) -> StreamQuery:
    try:
        return StreamQuery.model_validate({name: value for name, value in given.items() if value})
    except ValidationError as error:
        raise refused_input(error) from None


def _changed(wish: Wish, message: str | bytes) -> Wish:
    """The wish after a `set`; raises InvalidInputError."""
    try:
        content = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise InvalidInputError(f"The message is no JSON: {error}") from None
    asked = check(SetMessage, content).data
    return Wish(asked.fps or wish.fps, asked.quality or wish.quality, asked.width or wish.width)


def _as_json(frame: Frame) -> Message:
    text = orjson.dumps(
        {
            "type": "image",
            "data": base64.b64encode(frame.data).decode(),
            "timestamp": frame.timestamp,
            "seq": frame.seq,
            "width": frame.width,
            "height": frame.height,
            "camera_id": frame.camera_id,
        }
    )
    return Message(frames.encode_frame(frames.TEXT, text))


def _as_bytes(frame: Frame) -> Message:
    return Message(frames.encode_frame(frames.BINARY, frame.data))


_FORMS: Mapping[str, tuple[str, Callable[[Frame], Message]]] = {
    "json": ("/ws/camera json", _as_json),
    "binary": ("/ws/camera binary", _as_bytes),
}
