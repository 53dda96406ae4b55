"""Errors as they come back from worker processes, by their codes alone, made into the classes they were raised as."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
)


class PartNotFoundError(NotFoundError):
    """The document has no such page, the page no such region; the message is the worker's."""

    def __init__(self, message: str) -> None:
        TaskbeamError.__init__(self, message)


_BY_CODE: Mapping[str, Callable[[str], TaskbeamError]] = {
    InvalidInputError.code: InvalidInputError,
    InvalidImageError.code: InvalidImageError,
    EncryptedDocumentError.code: lambda _message: EncryptedDocumentError(),
    ImageTooLargeError.code: ImageTooLargeError,
    ImageTooSmallError.code: ImageTooSmallError,
    NoTextDetectedError.code: lambda _message: NoTextDetectedError(),
    ModelLoadError.code: ModelLoadError,
    NotFoundError.code: PartNotFoundError,
}


def as_raised(error: UnitError) -> TaskbeamError:
    """The error that the unit raised; timeouts, cancels and lost workers stay what they are."""
    make = _BY_CODE.get(error.code)
    return make(error.message) if make else error
