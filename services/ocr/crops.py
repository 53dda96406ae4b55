"""A line cut out of a page at full resolution, laid flat."""

from __future__ import annotations

import cv2
import numpy as np

from services.ocr.page import Image, Quad

_UPENDED = 1.5  # as many times taller than wide, and the text runs from top to bottom


def cut(image: Image, quad: Quad) -> Image:
    """What lies in `quad`, its text running left to right; at least 1 x 1 pixels.

    A box that stands on end holds text that runs downwards: it is turned anticlockwise, as recognisers are trained.
    """
    width, height = size_of(quad)
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    transform = cv2.getPerspectiveTransform(np.asarray(quad, np.float32), flat)
    crop = cv2.warpPerspective(
        image, transform, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    if height >= _UPENDED * width:
        crop = np.rot90(crop)
    return np.ascontiguousarray(crop, np.uint8)


def size_of(quad: Quad) -> tuple[int, int]:
    """Width and height in pixels, each at least 1: the longer of two opposite sides."""
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return max(1, round(max(sides[0], sides[2]))), max(1, round(max(sides[1], sides[3])))
