"""A searchable PDF: each page its picture, and over it what was read, without ink, where it is printed.

A page is as large as its resolution says; where that is not known, its longer side is that of A4, as long as this means
96 to 600 dots per inch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from services.errors import InvalidImageError
from services.ocr.export.base import ExportPage
from services.ocr.export.characters import one_line
from services.ocr.export.language import tag_of
from services.ocr.export.pdf_file import PdfFile, number, text_string
from services.ocr.export.pdf_font import InklessFont
from services.ocr.export.pdf_image import PdfImage, pdf_image
from services.ocr.export.pdf_text import text_layer
from services.version import VERSION

_A4 = 2480, 3508  # pixels at 300 dpi: a page of which nothing is known
_A4_LENGTH = 11.69  # inches
_POINTS = 72.0  # an inch
_LONGEST = 14_400.0  # points that viewers take as a side
_PLAUSIBLE = 30.0, 2_400.0  # dots per inch; files say 1 or 0 where they mean "unknown"


def write(pages: Iterable[ExportPage], title: str) -> Iterator[bytes]:
    document = _Document()
    yield document.file.header()
    for page in pages:
        yield from _page(document, page)
    yield from _end(document, title)


@dataclass(slots=True)
class _Document:
    """What is known of the pages that are gone: their objects' numbers, their characters, their languages."""

    file: PdfFile = field(default_factory=PdfFile)
    font: InklessFont = field(default_factory=InklessFont)
    languages: set[str | None] = field(default_factory=set)
    kids: list[int] = field(default_factory=list)
    tree: int = 0
    font_number: int = 0
    notice_number: int = 0

    def __post_init__(self) -> None:
        self.tree, self.font_number, self.notice_number = (self.file.reserve() for _ in range(3))


def _page(document: _Document, page: ExportPage) -> Iterator[bytes]:
    file, picture = document.file, _picture(page)
    number_of_page, contents = file.reserve(), file.reserve()
    document.kids.append(number_of_page)
    resources = b"/Font << /F %d 0 R /N %d 0 R >>" % (document.font_number, document.notice_number)
    if picture:
        image = file.reserve()
        yield file.stream(image, picture.entries, picture.data)
        resources += b" /XObject << /Im %d 0 R >>" % image
    scale, width, height = _size(page, picture)
    yield file.object(
        number_of_page,
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %b %b] /Resources << %b >> /Contents %d 0 R >>"
        % (document.tree, number(width), number(height), resources, contents),
    )
    yield file.deflated(contents, _contents(document, page, picture, scale, (width, height)))


def _contents(
    document: _Document, page: ExportPage, picture: PdfImage | None, scale: float, size: tuple[float, float]
) -> bytes:
    parts = []
    if picture:
        parts.append(b"q %b 0 0 %b 0 0 cm /Im Do Q" % (number(size[0]), number(size[1])))
    if page.result:
        document.languages.add(tag_of(page.result.language))
        parts.append(text_layer(page.result, scale, size[1], document.font))
    elif not picture:
        parts.append(b"BT /N 12 Tf 36 %b Td (Page %d was not read.) Tj ET" % (number(size[1] - 48), page.page))
    return b"\n".join(parts)


def _picture(page: ExportPage) -> PdfImage | None:
    try:
        return pdf_image(page.image()) if page.image else None
    except InvalidImageError:
        return None  # its text remains


def _size(page: ExportPage, picture: PdfImage | None) -> tuple[float, float, float]:
    """Points per pixel of the result, and the page's width and height in points."""
    known = page.result or picture
    pixels = (max(1, known.width), max(1, known.height)) if known else _A4
    scale = _POINTS / _dpi(page.result.dpi if page.result else None, max(pixels))
    scale = min(scale, _LONGEST / max(pixels))
    return scale, pixels[0] * scale, pixels[1] * scale


def _dpi(said: float | None, longest: int) -> float:
    if said and _PLAUSIBLE[0] <= said <= _PLAUSIBLE[1]:
        return said
    return min(max(longest / _A4_LENGTH, 96.0), 600.0)


def _end(document: _Document, title: str) -> Iterator[bytes]:
    file = document.file
    root, info = file.reserve(), file.reserve()
    kids = b" ".join(b"%d 0 R" % kid for kid in document.kids)
    yield file.object(document.tree, b"<< /Type /Pages /Count %d /Kids [%b] >>" % (len(document.kids), kids))
    yield file.object(document.notice_number, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    yield from document.font.objects(file, document.font_number)
    yield file.object(root, b"<< /Type /Catalog /Pages %d 0 R%b >>" % (document.tree, _catalogue(document.languages)))
    producer = text_string(f"Taskbeam {VERSION}")
    yield file.object(info, b"<< /Title %b /Producer %b >>" % (text_string(one_line(title)), producer))
    yield file.trailer(root, info)


def _catalogue(languages: set[str | None]) -> bytes:
    """The title in the window's bar, and the language when all pages have one."""
    shared = languages.pop() if len(languages) == 1 else None
    language = b" /Lang (%b)" % shared.encode() if shared else b""
    return b" /ViewerPreferences << /DisplayDocTitle true >>" + language
