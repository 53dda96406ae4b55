"""A line with its blanks cut out of the pixels, so that the recogniser reads what stands between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from services.ocr.blanks.lines import Line, Span
from services.ocr.crops import cut
from services.ocr.page import Image

_GAP = 0.3  # heights of a line: what is left of a blank
_STUB = 0.06  # heights of a line cut away on either side of a rule: its frayed ends
_THICK = 0.06  # heights of a line: half the thickness of a rule
_INKED = 0.35  # of the contrast


@dataclass(frozen=True, slots=True)
class Splice:
    """Attributes:
    image: the pieces side by side; None when there was nothing but blanks.
    seams: for each blank, where it was cut out, 0 … 1 along `image`.
    spaced: for each blank, whether there was a space before and after it.
    """

    image: Image | None
    seams: tuple[float, ...]
    spaced: tuple[tuple[bool, bool], ...]


def splice(image: Image, line: Line, spans: Sequence[Span], left: float, right: float, contrast: float) -> Splice:
    """The line from `left` to `right` (u) without its `spans`, which are in order and do not overlap."""
    crop = cut(image, line.quad(left, right))
    scale = crop.shape[1] / (right - left)
    crop = crop.copy()
    for span in spans:
        _paint_over_ends(crop, span, left, scale, line.height)
    holes = [_hole(span, left, scale, crop.shape[1]) for span in spans]
    ink = _inked_columns(crop, contrast)
    bounds = list(zip([0, *(end for _, end in holes)], [*(start for start, _ in holes), crop.shape[1]], strict=True))
    pieces = [_bare(crop, ink, start, end, line.height * scale) for start, end in bounds]
    gap = np.broadcast_to(_paper(crop), (crop.shape[0], max(1, round(_GAP * line.height * scale)), 3))
    spaced = tuple(
        (_far(ink[a0:a1][::-1], line.height * scale), _far(ink[b0:b1], line.height * scale))
        for (a0, a1), (b0, b1) in pairwise(bounds)
    )
    return _joined(pieces, gap, spaced)


def _joined(pieces: list[Image], gap: Image, spaced: tuple[tuple[bool, bool], ...]) -> Splice:
    parts: list[Image] = []
    seams: list[float] = []
    width = 0
    for number, piece in enumerate(pieces):
        if number:
            seams.append(width + gap.shape[1] / 2)
            parts.append(gap)
            width += gap.shape[1]
        parts.append(piece)
        width += piece.shape[1]
    if not any(piece.shape[1] for piece in pieces):
        return Splice(None, tuple(0.0 for _ in seams), spaced)
    return Splice(np.hstack(parts), tuple(seam / width for seam in seams), spaced)


def _hole(span: Span, left: float, scale: float, width: int) -> tuple[int, int]:
    start, end = np.clip(np.round(((span.start - left) * scale, (span.end - left) * scale)), 0, width).astype(int)
    return int(start), int(end)


def _paint_over_ends(crop: Image, span: Span, left: float, scale: float, height: float) -> None:
    """A rule may go on for a pixel or two, beside a full stop even under it: only its own rows are cleared there."""
    stub, half = max(1, round(_STUB * height * scale)), max(1, round(_THICK * height * scale))
    row = round(span.v * crop.shape[0])
    rows = slice(max(0, row - half), row + half + 1)
    for column in (round((span.start - left) * scale) - stub, round((span.end - left) * scale)):
        crop[rows, max(0, column) : max(0, column + stub)] = _paper(crop)


def _bare(crop: Image, ink: NDArray[np.bool_], start: int, end: int, height: float) -> Image:
    """A piece with little paper around its ink; nothing at all when it has none."""
    inked = np.flatnonzero(ink[start:end])
    if not len(inked):
        return crop[:, :0]
    margin = round(0.3 * height)
    return crop[:, max(start, start + int(inked[0]) - margin) : min(end, start + int(inked[-1]) + 1 + margin)]


def _inked_columns(crop: Image, contrast: float) -> NDArray[np.bool_]:
    size = max(3, int(0.07 * crop.shape[0]) | 1)
    soft = cv2.blur(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), (size, size))
    paper = float(np.percentile(soft, 80))
    trim = round(0.12 * crop.shape[0])  # neighbouring rows may look in
    rows = soft[trim : crop.shape[0] - trim // 2]
    return np.asarray((rows < paper - _INKED * contrast).any(axis=0))


def _far(ink: NDArray[np.bool_], height: float) -> bool:
    """Does the ink begin further away than letters are apart?"""
    inked = np.flatnonzero(ink)
    return bool(len(inked)) and int(inked[0]) > 0.18 * height


def _paper(crop: Image) -> Image:
    return np.percentile(crop.reshape(-1, 3), 70, axis=0).astype(np.uint8)
