"""One error tree. Each class is a sentence, carries its data and a code that clients may rely on.

The web layer's table (web/errors.py) turns each class into HTTP, Socket.IO and raw WebSocket answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TaskbeamError(Exception):
    """Base of every error a caller is told about; `code` is stable, the message says what to do."""

    code = "SERVER_ERROR"

    @property
    def message(self) -> str:
        return str(self)


class NotFoundError(TaskbeamError):
    code = "NOT_FOUND"

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"There is no {what} {key}.")
        self.what, self.key = what, key


class ConflictError(TaskbeamError):
    """The request contradicts the present state of what it names."""

    code = "CONFLICT"


class InvalidTransitionError(ConflictError):
    code = "INVALID_TRANSITION"

    def __init__(self, task_id: int, action: str, status: str, allowed: Sequence[str]) -> None:
        remedy = f"It can be: {', '.join(allowed)}." if allowed else "Nothing more can be done with it."
        super().__init__(f"Task {task_id} is {status}; it cannot {action}. {remedy}")
        self.task_id, self.action, self.status, self.allowed = task_id, action, status, tuple(allowed)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that was refused: `field` is a dotted path ("filters.type_name"), `message` a sentence."""

    field: str
    message: str


class InvalidInputError(TaskbeamError):
    code = "INVALID_INPUT"

    def __init__(self, message: str, problems: Sequence[FieldProblem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class UnknownEventError(InvalidInputError):
    code = "UNKNOWN_EVENT"

    def __init__(self, event: str) -> None:
        super().__init__(f"There is no event {event[:100]!r} that this server listens to.")


class UnauthorizedError(TaskbeamError):
    code = "UNAUTHORIZED"


class ForbiddenError(TaskbeamError):
    code = "FORBIDDEN"


class OriginRefusedError(ForbiddenError):
    code = "ORIGIN_REFUSED"

    def __init__(self, origin: str) -> None:
        super().__init__(f"Origin {origin!r} is not allowed. Add it to TASKBEAM_CORS_ORIGINS if it is yours.")
        self.origin = origin


class HostRefusedError(ForbiddenError):
    code = "HOST_REFUSED"

    def __init__(self, host: str) -> None:
        super().__init__(
            f"This server listens on loopback without authentication and does not answer to the name {host!r}. "
            "Add its origin to TASKBEAM_CORS_ORIGINS if the name is yours."
        )
        self.host = host


class RequestInProgressError(ConflictError):
    code = "REQUEST_IN_PROGRESS"

    def __init__(self, key: str) -> None:
        super().__init__(f"A request with the Idempotency-Key {key!r} is still under way. Ask again in a moment.")
        self.key = key


class IdempotencyKeyReusedError(InvalidInputError):
    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self, key: str) -> None:
        super().__init__(f"The Idempotency-Key {key!r} was used for another request. Take a new key for each write.")
        self.key = key


class TooLargeError(TaskbeamError):
    code = "TOO_LARGE"


class UnsupportedFormatError(TaskbeamError):
    code = "UNSUPPORTED_FORMAT"


class RateLimitExceededError(TaskbeamError):
    code = "RATE_LIMIT_EXCEEDED"

    def __init__(self, limit: str, retry_after: float) -> None:
        super().__init__(f"More than {limit}. Try again in {retry_after:.0f} s.")
        self.limit, self.retry_after = limit, retry_after


class TooManyConnectionsError(TaskbeamError):
    code = "TOO_MANY_CONNECTIONS"


class UnavailableError(TaskbeamError):
    """Something the service needs (database, Redis, a worker) does not answer now."""

    code = "UNAVAILABLE"


class DatabaseAwayError(UnavailableError):
    code = "DATABASE_AWAY"


class UnitError(TaskbeamError):
    """A unit of work ended without a result."""

    code = "UNIT_FAILED"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class UnitTimeoutError(UnitError):
    code = "PROCESSING_TIMEOUT"


class WorkerLostError(UnitError):
    """The worker process died inside the unit; `exit_status` as subprocess gives it (negative: the signal)."""

    code = "WORKER_LOST"

    def __init__(self, message: str, exit_status: int | None) -> None:
        super().__init__(message)
        self.exit_status = exit_status


class UnitCancelledError(UnitError):
    code = "CANCELLED"


class ConfigurationError(TaskbeamError):
    """A setting has a value the service cannot start with; the message names the variable."""

    code = "CONFIGURATION"


class InvalidImageError(InvalidInputError):
    """Not a picture or document that can be read; its name does not count, its bytes do."""

    code = "INVALID_IMAGE"


class EncryptedDocumentError(InvalidImageError):
    code = "ENCRYPTED_DOCUMENT"

    def __init__(self) -> None:
        super().__init__("The PDF is encrypted. Save it without a password and send it again.")


class ImageTooLargeError(TooLargeError):
    code = "IMAGE_TOO_LARGE"


class ImageTooSmallError(InvalidInputError):
    code = "IMAGE_TOO_SMALL"


class NoTextDetectedError(InvalidInputError):
    code = "NO_TEXT_DETECTED"

    def __init__(self) -> None:
        super().__init__("No text was found. Send a sharper or larger picture, or check the region and ignored areas.")


class ModelLoadError(UnavailableError):
    """An engine cannot be used here; the message says what to install or fetch."""

    code = "MODEL_LOAD_ERROR"


class SourceRefusedError(InvalidInputError):
    """A camera source that may not be opened; the message says what is allowed."""

    code = "SOURCE_REFUSED"


class CameraUnavailableError(UnavailableError):
    """A camera gives no frames now."""

    code = "CAMERA_UNAVAILABLE"


class SubscriptionClosedError(UnavailableError):
    """The viewer left, its camera was deleted, or the server stops."""

    code = "SUBSCRIPTION_CLOSED"

    def __init__(self) -> None:
        super().__init__("The camera's stream has ended. Watch it again.")
