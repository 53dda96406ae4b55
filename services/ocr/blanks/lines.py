"""Lines of text as systems of coordinates, and the one that a blank stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ocr.blanks.scan import Point, Rule
from services.ocr.page import Quad

_BASELINE = (0.62, 1.25)  # where a rule to write on lies in its line: 0 top, 1 bottom


@dataclass(frozen=True, slots=True)
class Line:
    """`u` runs along the line, `v` down, both in pixels of the page from the text's top left."""

    origin: Point
    along: Point
    down: Point
    width: float
    height: float

    @classmethod
    def of(cls, quad: Quad) -> Line:
        corners = quad.astype(np.float64)
        along = (corners[1] - corners[0] + corners[2] - corners[3]) / 2
        width = max(1.0, float(np.hypot(*along)))
        along = along / width
        down = np.array([-along[1], along[0]])
        height = max(1.0, float((corners[3] - corners[0] + corners[2] - corners[1]) @ down / 2))
        return cls(corners[0], along, down, width, height)

    @property
    def is_level(self) -> bool:
        """Text that runs from left to right, as far as rules are looked for."""
        return bool(self.along[0] > 0.9) and self.height < 1.5 * self.width

    def place(self, point: Point) -> tuple[float, float]:
        """Its u and v."""
        away = point - self.origin
        return float(away @ self.along), float(away @ self.down)

    def quad(self, left: float, right: float) -> Quad:
        """The line from `left` to `right`, which may lie outside it."""
        top = [self.origin + u * self.along for u in (left, right)]
        bottom = [corner + self.height * self.down for corner in top]
        return np.array([top[0], top[1], bottom[1], bottom[0]], np.float32)

    def neighbours(self, lines: Sequence[Line]) -> Iterator[tuple[float, float]]:
        """From u to u: the other lines of this row."""
        for other in lines:
            u, v = self.place(other.origin + (other.width * other.along + other.height * other.down) / 2)
            if other is not self and abs(v - self.height / 2) < self.height / 2:
                yield u - other.width / 2, u + other.width / 2


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A blank in its line: from u to u, `v` heights of the line below its top."""

    start: float
    end: float
    v: float

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


def span_in(line: Line, rule: Rule, shrink: float) -> Span:
    (start, v_start), (end, v_end) = (line.place((point + 0.5) * shrink) for point in (rule.start, rule.end))
    # A bent page: what counts is the height where the rule is nearest to the middle of the line.
    nearest = min(max(line.width / 2, start), end)
    v = np.interp(nearest, (start, end), (v_start, v_end)) if end > start else v_start
    return Span(start, end, float(v) / line.height)


def on_baseline(rules: Sequence[Rule], lines: Sequence[Line], shrink: float) -> NDArray[np.bool_]:
    """Rules x lines: does the rule lie where one writes on that line? As `Span.v` says, for all at once."""
    if not rules:
        return np.zeros((0, len(lines)), np.bool_)
    starts, ends = (np.array([getattr(rule, end) for rule in rules]) + 0.5 for end in ("start", "end"))
    origins, alongs, downs = (np.array([getattr(line, name) for line in lines]) for name in ("origin", "along", "down"))
    widths, heights = np.array([line.width for line in lines]), np.array([line.height for line in lines])
    (u1, v1), (u2, v2) = (
        [points @ axes.T * shrink - (origins * axes).sum(axis=1) for axes in (alongs, downs)]
        for points in (starts, ends)
    )
    share = np.clip((widths / 2 - u1) / np.maximum(u2 - u1, 1e-6), 0, 1)
    height = (v1 + share * (v2 - v1)) / heights
    level = np.array([line.is_level for line in lines])
    return np.asarray((height >= _BASELINE[0]) & (height <= _BASELINE[1]) & level)
