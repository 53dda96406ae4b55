"""Finds gutters: upright white stripes between columns of text.

After the background structure of H. S. Baird (1994) and the white rectangles of T. M. Breuel ("Two geometric algorithms
for layout analysis", DAS 2002): a gutter is tall, and lines of text end and begin at it. Candidates are the valleys of
the projection on the x axis, as in the XY cut (G. Nagy, S. Seth, 1984); but a line that crosses a candidate only ends
the gutter there, so headings may span columns. What tells columns from tables, receipts and options is in `evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ocr.layout.evidence import LINES, reads_down
from services.ocr.layout.geometry import Boxes, Floats
from services.ocr.layout.margins import peel
from services.ocr.layout.segments import Segments

Indexes = NDArray[np.intp]
Sides = tuple[Indexes, Indexes]

_CANDIDATES = 16
_LOOKS = 600  # bands that are looked at for one cut; pages have a few dozen
_GUTTER = 0.6  # in units of the page's text height; words closer than that were joined before


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the page that a gutter divides; indexes of segments."""

    left: Indexes
    right: Indexes
    top: float
    strength: tuple[int, int]  # lines that face each other across the gutter; all lines


def cut(segments: Segments, members: Indexes) -> list[Indexes] | None:
    """The pieces, in reading order, into which the strongest gutter divides these segments; None without a gutter."""
    boxes = segments.boxes.take(members)
    places = _valleys(boxes)
    best: list[Band] = []
    strength = (0, 0)
    for sides in _tallest_first([_sides(boxes, x) for x in places]):
        if strength[0] >= max(len(left) + len(right) for left, right in sides):
            break
        found = [_band(segments, members[left], members[right], places) for left, right in sides]
        bands = [band for band in found if band is not None]
        if bands and max(band.strength for band in bands) > strength:
            best, strength = bands, max(band.strength for band in bands)
    return _pieces(members, boxes.middle, best) if best else None


def _tallest_first(candidates: list[list[Sides]]) -> list[list[Sides]]:
    """Each way to divide the lines once, the one that may have most lines first; no more than can be looked at."""
    distinct = {
        tuple((left.tobytes(), right.tobytes()) for left, right in sides): sides for sides in candidates if sides
    }
    tallest = sorted(distinct.values(), key=lambda sides: -max(len(left) + len(right) for left, right in sides))
    looked_at = np.cumsum([len(sides) for sides in tallest])
    return tallest[: max(1, int(np.searchsorted(looked_at, _LOOKS)))] if tallest else []


def _valleys(boxes: Boxes) -> Floats:
    """Middles of the stripes that fewer boxes cover than the stripes beside them: the least covered ones.

    A line that ends inside a gutter leaves only part of it as a valley; so the middles of what a line or two more cover
    are taken as well.
    """
    left, step = float(boxes.x1.min()), boxes.unit / 4
    size = min(int((float(boxes.x2.max()) - left) / step) + 2, 20_000)
    first = np.floor((boxes.x1 - left) / step).astype(np.intp).clip(0, size)
    last = np.ceil((boxes.x2 - left) / step).astype(np.intp).clip(0, size)
    cover = np.cumsum(np.bincount(first, minlength=size + 1) - np.bincount(last, minlength=size + 1))
    starts = np.flatnonzero(np.diff(cover, prepend=-1))  # of stripes covered alike
    ends = np.append(starts[1:], len(cover))
    depth = cover[starts]
    valleys = 1 + np.flatnonzero((depth[1:-1] < depth[:-2]) & (depth[1:-1] < depth[2:]))
    deepest = valleys[np.argsort(depth[valleys], kind="stable")[:_CANDIDATES]]
    middles = {(starts[k] + ends[k]) / 2 for k in deepest}
    for more in (1, 2):
        middles |= {_middle(cover, starts[k], depth[k] + more) for k in deepest}
    return np.asarray(left + step * np.array(sorted(middles)), np.float64)


def _middle(cover: Indexes, at: int, depth: int) -> float:
    """Of the stripe around `at` that is nowhere covered by more than `depth` boxes."""
    higher = np.flatnonzero(cover > depth)
    after = int(np.searchsorted(higher, at))
    if after in {0, len(higher)}:
        return float(at)
    return float(higher[after - 1] + 1 + higher[after]) / 2


def _sides(boxes: Boxes, x: float) -> list[Sides]:
    """What stands left and right of `x`, between one line that crosses it and the next, where that is enough."""
    crosses = (boxes.x1 < x) & (boxes.x2 > x)
    bounds = np.sort(boxes.middle[crosses])
    lefts, rights = (
        _between(bounds, boxes.middle, np.flatnonzero(~crosses & side)) for side in (boxes.x2 <= x, boxes.x1 >= x)
    )
    return [sides for sides in zip(lefts, rights, strict=True) if min(map(len, sides)) >= LINES]


def _between(bounds: Floats, middle: Floats, side: Indexes) -> list[Indexes]:
    """The members of one side over the first bound, between it and the second one, and so on."""
    side = side[np.argsort(middle[side], kind="stable")]
    return np.split(side, np.searchsorted(middle[side], bounds, side="right"))


def _band(segments: Segments, left: Indexes, right: Indexes, places: Floats) -> Band | None:
    left_strips, right_strips = _strips(segments.boxes, left, right, places)
    if not reads_down(segments, left_strips[-1], right_strips[0]):
        return None
    left, right = peel(segments.boxes, left, right, [*left_strips, *right_strips])
    if min(len(left), len(right)) < LINES or _gap(segments.boxes, left, right) < _GUTTER * segments.boxes.unit:
        return None
    lines = _facing(segments.boxes, left, right)
    top = min(segments.boxes.middle[side].min() for side in (left, right))
    return Band(left, right, float(top), (sum(lines), len(left) + len(right))) if min(lines) >= LINES else None


def _strips(boxes: Boxes, left: Indexes, right: Indexes, places: Floats) -> tuple[list[Indexes], list[Indexes]]:
    """The columns on either side, where more candidates run through the whole band, from left to right."""
    both = np.concatenate([left, right])
    x1, x2 = boxes.x1[both], boxes.x2[both]
    open_places = places[~((x1[:, None] < places) & (x2[:, None] > places)).any(axis=0)]
    strip = np.searchsorted(open_places, x1)
    left_strips = [left[strip[: len(left)] == k] for k in np.unique(strip[: len(left)])]
    right_strips = [right[strip[len(left) :] == k] for k in np.unique(strip[len(left) :])]
    return left_strips, right_strips


def _gap(boxes: Boxes, left: Indexes, right: Indexes) -> float:
    return float(boxes.x1[right].min() - boxes.x2[left].max())


def _facing(boxes: Boxes, left: Indexes, right: Indexes) -> tuple[int, int]:
    """Lines on either side at the height where both have some."""
    top = max(boxes.y1[left].min(), boxes.y1[right].min())
    bottom = min(boxes.y2[left].max(), boxes.y2[right].max())
    heights = boxes.middle[left], boxes.middle[right]
    left_lines, right_lines = (int(((top < side) & (side < bottom)).sum()) for side in heights)
    return left_lines, right_lines


def _pieces(members: Indexes, middle: Floats, bands: list[Band]) -> list[Indexes]:
    """What stands over the first band, its left, its right, what stands before the next one, and so on."""
    rest = ~np.isin(members, np.concatenate([side for band in bands for side in (band.left, band.right)]))
    before = np.searchsorted([band.top for band in bands], middle)
    pieces: list[Indexes] = []
    for number, band in enumerate(bands):
        pieces += [members[rest & (before == number)], band.left, band.right]
    pieces.append(members[rest & (before == len(bands))])
    return [piece for piece in pieces if len(piece)]
