"""What travels over the raw WebSocket `/ws/ocr`: the envelope, the data of both directions, and their catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from services.auth import Scope
from services.ocr.requirements import Requirements
from web.schemas.base import Answer
from web.schemas.socket import Asked, Nothing

MOST_BATCH_IMAGES = 100

# Given back as it came. A number is kept as a number: clients compare it with what they sent.
MessageId = Annotated[str, StringConstraints(min_length=1, max_length=200)] | int
Code = Literal[
    "INVALID_IMAGE",
    "IMAGE_TOO_LARGE",
    "IMAGE_TOO_SMALL",
    "NO_TEXT_DETECTED",
    "MODEL_LOAD_ERROR",
    "PROCESSING_TIMEOUT",
    "SERVER_ERROR",
    "RATE_LIMIT_EXCEEDED",
    "INVALID_MESSAGE",
    "UNKNOWN_TYPE",
    "UNAUTHORIZED",
    "FORBIDDEN",
    "CANCELLED",
    "TOO_MANY_CONNECTIONS",
]


class Envelope(Asked):
    """What every message of a client is."""

    type: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    data: dict[str, Any] | None = None
    id: MessageId | None = None
    timestamp: Any = Field(None, description="Unix seconds; looked at only inside an `encrypted` message.")


# --- from the client ---------------------------------------------------------------------------------------------


class Auth(Asked):
    token: str | None = None
    api_key: str | None = Field(None, description="The same as `token`.")


class OcrRequest(Asked):
    """One `image`, or with `batch_processing` several `images`."""

    image: str | None = Field(
        None,
        description="Base64, with or without a `data:image/…;base64,` head; white space, the URL-safe alphabet and "
        "missing padding are understood.",
    )
    images: Annotated[list[str], Field(min_length=1, max_length=MOST_BATCH_IMAGES)] | None = None
    requirements: Requirements = Field(default_factory=Requirements)

    @model_validator(mode="after")
    def _has_what_it_says(self) -> Self:
        if self.requirements.batch_processing and self.images is None:
            raise ValueError("with batch_processing it needs `images`, a list of base64 texts")
        if not self.requirements.batch_processing and self.image is None:
            several = " (several `images` need requirements.batch_processing)" if self.images else ""
            raise ValueError(f"it needs `image`, a base64 text{several}")
        return self

    @property
    def is_batch(self) -> bool:
        return self.requirements.batch_processing

    @property
    def all_images(self) -> list[str]:
        return (self.images or []) if self.is_batch else [self.image or ""]


class OcrCancel(Asked):
    request_id: MessageId = Field(description="The request's own message id, or the one `ocr_start` gave it.")


class Encrypted(Asked):
    jwe: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="Compact JWE, alg `dir`, enc `A256GCM`, of a whole message with its `timestamp`."
    )


# --- to the client -----------------------------------------------------------------------------------------------


class ServerInfo(Answer):
    version: str
    uptime: float = Field(description="Seconds.")
    active_connections: int


class ConnectionStatus(Answer):
    status: Literal["connected", "auth_required"]
    client_id: str
    server_info: ServerInfo


class Pong(Answer):
    server_time: float
    uptime: float


class _OfRequest(Answer):
    request_id: MessageId


class _OfImage(_OfRequest):
    index: int | None = Field(None, description="In a batch: which image, from 0.")
    total: int | None = Field(None, description="In a batch: how many images.")


class OcrStart(_OfRequest):
    estimated_time: float = Field(description="Seconds until the last image is read, the wait for a worker included.")
    total: int | None = None


class OcrProgress(_OfImage):
    """Newest wins: a client that reads slowly gets fewer. In a batch `progress` is that of the whole."""

    progress: float = Field(ge=0, le=100, description="Per cent; never falls.")
    stage: Literal["preprocessing", "detection", "recognition", "postprocessing"]
    message: str


class Region(Answer):
    bbox: list[float] = Field(description="x1, y1, x2, y2 in pixels of the upright page.")
    polygon: list[list[float]]
    text: str
    confidence: float


class OcrResult(Answer):
    text: str = Field(description="In reading order.")
    confidence: float
    processing_time: float = Field(description="Seconds.")
    selected_models: list[str]
    strategy: Literal["single", "fusion"]
    language: str
    document_type: str
    regions: list[Region]
    width: int
    height: int
    rotation: int = Field(description="Degrees clockwise that set the page upright.")
    fields: dict[str, Any] | None = Field(None, description="Of receipts, id cards and business cards.")
    cached: bool


class OcrComplete(_OfImage):
    result: OcrResult


class Fault(Answer):
    error_code: Code = Field(description="Stable; what a program should look at.")
    error_message: str
    details: dict[str, Any] = Field(
        description="As the code has it: `retry_after` in seconds, `errors` by field, `code` of the server's own error."
    )
    suggestions: list[str] = Field(description="What to do, for people.")


class OcrError(Fault, _OfImage):
    pass


class Error(Fault):
    request_id: MessageId | None = Field(None, description="The id of the message it answers, where that had one.")


# --- the catalogue -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that clients send; `scope` None: no scope is needed."""

    payload: type[BaseModel]
    summary: str
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    payload: type[Answer | Asked]
    summary: str


INCOMING: Mapping[str, Incoming] = {
    "auth": Incoming(Auth, "Who is asking; needed only where `connection_status` says `auth_required`."),
    "ping": Incoming(Nothing, "Still here. A connection silent for 90 s is closed."),
    "ocr_request": Incoming(
        OcrRequest,
        "Read an image, or a batch of them. Its message `id` (or one that `ocr_start` gives it) is the `request_id` of "
        "every answer; it is free again when the last image is answered.",
        Scope.OCR,
    ),
    "ocr_cancel": Incoming(OcrCancel, "Stop a request; what it was at is answered `ocr_error` `CANCELLED`.", Scope.OCR),
    "encrypted": Incoming(Encrypted, "Any other message under the shared key; its answers come encrypted, too."),
}

OUTGOING: Mapping[str, Outgoing] = {
    "connection_status": Outgoing(ConnectionStatus, "You are connected, or must show a token first."),
    "pong": Outgoing(Pong, "The answer to `ping`."),
    "ocr_start": Outgoing(OcrStart, "The request was understood and has its place in the queue."),
    "ocr_progress": Outgoing(OcrProgress, "How far it is."),
    "ocr_complete": Outgoing(OcrComplete, "An image was read."),
    "ocr_error": Outgoing(OcrError, "An image was not read. One of these two ends each image of each request."),
    "error": Outgoing(Error, "Anything else that cannot be served; the connection stays open."),
    "encrypted": Outgoing(Encrypted, "Any of the others, in answer to an encrypted message."),
}
