"""A PDF's pages by pdfium: rendered at 300 dpi, or as large as the limit allows, with their own text if it is real."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw  # type: ignore[import-untyped]

from services.errors import EncryptedDocumentError, ImageTooLargeError, InvalidImageError
from services.ocr.decoding.document import Document
from services.ocr.decoding.isolation import isolated
from services.ocr.decoding.limits import MAX_INCHES, MAX_PIXELS, RENDER_DPI, RENDER_PIXELS, check_page_count, check_size
from services.ocr.decoding.pdf_pictures import pictures
from services.ocr.decoding.pdf_text import text_layer
from services.ocr.page import Image, Raster, Region

_POINTS_PER_INCH = 72.0
_ENCRYPTED = frozenset({pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY})


class PdfFile(Document):
    """A document is opened anew for each page, in a process that ends with it: see `isolation`."""

    format = "pdf"

    def __init__(self, source: bytes | Path) -> None:
        self._source = source
        self.page_count = int(isolated(lambda _: _inspect(source))["pages"])

    def page(self, number: int, *, max_pixels: int = MAX_PIXELS) -> Raster:
        """As `Document.page`, upright as the file's /Rotate says, forms and annotations drawn.

        Not more than RENDER_PIXELS however large the page. `text_layer` is described in pdf_text.
        """
        self.check_number(number)
        max_pixels = min(max_pixels, RENDER_PIXELS)
        pixels = mmap.mmap(-1, max_pixels * 3)  # costs memory only as far as it is written
        drawn = isolated(lambda buffer: _draw(self._source, number, max_pixels, buffer), pixels)
        height, width = drawn["height"], drawn["width"]
        image = np.frombuffer(pixels, np.uint8, height * width * 3).reshape(height, width, 3)
        layer = drawn["text_layer"]
        return Raster(image, drawn["dpi"], None if layer is None else tuple(map(Region.from_json, layer)))

    def close(self) -> None:
        """Nothing is held between pages."""


def _inspect(source: bytes | Path) -> dict[str, Any]:
    with _opened(source) as pdf:
        pages = len(pdf)
        check_page_count(pages)
        for number in range(pages):
            _check_paper(*pdf.get_page_size(number))
    return {"pages": pages}


def _draw(source: bytes | Path, number: int, max_pixels: int, pixels: mmap.mmap | None) -> dict[str, Any]:
    assert pixels is not None
    with _opened(source) as pdf:
        pdf.init_forms()
        page = pdf[number - 1]
        drawn = pictures(page)
        scale = _scale(page.get_size(), max_pixels)
        image = _rendered(page, scale)
        layer = text_layer(page, image, drawn)
    pixels[: image.size] = image.tobytes()
    return {
        "height": image.shape[0],
        "width": image.shape[1],
        "dpi": scale * _POINTS_PER_INCH,
        "text_layer": None if layer is None else [region.as_json() for region in layer],
    }


def _check_paper(width: float, height: float) -> None:
    """Points."""
    inches = max(width, height) / _POINTS_PER_INCH
    if not inches <= MAX_INCHES:
        raise ImageTooLargeError(
            f"The PDF has a page of {inches:,.0f} inches; a side may have {MAX_INCHES:.0f}. "
            "Print it to a smaller paper size and send that."
        )


def _scale(size: tuple[float, float], max_pixels: int) -> float:
    """Pixels per point, such that sides rounded up to whole pixels keep to `max_pixels`; `size` in points."""
    width, height = size
    around = width + height
    # (width s + 1) (height s + 1) = max_pixels, solved for s
    area = max(width * height, 1e-6)
    largest = (math.sqrt(around**2 + 4 * area * (max_pixels - 1)) - around) / (2 * area)
    scale = min(RENDER_DPI / _POINTS_PER_INCH, largest) * (1 - 1e-9)  # 11 inches are 3,300 pixels, not 3,300.0001
    check_size(math.ceil(width * scale), math.ceil(height * scale))
    return scale


def _rendered(page: pdfium.PdfPage, scale: float) -> Image:
    bitmap = page.render(scale=scale, rev_byteorder=True)  # RGB in three bytes, on white
    image: Image = bitmap.to_numpy()
    return image


@contextmanager
def _opened(source: bytes | Path) -> Iterator[pdfium.PdfDocument]:
    try:
        with pdfium.PdfDocument(source) as pdf:
            yield pdf
    except pdfium.PdfiumError as problem:
        if problem.err_code in _ENCRYPTED:
            raise EncryptedDocumentError from problem
        raise InvalidImageError("The PDF is damaged. Open it in a viewer, save it anew and send that.") from problem
