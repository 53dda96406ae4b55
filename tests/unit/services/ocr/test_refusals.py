from __future__ import annotations

import pytest

from services.errors import (
    EncryptedDocumentError,
    ImageTooLargeError,
    ImageTooSmallError,
    InvalidImageError,
    InvalidInputError,
    ModelLoadError,
    NoTextDetectedError,
    NotFoundError,
    TaskbeamError,
    UnitError,
    UnitTimeoutError,
)
from services.ocr.refusals import as_raised

RAISED: list[TaskbeamError] = [
    InvalidImageError("cut off"),
    EncryptedDocumentError(),
    ImageTooLargeError("too many pixels"),
    ImageTooSmallError("3 x 3 pixels"),
    NoTextDetectedError(),
    ModelLoadError("install it"),
    InvalidInputError("outside the page"),
    NotFoundError("page", 7),
]


@pytest.mark.parametrize("raised", RAISED, ids=lambda error: error.code)
def test_an_error_comes_back_from_a_worker_as_what_it_was(raised: TaskbeamError) -> None:
    back = as_raised(UnitError(raised.message, raised.code))
    assert isinstance(back, type(raised))
    assert (back.code, back.message) == (raised.code, raised.message)


@pytest.mark.parametrize("error", [UnitError("a bug", "SERVER_ERROR"), UnitTimeoutError("too long")])
def test_what_no_client_is_to_blame_for_stays_what_it_is(error: UnitError) -> None:
    assert as_raised(error) is error
