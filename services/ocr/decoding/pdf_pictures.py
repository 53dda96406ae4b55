"""The pictures that a PDF page draws: how many pixels pdfium would unpack for them, and where they lie."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import NamedTuple

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from pypdfium2 import PdfPage

from services.errors import ImageTooLargeError
from services.ocr.decoding.limits import MAX_PIXELS
from services.ocr.page import Box

_MAX_PIXELS_OF_PAGE = 4 * MAX_PIXELS  # one picture drawn a thousand times is unpacked as often
_MAX_OBJECTS = 20_000  # looked at; a map has more, none of its first ones being pictures
_MAX_DEPTH = 8


class Picture(NamedTuple):
    width: int  # pixels, as stored
    height: int
    box: Box  # on the page, in points, y upwards; of the group where it is drawn inside one


def pictures(page: PdfPage) -> list[Picture]:
    """Those among the page's first objects, also inside groups; not those inside patterns and fonts.

    Raises:
        ImageTooLargeError: one of them, or all together, have more pixels than are read.
    """
    found, total = [], 0
    for item, outer in _objects(page):
        if pdfium.FPDFPageObj_GetType(item) != pdfium.FPDF_PAGEOBJ_IMAGE:
            continue
        width, height = ctypes.c_uint(), ctypes.c_uint()
        if pdfium.FPDFImageObj_GetImagePixelSize(item, width, height):
            found.append(Picture(width.value, height.value, _bounds(outer)))
            total += width.value * height.value
            _check(found[-1], total)
    return found


def _check(picture: Picture, total: int) -> None:
    if picture.width * picture.height > MAX_PIXELS or total > _MAX_PIXELS_OF_PAGE:
        raise ImageTooLargeError(
            f"The page holds a picture of {picture.width:,} x {picture.height:,} pixels, {total // 1_000_000} "
            f"megapixels in all; at most {MAX_PIXELS // 1_000_000} and {_MAX_PIXELS_OF_PAGE // 1_000_000} are read. "
            "Save the PDF with smaller pictures."
        )


def _objects(page: PdfPage) -> Iterator[tuple[object, object]]:
    """Each object, and the one of the page's own that it is or belongs to."""
    pending = [
        (item, item, 0)
        for number in range(min(pdfium.FPDFPage_CountObjects(page), _MAX_OBJECTS))
        if (item := pdfium.FPDFPage_GetObject(page, number))
    ]
    seen = 0
    while pending and seen < _MAX_OBJECTS:
        item, outer, depth = pending.pop()
        seen += 1
        yield item, outer
        if depth < _MAX_DEPTH and pdfium.FPDFPageObj_GetType(item) == pdfium.FPDF_PAGEOBJ_FORM:
            inner = min(pdfium.FPDFFormObj_CountObjects(item), _MAX_OBJECTS - seen)
            pending += [(pdfium.FPDFFormObj_GetObject(item, number), outer, depth + 1) for number in range(inner)]


def _bounds(item: object) -> Box:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top):
        return 0.0, 0.0, 0.0, 0.0
    return left.value, bottom.value, right.value, top.value
