"""A picture as a JPEG of a variant: passed through where it is one already, else scaled and encoded."""

from __future__ import annotations

import cv2

from services.cameras.frames import Variant
from services.cameras.jpeg import complete
from services.cameras.sources.base import Picture

_ABOVE = 5  # a JPEG this much better than what was asked for is still passed through


def encode(picture: Picture, variant: Variant) -> tuple[bytes, int, int]:
    """(JPEG, width, height); a picture is never made wider than its source gives it."""
    width, height = _size(picture, variant)
    if picture.jpeg is not None and width == picture.width and picture.header.quality <= variant.quality + _ABOVE:
        return complete(picture.jpeg, picture.header), width, height
    pixels = picture.pixels
    if width != picture.width:
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, variant.quality])
    return encoded.tobytes(), width, height


def _size(picture: Picture, variant: Variant) -> tuple[int, int]:
    if variant.width is None or variant.width >= picture.width:
        return picture.width, picture.height
    return variant.width, max(1, round(picture.height * variant.width / picture.width))
