"""Plain text. A form feed parts the pages, as with tesseract and pdftotext: no text has one, and printers obey it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.ocr.export.base import ExportPage
from services.ocr.export.characters import lines_of


def write(pages: Iterable[ExportPage], title: str) -> Iterator[bytes]:  # noqa: ARG001  # the text of the pages, no more
    before = ""
    for page in pages:
        text = "\n".join(lines_of(page.result.text)) if page.result else page.failure
        yield f"{before}{text}\n".encode()
        before = "\f"
