"""What an export is given, page by page, and what a format says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from services.ocr.export.characters import one_line
from services.ocr.page import PageResult


@dataclass(frozen=True, slots=True)
class ExportPage:
    """A page of a task: read, failed, or still to be read.

    Attributes:
        page: its number in the task, from 1.
        page_in_file: its number in `file_name`, from 1.
        result: None when the page was not read.
        error: `code` and `message` of a page that failed; without it and a result the page is still to be read.
        image: gives the upright page as JPEG or PNG; called at most once, and only by formats that need images.
    """

    page: int
    file_name: str
    page_in_file: int
    result: PageResult | None
    error: Mapping[str, str] | None = None
    image: Callable[[], bytes] | None = None

    @property
    def origin(self) -> str:
        return f"{one_line(self.file_name)}, page {self.page_in_file}"

    @property
    def status(self) -> str:
        if self.result:
            return "completed"
        return "failed" if self.error else "pending"

    @property
    def failure(self) -> str:
        """What stands in place of the text that is not there, in one line for people."""
        page = f"Page {self.page} ({self.origin})"
        if self.error is None:
            return f"[{page} was not read yet.]"
        reason = one_line(f"{self.error['code']}: {self.error['message']}")
        return f"[{page} was not read. {reason}]"


Writer = Callable[[Iterable[ExportPage], str], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """`writer(pages, title)` takes each page once and lets go of it before the next."""

    media_type: str
    suffix: str
    writer: Writer
    needs_images: bool = False
