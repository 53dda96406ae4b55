"""What `/ws/ocr` says of an error: a code of its own short list, the sentence, details for programs, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from services import errors
from web.errors import explain
from web.schemas.ocr_socket import Code

CODES: frozenset[str] = frozenset(get_args(Code))

# Errors of the rest of the service that have another name here; every other one is a SERVER_ERROR.
_NAMES_HERE = {
    errors.InvalidInputError.code: "INVALID_MESSAGE",
    errors.UnknownEventError.code: "UNKNOWN_TYPE",
    errors.TooLargeError.code: "IMAGE_TOO_LARGE",
    errors.UnsupportedFormatError.code: "INVALID_IMAGE",
    errors.EncryptedDocumentError.code: "INVALID_IMAGE",
}

_SUGGESTIONS: Mapping[str, tuple[str, ...]] = {
    "INVALID_IMAGE": ("Send a whole png, jpg, webp, bmp, gif, tiff or pdf.", "Encode its bytes as base64, unchanged."),
    "IMAGE_TOO_LARGE": (
        "Reduce its width and height, or save it as JPEG.",
        "Send it as a task: POST /api/ocr/tasks.",
    ),
    "IMAGE_TOO_SMALL": ("Send it at its full resolution.",),
    "NO_TEXT_DETECTED": ("Send a sharper or larger picture.", "Check the region and the ignored areas."),
    "MODEL_LOAD_ERROR": ("Leave requirements.engines out.", "Run on the server: python app.py doctor"),
    "PROCESSING_TIMEOUT": ("Send a smaller picture.", "Ask for speed_requirement fast."),
    "SERVER_ERROR": ("Try again in a moment.", "If it stays, look into the server's log."),
    "RATE_LIMIT_EXCEEDED": ("Wait for details.retry_after seconds.", "Wait for answers before you send more."),
    "INVALID_MESSAGE": ("Compare the message with /api/asyncapi.json.",),
    "UNKNOWN_TYPE": ("Types are: auth, ping, ocr_request, ocr_cancel, encrypted.",),
    "UNAUTHORIZED": (
        'Send {"type": "auth", "data": {"token": "tb_…"}} first.',
        "Get a key: python app.py keys create",
    ),
    "FORBIDDEN": ("Use a key with the scope ocr.",),
    "CANCELLED": (),
    "TOO_MANY_CONNECTIONS": ("Use one connection for many requests.", "Close connections you no longer need."),
}


def fault_of(error: Exception) -> dict[str, Any]:
    """`{error_code, error_message, details, suggestions}`; what nobody foresaw is logged and not told."""
    own = error.code if isinstance(error, errors.TaskbeamError) else errors.TaskbeamError.code
    code = _NAMES_HERE.get(own, own)
    if code in CODES - {"SERVER_ERROR"}:
        message = str(error)
    else:
        code, message = "SERVER_ERROR", explain(error).message
    return {
        "error_code": code,
        "error_message": message,
        "details": _details(error, own, code),
        "suggestions": list(_SUGGESTIONS[code]),
    }


def _details(error: Exception, own: str, code: str) -> dict[str, Any]:
    details: dict[str, Any] = {} if own == code else {"code": own}
    match error:
        case errors.RateLimitExceededError():
            details["retry_after"] = round(error.retry_after, 3)
        case errors.InvalidInputError(problems=problems) if problems:
            details["errors"] = [{"field": one.field, "message": one.message} for one in problems[:20]]
    return details
