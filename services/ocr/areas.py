"""Which parts of a page are read: a region of interest, and areas that are left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.errors import FieldProblem, InvalidInputError
from services.ocr.page import Box, Image, Quad, Region


def clipped(box: Sequence[float], width: int, height: int) -> tuple[int, int, int, int]:
    """Whole pixels inside the page.

    Raises:
        InvalidInputError: nothing of it lies on the page.
    """
    x1, y1, x2, y2 = box
    left, top, right, bottom = max(0, int(x1)), max(0, int(y1)), min(width, round(x2)), min(height, round(y2))
    if left >= right or top >= bottom:
        message = f"The area {list(box)} lies outside the page, which is {width} x {height} pixels when it is upright."
        raise InvalidInputError(message, [FieldProblem("requirements.region", message)])
    return left, top, right, bottom


def painted_over(image: Image, areas: Sequence[Sequence[float]]) -> Image:
    """A copy in which the areas are as light as the page's paper, so that a line running into one ends there."""
    if not areas:
        return image
    copy = image.copy()
    paper = np.percentile(image[::16, ::16].reshape(-1, 3), 80, axis=0).astype(np.uint8)
    for x1, y1, x2, y2 in areas:
        copy[max(0, int(y1)) : max(0, round(y2)), max(0, int(x1)) : max(0, round(x2))] = paper
    return copy


def inside(regions: Sequence[Region], area: Sequence[float]) -> list[Region]:
    """Those whose middle lies in the area."""
    return [region for region in regions if _holds(area, region.quad)]


def without(regions: Sequence[Region], areas: Sequence[Sequence[float]]) -> list[Region]:
    """Those whose middle lies in none of the areas."""
    return [region for region in regions if not any(_holds(area, region.quad) for area in areas)]


def outside(quads: Sequence[Quad], areas: Sequence[Sequence[float]]) -> list[Quad]:
    """Those whose middle lies in none of the areas."""
    return [quad for quad in quads if not any(_holds(area, quad) for area in areas)]


def _holds(area: Sequence[float], quad: Quad) -> bool:
    x, y = quad.mean(axis=0)
    x1, y1, x2, y2 = area
    return bool(x1 <= x <= x2 and y1 <= y <= y2)


def shifted(quads: Sequence[Quad], box: Box | tuple[int, int, int, int]) -> list[Quad]:
    """From the pixels of a part of the page to those of the page."""
    return [quad + np.array(box[:2], np.float32) for quad in quads]
