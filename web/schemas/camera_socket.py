"""What travels over Socket.IO, namespace `/camera`, and over the raw WebSocket of a camera."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from services.auth import Scope
from services.cameras.events import CameraState
from services.cameras.frames import FPS, QUALITY, WIDTH, Wish
from services.cameras.source_spec import MAX_SOURCE_CHARACTERS
from web.schemas.base import MAX_INT, NO_NUL, Answer, Query, Whole
from web.schemas.socket import Asked, Done, Incoming, Outgoing

Encoding = Literal["binary", "base64"]
CameraKey = Annotated[
    Annotated[int, Field(ge=1, le=MAX_INT)] | Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)],
    Field(description="Id or name."),
]
Fps = Annotated[float, Field(ge=FPS[0], le=FPS[1], description="Most frames a second.")]
Quality = Annotated[Whole, Field(ge=QUALITY[0], le=QUALITY[1], description="Of the JPEGs.")]
Width = Annotated[Whole, Field(ge=WIDTH[0], le=WIDTH[1], description="Pixels; never more than the source has.")]
_FIRST = "null or left out: the first camera there is."
_OWN = "What is left out is as the camera has it."


# --- from the client ---------------------------------------------------------------------------------------------


class _Wished(Asked):
    fps: Fps | None = None
    quality: Quality | None = None
    width: Width | None = None


class Watch(_Wished):
    __doc__ = _OWN

    camera_id: CameraKey | None = Field(None, description=_FIRST)
    encoding: Encoding = Field("binary", description="Whether `data` is an attachment of bytes or base64 text.")

    @property
    def wish(self) -> Wish:
        return Wish(self.fps, self.quality, self.width)


class Control(_Wished):
    """Changes the camera for all who did not ask for something of their own."""

    camera_id: CameraKey | None = Field(None, description=_FIRST)
    source: Annotated[str, StringConstraints(max_length=MAX_SOURCE_CHARACTERS, pattern=NO_NUL)] | None = None


class Unwatch(Asked):
    camera_id: CameraKey | None = Field(None, description="null or left out: every camera.")


# --- acks ----------------------------------------------------------------------------------------------------------


class _Look(Done):
    camera_id: int
    name: str
    fps: float
    quality: int
    width: int | None = Field(description="null: as the source gives it.")


class Watching(_Look):
    encoding: Encoding


class Controlled(_Look):
    source: str = Field(description="Without its password.")


class Unwatched(Done):
    camera_ids: list[int]


# --- to the client -------------------------------------------------------------------------------------------------


class EncodedVariant(Answer):
    width: int | None
    quality: int
    fps: float


class ViewerFigures(Answer):
    fps: float = Field(description="Frames a second that you are sent.")
    sent: int
    dropped: int = Field(description="Frames that were due, and gone before you were ready.")
    bytes: int


class CameraStatusOut(Answer):
    """At every change, and every 2 s while you keep up; `age`, `encoded` and `you` come with the answer to `watch` and
    every 2 s.
    """

    camera_id: int
    name: str
    state: CameraState
    width: int = Field(description="The source's; 0 while it is not known.")
    height: int
    fps: float = Field(description="What the source gives now.")
    viewers: int
    age: float | None = Field(None, description="Of the newest frame, in seconds.")
    encoded: list[EncodedVariant] | None = None
    you: ViewerFigures | None = None


class CameraFrame(Answer):
    camera_id: int
    type: Literal["image"]
    seq: int = Field(description="Rises; gaps are frames you were not sent.")
    timestamp: float = Field(description="When the camera gave it; Unix seconds.")
    width: int
    height: int
    data: str = Field(
        description="A JPEG: a binary attachment (bytes, Buffer, ArrayBuffer), or base64 text where that was asked for."
    )


class CameraErrorOut(Answer):
    camera_id: int | str | None = Field(description="null: it concerns no camera in particular.")
    type: Literal["error"]
    code: str = Field(description="Stable; what a program should look at.")
    message: str


INCOMING: Mapping[str, Incoming] = {
    "watch": Incoming(
        Watch,
        Watching,
        Scope.CAMERA_VIEW,
        "Get a camera's frames. Answers `camera_status` at once. A second one for the same camera changes the first.",
    ),
    "control": Incoming(Control, Controlled, Scope.CAMERA_CONTROL, "Change a camera."),
    "unwatch": Incoming(Unwatch, Unwatched, Scope.CAMERA_VIEW, "Get no more frames."),
}

OUTGOING: Mapping[str, Outgoing] = {
    "camera_status": Outgoing(CameraStatusOut, "who watches the camera", "How it is."),
    "frame": Outgoing(
        CameraFrame,
        "who watches the camera",
        "The newest picture. Ack it when you are ready for another: a viewer that acks has at most 2 un-acked frames, "
        "and each ack brings the newest. One that acks none within 2 s gets what its connection takes.",
    ),
    "camera_error": Outgoing(
        CameraErrorOut, "who watches the camera; who asked wrongly", "It gives no frames, or you asked wrongly."
    ),
}


# --- the raw WebSocket ---------------------------------------------------------------------------------------------


class StreamQuery(Query):
    """What else is asked (such as `token`) is not looked at here."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    camera: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] | None = None
    fps: Fps = 10.0
    quality: Quality | None = None
    width: Width | None = None
    format: Literal["json", "binary"] = "json"

    @property
    def wish(self) -> Wish:
        return Wish(self.fps, self.quality, self.width)


class SetData(_Wished):
    """What is left out stays as it is."""


class SetMessage(Asked):
    type: Literal["set"]
    data: SetData


class StreamImage(Answer):
    type: Literal["image"]
    data: str = Field(description="A JPEG as base64.")
    timestamp: float = Field(description="When the camera gave it; Unix seconds.")
    seq: int
    width: int
    height: int
    camera_id: int


class StreamError(Answer):
    type: Literal["error"]
    code: str = Field(description="Stable; what a program should look at.")
    message: str
    camera_id: int | None = Field(description="null: none was found.")
