from __future__ import annotations

import pytest

from services import errors
from web.websockets.faults import CODES, fault_of


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidImageError("It is none."), "INVALID_IMAGE"),
        (errors.EncryptedDocumentError(), "INVALID_IMAGE"),
        (errors.UnsupportedFormatError("Not that."), "INVALID_IMAGE"),
        (errors.ImageTooLargeError("Big."), "IMAGE_TOO_LARGE"),
        (errors.TooLargeError("Big."), "IMAGE_TOO_LARGE"),
        (errors.ImageTooSmallError("Small."), "IMAGE_TOO_SMALL"),
        (errors.NoTextDetectedError(), "NO_TEXT_DETECTED"),
        (errors.ModelLoadError("Run doctor."), "MODEL_LOAD_ERROR"),
        (errors.UnitTimeoutError("Long."), "PROCESSING_TIMEOUT"),
        (errors.UnitCancelledError("Stop."), "CANCELLED"),
        (errors.InvalidInputError("What?"), "INVALID_MESSAGE"),
        (errors.UnknownEventError("x"), "UNKNOWN_TYPE"),
        (errors.UnauthorizedError("Who?"), "UNAUTHORIZED"),
        (errors.ForbiddenError("No."), "FORBIDDEN"),
        (errors.TooManyConnectionsError("Full."), "TOO_MANY_CONNECTIONS"),
        (errors.RateLimitExceededError("5/minute", 3.21), "RATE_LIMIT_EXCEEDED"),
        (errors.WorkerLostError("Gone.", -9), "SERVER_ERROR"),
        (errors.UnavailableError("Closed."), "SERVER_ERROR"),
        (errors.UnitError("Odd.", "NO_TEXT_DETECTED"), "NO_TEXT_DETECTED"),
        (RuntimeError("a secret"), "SERVER_ERROR"),
    ],
)
def test_every_error_has_a_code_of_the_contract(error: Exception, code: str) -> None:
    fault = fault_of(error)
    assert fault["error_code"] == code
    assert code in CODES
    assert fault["error_message"]
    assert "secret" not in str(fault)


def test_details_say_when_to_try_again_and_what_the_service_itself_calls_it() -> None:
    assert fault_of(errors.RateLimitExceededError("5/minute", 3.21))["details"] == {"retry_after": 3.21}
    assert fault_of(errors.WorkerLostError("Gone.", -9))["details"] == {"code": "WORKER_LOST"}
    problem = errors.FieldProblem("data.image", "It is missing.")
    details = fault_of(errors.InvalidInputError("It is missing.", [problem]))["details"]
    assert details["errors"] == [{"field": "data.image", "message": "It is missing."}]
