"""A file of one or many pages, opened without unpacking any of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

from services.errors import NotFoundError
from services.ocr.decoding.limits import MAX_PIXELS
from services.ocr.page import Raster


class Document(ABC):
    """Made by `decode.open_document`; a context manager. Not for use by two threads at a time."""

    format: str  # as `sniff` names it
    page_count: int

    @abstractmethod
    def page(self, number: int, *, max_pixels: int = MAX_PIXELS) -> Raster:
        """The page as it was stored, EXIF applied: not yet turned upright.

        Args:
            number: from 1.
            max_pixels: a larger picture is refused, a PDF's page is rendered smaller.

        Raises:
            NotFoundError: there is no such page.
            InvalidImageError: it is cut off or damaged.
            ImageTooLargeError, ImageTooSmallError: before its pixels are unpacked.
        """

    @abstractmethod
    def close(self) -> None:
        """Idempotent."""

    def check_number(self, number: int) -> None:
        if not 1 <= number <= self.page_count:
            raise NotFoundError("page", number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
