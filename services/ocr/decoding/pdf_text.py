"""What a PDF page says of its own text, where that can be believed.

The signs are joined to pieces of lines: a piece ends where the direction of writing or the line changes, and at a gap
wider than words leave (columns, cells), so that `layout` is free to arrange them. The gap behind an opening bracket is
a blank to be filled in and may be wide.

The layer is believed when
- it has 16 visible signs or more (a page number on a scan is no text layer),
- at most 2 in 100 of them are replacement, private-use, control or unassigned signs (fonts without a mapping),
- its words are built as words are (fonts with a wrong mapping, recognition in the wrong language): half of them, and
  four in five where most of the text is invisible, as it is over a scan,
- there is ink under nine in ten pieces, and, where pictures cover a third of the page or the text is invisible, half of
  the page's ink lies under its pieces; otherwise the picture says more than the text.

Otherwise the pixels are read, which costs time and never a page. Invisible signs in a visible layer are left out: a
person does not see them.
"""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from numpy.typing import NDArray
from pypdfium2 import PdfPage

from services.ocr.decoding.pdf_pictures import Picture
from services.ocr.decoding.pdf_signs import Sign, signs
from services.ocr.page import Box, Image, Region

ENGINE = "pdf-text"

_GAP, _BLANK = 1.5, 20.0  # between signs of one piece, in heights of a sign
_OPENING = "(（[［【〔"
_MIN_SIGNS = 16
_MAX_BAD = 0.02
_MIN_WORDS, _MIN_WORDS_INVISIBLE = 0.5, 0.8
_MIN_ON_INK = 0.9
_MIN_INK_COVERED = 0.5
_PICTURES_MATTER = 1 / 3  # of the page's area
_MIN_SIGNS_PER_PIECE = 1.5  # below: writing that runs downwards, taken apart
_INK = 60  # levels of grey away from the page's own
_LOOK_PIXELS = 1_200  # the shorter side of the copy on which ink is looked for

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # a believed layer may have a few, which no question and no file can

Affine = NDArray[np.float64]  # 2 x 3: points to pixels
Piece = list[Sign]


def text_layer(page: PdfPage, image: Image, drawn: Sequence[Picture]) -> tuple[Region, ...] | None:
    """The page's own text in the pixels of `image`, its rendering; None: read the pixels.

    A region for each piece of a line, in the order of the file; confidence 1, engine "pdf-text". `drawn`: the page's
    pictures.
    """
    found = signs(page)
    invisible = _mostly_invisible(found)
    pieces = list(_pieces(sign for sign in found if invisible or not sign.invisible))
    if not _is_text(pieces, invisible):
        return None
    to_pixels = _affine(page, image)
    regions = tuple(
        Region(_polygon(piece, to_pixels), said, 1.0, ENGINE)
        for piece in pieces
        if (said := _CONTROLS.sub("", _text(piece)).strip())
    )
    share = _share_of_pictures(page, drawn)
    return regions if _is_on_ink(regions, image, whole=invisible or share > _PICTURES_MATTER) else None


def _mostly_invisible(found: Sequence[Sign]) -> bool:
    return sum(sign.invisible for sign in found) * 2 > len(found)


def _pieces(found: Iterable[Sign]) -> Iterator[Piece]:
    piece: Piece = []
    last: Sign | None = None  # the last of the piece that is no space
    for sign in found:
        if sign.text.isspace():
            piece += [sign] if piece else []
            continue
        if last and not _goes_on(last, sign):
            yield from _finished(piece)
            piece = []
        piece.append(sign)
        last = sign
    yield from _finished(piece)


def _finished(piece: Piece) -> Iterator[Piece]:
    while piece and piece[-1].text.isspace():
        piece.pop()
    if piece:
        yield piece


def _goes_on(last: Sign, sign: Sign) -> bool:
    """Whether `sign` stands in the same line, not far behind `last`."""
    if abs(math.remainder(sign.angle - last.angle, 2 * math.pi)) > 0.05:
        return False
    begin, bottom, end, top = _along([last], last.angle)
    next_begin, next_bottom, next_end, next_top = _along([sign], last.angle)
    height = max(min(top - bottom, next_top - next_bottom), 0.1)
    overlap = min(top, next_top) - max(bottom, next_bottom)
    gap = _BLANK if last.text in _OPENING else _GAP
    return overlap > 0.3 * height and next_begin - end < gap * height and next_end > begin


def _along(piece: Piece, angle: float) -> Box:
    """The piece's extent along (left to right) and across (bottom to top) its direction of writing, in points."""
    cos, sin = math.cos(angle), math.sin(angle)
    along = [(sign.x * cos + sign.y * sin, sign.width / 2) for sign in piece]
    across = [(sign.y * cos - sign.x * sin, sign.height / 2) for sign in piece]
    return (
        min(middle - half for middle, half in along),
        min(middle - half for middle, half in across),
        max(middle + half for middle, half in along),
        max(middle + half for middle, half in across),
    )


def _polygon(piece: Piece, to_pixels: Affine) -> tuple[tuple[float, float], ...]:
    angle = piece[0].angle
    cos, sin = math.cos(angle), math.sin(angle)
    begin, bottom, end, top = _along(piece, angle)
    corners = [(begin, top), (end, top), (end, bottom), (begin, bottom)]
    points = np.array([(along * cos - across * sin, along * sin + across * cos, 1.0) for along, across in corners])
    return tuple((float(x), float(y)) for x, y in points @ to_pixels.T)


def _text(piece: Piece) -> str:
    joined = "".join(sign.text for sign in piece)
    return re.sub(r"\s+", " ", joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _affine(page: PdfPage, image: Image) -> Affine:
    """As pdfium itself maps this page, box and /Rotate included; it answers in whole pixels, hence the fine grid."""
    height, width = image.shape[:2]
    fine, reach = 256, 1_000.0
    x, y = ctypes.c_int(), ctypes.c_int()
    points = []
    for right, up in ((0.0, 0.0), (reach, 0.0), (0.0, reach)):
        pdfium.FPDF_PageToDevice(page, 0, 0, width * fine, height * fine, 0, right, up, x, y)
        points.append((x.value / fine, y.value / fine))
    origin, right_end, up_end = np.array(points)
    return np.column_stack([(right_end - origin) / reach, (up_end - origin) / reach, origin])


def _is_text(pieces: Sequence[Piece], invisible: bool) -> bool:
    text = " ".join(_text(piece) for piece in pieces)
    visible = [sign for sign in text if not sign.isspace()]
    if len(visible) < max(_MIN_SIGNS, _MIN_SIGNS_PER_PIECE * len(pieces)):
        return False
    if sum(unicodedata.category(sign)[0] == "C" or sign == "\ufffd" for sign in visible) > _MAX_BAD * len(visible):
        return False
    return _share_of_words(text) >= (_MIN_WORDS_INVISIBLE if invisible else _MIN_WORDS)


_WORD = re.compile(
    r"""[^\w]*(
        \d[\d.,:/%-]* [^\W\d_]{0,3}                 # a number, perhaps with its unit or ordinal
      | [^\W\d_]                                    # a single letter: mathematics, lists
      | [A-Z]{2,} s? | [A-Z]?[a-z'’-]*[aeiouy][a-z'’-]*  # an acronym, a word
      | \w*[^\x00-\u024f]\w*                        # any script but Latin
      | [A-Za-z\u00c0-\u024f'’-]*[\u00c0-\u024f][A-Za-z\u00c0-\u024f'’-]*
    )?[^\w]*""",
    re.VERBOSE,
)


def _share_of_words(text: str) -> float:
    """Of the words, weighed by their length, those that are built as words are."""
    words = text.split()[:5_000]
    good = sum(len(word) for word in words if len(word) <= 200 and _WORD.fullmatch(word))
    return float(good / max(1, sum(map(len, words))))


def _share_of_pictures(page: PdfPage, drawn: Sequence[Picture]) -> float:
    left, bottom, right, top = page.get_bbox()
    area: float = 0.0
    for picture in drawn:
        x1, y1, x2, y2 = picture.box
        area += max(0.0, min(x2, right) - max(x1, left)) * max(0.0, min(y2, top) - max(y1, bottom))
    return float(area / max((right - left) * (top - bottom), 1.0))


def _is_on_ink(regions: Sequence[Region], image: Image, *, whole: bool) -> bool:
    step = max(1, min(image.shape[:2]) // _LOOK_PIXELS)
    grey = image[::step, ::step, 1]
    ground = int(np.bincount(grey.ravel(), minlength=256).argmax())
    ink = abs(grey.astype(np.int16) - ground) > _INK
    covered = np.zeros_like(ink)
    on_ink = 0
    for region in regions:
        x1, y1, x2, y2 = (max(0, round(value / step)) for value in region.bbox)
        under = slice(y1, y2 + 1), slice(x1, x2 + 1)
        covered[under] = True
        on_ink += bool(ink[under].any())
    if on_ink < _MIN_ON_INK * len(regions):
        return False
    return not whole or int((ink & covered).sum()) >= _MIN_INK_COVERED * int(ink.sum())
