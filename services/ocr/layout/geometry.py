"""Sets a skewed or slightly bent page straight, so that rows lie level and gutters stand upright."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEVEL = 0.27  # slopes beyond this (15 degrees) are upright text or stray marks, and say nothing of the skew
_OUTLIER = 0.06  # of slope against the page's: a line bends this much at most
_STIFFNESS = 0.1  # how much evidence, in parts of all the text, a bend needs before it is believed


@dataclass(frozen=True)
class Boxes:
    """Level boxes in pixels of the straightened page; `unit` is the height of its body text."""

    x1: Floats
    y1: Floats
    x2: Floats
    y2: Floats
    unit: float

    def __len__(self) -> int:
        return len(self.x1)

    @cached_property
    def middle(self) -> Floats:
        return (self.y1 + self.y2) / 2

    def take(self, members: Sequence[int] | NDArray[np.intp]) -> Boxes:
        return Boxes(self.x1[members], self.y1[members], self.x2[members], self.y2[members], self.unit)


def straighten(polygons: Sequence[Sequence[tuple[float, float]]]) -> Boxes:
    """Levels quads by the slope of their own base lines.

    The slope is modelled as a + b x + c y over the page: `a` is the skew, `b` a bend along the rows, `c` a slant that
    grows down the page, as photographs have. Least squares over the quads, weighted by the square of their width: the
    corners of all are equally uncertain. Each quad is moved by the integral of that slope and then stands level.
    """
    quads = np.asarray(polygons, np.float64)
    centre, along, down = quads.mean(axis=1), *_axes(quads)
    wide, tall = np.hypot(*along.T), np.hypot(*down.T)
    place = centre - (quads.min(axis=(0, 1)) + quads.max(axis=(0, 1))) / 2
    skew, bend, slant = _slopes(place, along, wide, tall)
    x, y = place[:, 0] + skew * place[:, 1], _level(place, skew, bend, slant)
    unit = max(weighted_median(tall, wide), 1e-6)
    return Boxes(x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2, unit)


def _level(place: Floats, skew: float, bend: float, slant: float) -> Floats:
    x, y = place.T
    return np.asarray(y - (skew * x + bend * x * x / 2 + slant * x * y), np.float64)


def _axes(quads: Floats) -> tuple[Floats, Floats]:
    top_left, top_right, bottom_right, bottom_left = quads.transpose(1, 0, 2)
    along, down = top_right + bottom_right - top_left - bottom_left, bottom_left + bottom_right - top_left - top_right
    return along / 2, down / 2


def _slopes(place: Floats, along: Floats, wide: Floats, tall: Floats) -> tuple[float, float, float]:
    """Skew (a), bend (b) and slant (c) of the slope a + b x + c y."""
    run, rise = along.T
    says = (run > 0) & (np.abs(rise) < _LEVEL * run) & (wide > 2 * tall)
    if not says.any():
        return 0.0, 0.0, 0.0
    slope = rise[says] / run[says]
    skew = weighted_median(slope, wide[says] ** 2)
    near = np.abs(slope - skew) < _OUTLIER
    size = max(float(np.ptp(place, axis=0).max()), 1e-6)
    bend, slant = _curvature(place[says][near] / size, slope[near] - skew, wide[says][near] ** 2)
    return skew, bend / size, slant / size


def _curvature(place: Floats, slope: Floats, weight: Floats) -> tuple[float, float]:
    """Ridge regression of what the skew leaves unexplained; a few lines are no evidence of a bend."""
    if len(slope) < 5:
        return 0.0, 0.0
    weighted = place * weight[:, None]
    normal = weighted.T @ place + _STIFFNESS * float(weight.sum()) * np.eye(2) / 12
    bend, slant = np.linalg.solve(normal, weighted.T @ slope)
    return float(bend), float(slant)


def weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
