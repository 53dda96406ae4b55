"""The signs of a PDF page's text with their places, as pdfium hands them out one by one."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from typing import NamedTuple

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from pypdfium2 import PdfPage

from services.ocr.page import Box

MAX_SIGNS = 100_000  # of a page; a dense newspaper page has 20,000

_INVISIBLE = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})
_LINE_ENDS = frozenset({0x0A, 0x0D})  # pdfium sees them at every raised sign, too; the places tell better
_SPELLED = {0x02: "-", 0xFFFE: "-", 0xAD: "-", 0xA0: " "}  # 02, FFFE: pdfium's signs for a hyphen at the end of a line


class Sign(NamedTuple):
    """One character. Lengths in points, y upwards."""

    text: str
    x: float  # of its middle
    y: float
    width: float  # along the direction of writing
    height: float  # across it, from the font's descent to its ascent
    angle: float  # radians, counter-clockwise, of the direction of writing
    invisible: bool


def signs(page: PdfPage) -> list[Sign]:
    """In the order of the page's content; empty when there are more than MAX_SIGNS."""
    textpage = page.get_textpage()
    try:
        count = textpage.count_chars()
        return list(_signs(textpage, count)) if 0 < count <= MAX_SIGNS else []
    finally:
        textpage.close()


def _signs(textpage: object, count: int) -> Iterator[Sign]:
    invisible: dict[int, bool] = {}
    for index in range(count):
        code = pdfium.FPDFText_GetUnicode(textpage, index)
        box = _box(textpage, index)
        if code in _LINE_ENDS or box is None:
            continue
        item = pdfium.FPDFText_GetTextObject(textpage, index)
        address = ctypes.cast(item, ctypes.c_void_p).value or 0
        if address not in invisible:
            invisible[address] = bool(address) and pdfium.FPDFTextObj_GetTextRenderMode(item) in _INVISIBLE
        angle = -pdfium.FPDFText_GetCharAngle(textpage, index)
        yield Sign(_SPELLED.get(code) or chr(code), *_upright(box, angle), angle, invisible[address])


def _box(textpage: object, index: int) -> Box | None:
    """From the font's descent to its ascent; of the glyph itself where the font does not tell them."""
    loose = pdfium.FS_RECTF()
    if pdfium.FPDFText_GetLooseCharBox(textpage, index, loose) and loose.top - loose.bottom > 0.1:
        return loose.left, loose.bottom, loose.right, loose.top
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not pdfium.FPDFText_GetCharBox(textpage, index, left, right, bottom, top):
        return None
    return left.value, bottom.value, right.value, top.value


def _upright(box: Box, angle: float) -> tuple[float, float, float, float]:
    """Middle, width and height of what, turned by `angle`, just fits into `box`."""
    left, bottom, right, top = box
    across, up = right - left, top - bottom
    cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
    if abs(cos**2 - sin**2) < 0.3:  # near 45 degrees the two cannot be told apart: letters are half as wide as high
        height = (across + up) / (1.5 * (cos + sin))
        width = height / 2
    else:
        width = (across * cos - up * sin) / (cos**2 - sin**2)
        height = (up * cos - across * sin) / (cos**2 - sin**2)
    return (left + right) / 2, (bottom + top) / 2, max(width, 0.0), max(height, 0.0)
