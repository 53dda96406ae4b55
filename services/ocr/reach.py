"""Boxes that end too soon are drawn out to where the ink ends.

Detectors overlook thin strokes at a line's ends: a full stop behind a blank to fill in, the blank itself, the "一、"
of a heading on a noisy copy. What is not inside a box is never read, so each box is followed along its line, to both
sides, as long as there is ink of its own strength close by.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from services.ocr.page import Image, Quad

_LEAST = 4  # pixels: nothing is seen in lower boxes
# All other lengths are in heights of the box; a strip is looked at with `_UNIT` pixels to a height.
_UNIT = 32
_INSIDE = 3.0  # how much of the line is looked at to learn how strong its ink is
_FARTHEST = 12.0
_GLANCE = 1.5
_GAP = 0.65  # wider than between two characters, narrower than between two columns
_ABOVE = 0.2  # a blank's stroke lies below the box of a line without descenders
_MARGIN = 0.15
_STRENGTH = 0.45  # of the line's own ink
_SPECK = 6  # square pixels of a strip: smaller spots are noise

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
Binary = NDArray[np.uint8]  # 0, 1


def drawn_out(image: Image, quads: Sequence[Quad]) -> list[Quad]:
    """The same boxes in the same order, wide ones made wider where their line goes on; none runs into another."""
    boxes = np.array(quads, np.float32).reshape(-1, 4, 2)
    for index, quad in enumerate(boxes):
        width, height = _sides(quad)
        if height >= _LEAST and width >= height:
            others = np.delete(boxes, index, axis=0)
            mirrored = quad[[1, 0, 3, 2]]
            right = _reach(image, quad, _room(quad, others))
            left = _reach(image, mirrored, _room(mirrored, others))
            boxes[index] = _widened(quad, left, right)
    return list(boxes)


def _sides(quad: Quad) -> tuple[float, float]:
    return float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[3] - quad[0]))


def _axes(quad: Quad) -> tuple[Quad, Quad]:
    """One height along the line and one across it, as vectors."""
    width, height = _sides(quad)
    return (quad[1] - quad[0]) * (height / width), quad[3] - quad[0]


def _widened(quad: Quad, left: float, right: float) -> Quad:
    along, _ = _axes(quad)
    return quad + np.stack([-left * along, right * along, right * along, -left * along])


def _room(quad: Quad, others: NDArray[np.float32]) -> float:
    """Heights until the next box on the same line, past corners 1 and 2; `others`: n x 4 x 2."""
    along, across = _axes(quad)
    offset = (others - quad[1]) / float(along @ along)
    ahead, down = offset @ along, offset @ across
    same_line = np.minimum(down.max(axis=1), 1) - np.maximum(down.min(axis=1), 0) > 0.25
    nearest = ahead.min(axis=1)[same_line & (ahead.mean(axis=1) > 0)]
    return float(np.clip(nearest.min(initial=_FARTHEST), 0, _FARTHEST))


def _reach(image: Image, quad: Quad, room: float) -> float:
    """How many heights the line goes on past corners 1 and 2."""
    if room < _MARGIN:
        return 0.0
    reach = _look(image, quad, min(room, _GLANCE))  # nearly every line ends where its box ends
    if room > _GLANCE and reach > _GLANCE - _GAP:
        reach = _look(image, quad, room)
    return min(room, reach)


def _look(image: Image, quad: Quad, room: float) -> float:
    inside = min(_INSIDE, _sides(quad)[0] / _sides(quad)[1])
    end = round(inside * _UNIT)
    return _goes_on(_ink(_strip(image, quad, inside, room), end), end)


def _goes_on(columns: Mask, end: int) -> float:
    last = end
    for column in np.flatnonzero(columns[end:]) + end:
        if column - last > _GAP * _UNIT:
            break
        last = int(column)
    return (last - end) / _UNIT + _MARGIN if last > end + 1 else 0.0


def _strip(image: Image, quad: Quad, inside: float, room: float) -> Grey:
    """The end of the line and what follows it, grey, dark on light, `_UNIT` pixels to a height."""
    along, across = _axes(quad)
    corner = quad[1] - inside * along - _ABOVE * across
    to_page = np.stack([along / _UNIT, across / _UNIT, corner], axis=1).astype(np.float32)
    size = round((inside + room) * _UNIT), round((1 + 2 * _ABOVE) * _UNIT)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    strip = cv2.warpAffine(image, to_page, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    grey = cv2.GaussianBlur(cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY).astype(np.float32), (3, 3), 0)
    line = grey[:, : round(inside * _UNIT)]
    offset = line - np.median(line)
    return np.asarray(grey if _power(offset[offset < 0]) >= _power(offset[offset > 0]) else 255 - grey, np.float32)


def _power(values: Grey) -> float:
    return float(values @ values)


def _ink(strip: Grey, inside: int) -> Mask:
    """For each column whether the line has ink there; `inside`: columns that surely belong to it."""
    darkness = _paper(strip) - strip
    strength = np.percentile(darkness[:, :inside], 93)
    dark = _without_underline((darkness > max(12.0, _STRENGTH * strength)).astype(np.uint8), inside)
    columns = np.zeros(strip.shape[1], bool)
    for left, top, width, height, area in sorted(cv2.connectedComponentsWithStats(dark)[2][1:].tolist()):
        right, bottom = left + width, top + height
        if top == 0 and bottom == len(strip) and right > inside:
            columns[max(left, inside) :] = False  # a rule between columns, the edge of a picture
            break
        if area >= _SPECK and not _is_of_neighbour(top, bottom):
            columns[left:right] = True
    return columns


def _paper(strip: Grey) -> Grey:
    """1 x columns: how light it is between the strokes; it may change along the line (a shadow)."""
    coarse = cv2.resize(strip, (max(1, strip.shape[1] // 8), strip.shape[0]), interpolation=cv2.INTER_AREA)
    light = np.percentile(coarse, 75, axis=0).astype(np.float32)[None]
    return np.asarray(cv2.resize(cv2.blur(light, (3, 1)), (strip.shape[1], 1)), np.float32)


def _without_underline(dark: Binary, inside: int) -> Binary:
    """A stroke that comes from far inside the line goes on below other things too: it says nothing of the line."""
    strokes = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, 3 * _UNIT // 2), np.uint8))
    begin = max(0, inside - 3 * _UNIT // 2)
    rows = strokes[:, begin : inside + 1].all(axis=1)
    dark[rows] = np.where(strokes[rows], 0, dark[rows])
    return dark


def _is_of_neighbour(top: int, bottom: int) -> bool:
    """It comes in from above or below, and less than half of it is on the height of the line."""
    body_top, body_bottom = _ABOVE * _UNIT, (1 + _ABOVE) * _UNIT
    on_line = min(bottom, body_bottom) - max(top, body_top)
    cut_off = top == 0 or bottom >= round((1 + 2 * _ABOVE) * _UNIT)
    return cut_off and on_line < (bottom - top) / 2
