"""What was read, as files. Each format's module has `write(pages, title)`, a generator of bytes that holds one page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from services.errors import FieldProblem, InvalidInputError
from services.ocr.export import alto, hocr, json, markdown, pdf, tsv, txt
from services.ocr.export.base import ExportFormat, ExportPage

EXPORT_FORMATS: Mapping[str, ExportFormat] = {
    "txt": ExportFormat("text/plain; charset=utf-8", ".txt", txt.write),
    "json": ExportFormat("application/json", ".json", json.write),
    "md": ExportFormat("text/markdown; charset=utf-8", ".md", markdown.write),
    "hocr": ExportFormat("text/vnd.hocr+html; charset=utf-8", ".hocr", hocr.write),
    "alto": ExportFormat("application/xml", ".alto.xml", alto.write),
    "tsv": ExportFormat("text/tab-separated-values; charset=utf-8", ".tsv", tsv.write),
    "pdf": ExportFormat("application/pdf", ".pdf", pdf.write, needs_images=True),
}

__all__ = ["EXPORT_FORMATS", "ExportFormat", "ExportPage", "check_format", "write"]


def check_format(name: str) -> str:
    if name not in EXPORT_FORMATS:
        known = f"It is one of: {', '.join(EXPORT_FORMATS)}."
        raise InvalidInputError(f"There is no export format {name!r}. {known}", [FieldProblem("format", known)])
    return name


def write(format: str, pages: Iterable[ExportPage], title: str) -> Iterator[bytes]:  # noqa: A002  # as REST calls it
    """The pages as one file, in pieces, made while `pages` is read.

    Args:
        format: a name in EXPORT_FORMATS.
        pages: in the order of the task.
        title: of the document; any text.

    Raises:
        InvalidInputError: at once, when there is no such format.
    """
    return EXPORT_FORMATS[check_format(format)].writer(pages, title)
