"""Before and after a text detector of the DB kind.

Source: Liao et al., "Real-time Scene Text Detection with Differentiable Binarization", AAAI 2020, and its successor
DB++ (TPAMI 2022). The network says of each pixel how surely it lies in the shrunken core of a line; a core is grown
back ("unclipped") by area x ratio / perimeter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from services.ocr.page import Image, Quad

_STRIDE = 32  # the network halves its input five times
_LIMIT = 3000  # lines of one page

Map = NDArray[np.float32]  # height x width, 0 … 1
Rectangle = tuple[Sequence[float], Sequence[float], float]  # middle, size, degrees: as OpenCV has them


@dataclass(frozen=True, slots=True)
class Settings:
    pixel: float = 0.3  # from here on a pixel belongs to a core
    line: float = 0.5  # mean over the core from which it is a line
    unclip: float = 1.6
    least: float = 3.0  # pixels of the map: thinner cores are specks


def tensor_of(image: Image, side: int) -> Map:
    """1 x 3 x height x width, BGR in -1 … 1; the longer side at most `side`, never enlarged beyond rounding."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = _rounded(width * scale), _rounded(height * scale)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR)
    return cv2.dnn.blobFromImage(small, 1 / 127.5, mean=(127.5, 127.5, 127.5), swapRB=True)  # type: ignore[return-value]


def _rounded(length: float) -> int:
    return max(_STRIDE, round(length / _STRIDE) * _STRIDE)


def quads_of(probability: Map, width: int, height: int, settings: Settings) -> list[Quad]:
    """The lines in a map, as quads of an image of `width` x `height` pixels."""
    scale = np.array([width / probability.shape[1], height / probability.shape[0]], np.float32)
    edge = np.array([width, height], np.float32)
    grown = (_unclip(core, settings.unclip) for core in _cores(probability, settings))
    return [np.clip(_clockwise(cv2.boxPoints(box)) * scale, 0, edge) for box in grown]


def _cores(probability: Map, settings: Settings) -> Iterator[Rectangle]:
    mask = cv2.dilate((probability > settings.pixel).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours[:_LIMIT]:
        box = cv2.minAreaRect(contour)
        if min(box[1]) >= settings.least and _mean_inside(probability, box) >= settings.line:
            yield box


def _mean_inside(probability: Map, box: Rectangle) -> float:
    corners = cv2.boxPoints(box)
    x, y, width, height = cv2.boundingRect(corners)
    left, top = max(0, x), max(0, y)
    part = probability[top : y + height, left : x + width]
    mask = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(mask, [np.int32(corners - (left, top))], 1)  # type: ignore[list-item]
    return float(cv2.mean(part, mask)[0])


def _unclip(box: Rectangle, ratio: float) -> Rectangle:
    middle, (width, height), angle = box
    distance = width * height * ratio / (2 * (width + height))
    return middle, (width + 2 * distance, height + 2 * distance), angle


def _clockwise(corners: NDArray[Any]) -> Quad:
    """From the corner at the top left of text that runs left to right, tilted by less than 45 degrees.

    `boxPoints` gives them clockwise already; which one is first depends on the angle.
    """
    first = int(np.argmin(corners.sum(axis=1)))
    return np.roll(corners, -first, axis=0).astype(np.float32)
