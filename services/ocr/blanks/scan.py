"""The page in grey, small enough to be searched whole: where rules may be.

A rule is a dark ridge: averaged along the row it is darker than what lies above it, as high as a letter would reach,
and darker than what lies just below. The averaging takes noise away and lets a rule climb by a few degrees; looking
as high as a letter leaves out nearly every stroke of the text itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.ocr.page import Image, Quad

Grey = NDArray[np.uint8]
Point = NDArray[np.float64]  # x, y

_LINE_HEIGHT = 28  # pixels to which the height of a line is reduced (by a whole number, so seldom exactly)
_TINY = 22  # pixels: lower lines are looked at twice as large, so that a full stop is more than a speck
_MOST_PIXELS = 4_000_000  # of an enlarged page
_SAMPLED_LINES = 9
_SHORTEST = 0.8  # of the height of a line
_STEEPEST = 0.12  # 7 degrees
_BENT = 0.12  # how far a rule may leave the straight line, of the height of a line


@dataclass(frozen=True, slots=True)
class Scan:
    """Attributes:
    grey: the page, `shrink` times smaller (0.5: twice as large).
    height: of a usual line, in pixels of `grey`.
    contrast: how much darker than paper ink is, in levels of grey.
    """

    grey: Grey
    shrink: float
    height: float
    contrast: float


@dataclass(frozen=True, slots=True)
class Rule:
    """From `start` (left) to `end`, in pixels of the scan."""

    start: Point
    end: Point

    @property
    def length(self) -> float:
        return float(np.hypot(*(self.end - self.start)))


def scan_of(image: Image, quads: Sequence[Quad]) -> Scan:
    height = float(np.median([_height(quad) for quad in quads]))
    shrink = _shrink(height, image.shape[0] * image.shape[1])
    grey: Grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    grey = _resized(grey, shrink)
    return Scan(grey, shrink, height / shrink, _contrast(grey, quads, shrink))


def _shrink(height: float, pixels: int) -> float:
    if height < _TINY and 4 * pixels <= _MOST_PIXELS:
        return 0.5
    return max(1.0, round(height / _LINE_HEIGHT))


def _resized(grey: Grey, shrink: float) -> Grey:
    if shrink == 1:
        return grey
    tall, wide = max(1, int(grey.shape[0] / shrink)), max(1, int(grey.shape[1] / shrink))
    # Whole blocks only: for them OpenCV is fifty times faster.
    whole = grey[: max(1, int(tall * shrink)), : max(1, int(wide * shrink))]
    how = cv2.INTER_AREA if shrink > 1 else cv2.INTER_CUBIC
    return cv2.resize(whole, (wide, tall), interpolation=how).astype(np.uint8, copy=False)


def candidates(scan: Scan) -> list[Rule]:
    """Whatever is long, thin, level and has nothing right above it."""
    outlines, _ = cv2.findContours(_ridges(scan), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    # boundingRect: x, y, width, height
    long = [outline for outline in outlines if cv2.boundingRect(outline)[2] > _SHORTEST * scan.height]
    found = (_rule_of(outline[:, 0].astype(np.float64), scan.height) for outline in long)
    return [rule for rule in found if rule is not None]


def _ridges(scan: Scan) -> Grey:
    reach, depth = max(2, round(0.45 * scan.height)), max(2, round(0.12 * scan.height))
    away = max(2, round(0.14 * scan.height))  # thicker than any rule
    along = max(3, int(0.4 * scan.height) | 1)
    if scan.grey.shape[0] <= 2 * away:
        return np.zeros_like(scan.grey)
    level: Grey = cv2.blur(scan.grey, (along, 1)).astype(np.uint8, copy=False)
    above = cv2.erode(level, np.ones((reach, 1), np.uint8), anchor=(0, reach - 1))
    below = cv2.erode(level, np.ones((depth, 1), np.uint8), anchor=(0, 0))
    ridge = np.zeros_like(level)
    ridge[away:-away] = cv2.subtract(cv2.min(above[: -2 * away], below[2 * away :]), level[away:-away])
    _, mask = cv2.threshold(ridge, _faintest(level, away, scan.contrast), 1, cv2.THRESH_BINARY)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, along), np.uint8))
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(3, int(0.5 * scan.height))), np.uint8)))


def _faintest(level: Grey, away: int, contrast: float) -> float:
    """What a rule must stand out by: a share of the ink's contrast, and more than the noise of the paper."""
    steps = level[away::7, ::5].astype(np.int16) - level[:-away:7, ::5]
    noise = float(np.median(np.abs(steps))) * 1.05  # of a single level: 1.48 / sqrt(2)
    return max(0.18 * contrast, 4 * noise, 6.0)


def _contrast(grey: Grey, quads: Sequence[Quad], shrink: float) -> float:
    sampled = quads[:: max(1, len(quads) // _SAMPLED_LINES)]
    spans = [np.subtract(*np.percentile(_box(grey, quad, shrink), (90, 5))) for quad in sampled]
    return float(np.median(spans))


def _box(grey: Grey, quad: Quad, shrink: float) -> Grey:
    x, y = np.clip(quad.min(axis=0) / shrink, 0, np.array(grey.shape[::-1]) - 1).astype(int)
    right, bottom = np.ceil(quad.max(axis=0) / shrink).astype(int) + 1
    return grey[y : max(y + 1, bottom), x : max(x + 1, right)]


def _rule_of(outline: NDArray[np.float64], height: float) -> Rule | None:
    """The straight line through an outline (points x 2) by least squares, if it is straight and level enough."""
    middle = outline.mean(axis=0)
    xs, ys = (outline - middle).T
    slope = float(xs @ ys / (xs @ xs))
    left, right = float(xs.min()), float(xs.max())
    # Both edges of a thick rule lie this far from its middle already.
    bent = float(np.abs(ys - slope * xs).max())
    if abs(slope) > _STEEPEST or bent > max(2.5, _BENT * height + 0.004 * (right - left)):
        return None
    return Rule(middle + np.array([left, slope * left]), middle + np.array([right, slope * right]))


def _height(quad: Quad) -> float:
    return float(min(np.hypot(*(quad[3] - quad[0])), np.hypot(*(quad[1] - quad[0]))))
