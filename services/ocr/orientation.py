"""Which way up a page is, and how it is tilted.

The page decides as a whole: boxes that stand on end say that it lies on its side, and the classifier's votes on its
longest lines say whether it stands on its head. Asked line by line, that classifier turns upright lines over, and
a long line squeezed into its narrow input is a riddle to it: it is shown a piece of each line. Where it hesitates, a
few pieces are read both ways; text on its head is read without confidence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from services.ocr.crops import cut, size_of
from services.ocr.engines.base import Engine
from services.ocr.page import Image, Quad

Report = Callable[[float], None]  # 0 … 1: how much of the work is done

_VOTERS = 9
_READERS = 3
_SURELY_UPRIGHT = 0.15  # mean vote; pages on their head were never below 0.4, one upright page in fifty above
_CLEARLY = 0.1  # by how much confidence must rise for a page to be turned over
_PIECE = 6.0  # heights of a line
_WIDE, _TALL = 1.5, 2.0  # boxes nearer to a square say nothing; a single "1" is taller than wide


@dataclass(frozen=True, slots=True)
class Upright:
    """
    Attributes:
        image: turned by a multiple of 90 degrees.
        rotation: degrees clockwise that did it: 0, 90, 180 or 270.
        skew: degrees by which the lines of `image` still fall to the right (clockwise positive).
        quads: the lines found in `image`.
    """

    image: Image
    rotation: int
    skew: float
    quads: list[Quad]


def upright(image: Image, engine: Engine, side: int, threads: int = 1, report: Report | None = None) -> Upright:
    """Looks for lines once when the page stands as it should, twice when it had to be turned; in doubt it stays."""
    quads = engine.detect(image, side, threads)
    _tell(report, 0.5)
    rotation = _rotation(image, quads, engine)
    if rotation:
        image = turned(image, rotation)
        quads = engine.detect(image, side, threads)
    _tell(report, 1.0)
    return Upright(image, rotation, skew_of(quads), quads)


def _tell(report: Report | None, done: float) -> None:
    if report is not None:
        report(done)


def turned(image: Image, rotation: int) -> Image:
    """Clockwise, by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(image, -rotation // 90))


def _rotation(image: Image, quads: Sequence[Quad], engine: Engine) -> int:
    on_its_side = lies_on_its_side(quads)
    lines = [quad for quad in quads if _is_tall(quad) == on_its_side]
    longest = sorted(lines, key=lambda quad: -max(size_of(quad)))[:_VOTERS]
    flat = [cut(image, quad) for quad in longest]  # those on end are laid flat by a turn anticlockwise: by 270
    upside_down = _upside_down([_piece(line) for line in flat], engine)
    if not on_its_side:
        return 180 if upside_down else 0
    if upside_down:
        return 90
    return 0 if _runs_downwards(flat, engine) else 270


def lies_on_its_side(quads: Sequence[Quad]) -> bool:
    """Each box votes by its length, so that long lines outvote single characters."""
    sizes = [size_of(quad) for quad in quads]
    tall = sum(height for width, height in sizes if height >= _TALL * width)
    return tall > sum(width for width, height in sizes if width >= _WIDE * height)


def _is_tall(quad: Quad) -> bool:
    width, height = size_of(quad)
    return height >= _TALL * width


def _piece(line: Image, heights: float = _PIECE, where: float = 0.5) -> Image:
    """Some heights of a line; `where`: 0 its beginning, 1 its end."""
    width = min(line.shape[1], round(heights * line.shape[0]))
    left = round(where * (line.shape[1] - width))
    return np.ascontiguousarray(line[:, left : left + width])


def _upside_down(pieces: Sequence[Image], engine: Engine) -> bool:
    votes = engine.votes_upside_down(pieces)
    if not pieces or (votes and fmean(votes) < _SURELY_UPRIGHT):
        return False
    some = pieces[:: -(-len(pieces) // _READERS)]
    over = [turned(piece, 180) for piece in some]
    return _confidence(over, engine) > _confidence(some, engine) + _CLEARLY


def _confidence(crops: Sequence[Image], engine: Engine) -> float:
    return fmean(reading.confidence for reading in engine.recognize(crops))


def _runs_downwards(lines: Sequence[Image], engine: Engine) -> bool:
    """Chinese set in columns from top to bottom: its characters stand upright where the lines are on end.

    Recognisers read such columns laid flat as well as they read a page that lies on its side. Here single
    characters of a column are read as they stand: they say what the whole says, or the page lies on its side.
    """
    some = lines[:: -(-len(lines) // _READERS)]
    places = (0.0, 0.33, 0.67, 1.0)
    characters = [turned(_piece(line, 1, where), 90) for line in some for where in places]
    wholes = [reading.text for reading in engine.recognize(some) for _ in places]
    readings = engine.recognize(characters)
    agreed = [_is_chinese(one.text) and one.text in whole for one, whole in zip(readings, wholes, strict=True)]
    return sum(agreed) > len(agreed) / 2


def _is_chinese(text: str) -> bool:
    """Or Japanese: letters and digits are not set in columns, and read as one another when they lie."""
    return len(text) == 1 and "\u3040" <= text <= "\u9fff"


def skew_of(quads: Sequence[Quad]) -> float:
    """Degrees, the median over wide boxes, each counted by its length; 0 when there are none."""
    wide = [quad for quad in quads if size_of(quad)[0] >= 3 * size_of(quad)[1]]
    if not wide:
        return 0.0
    along = np.array([(quad[1] - quad[0] + quad[2] - quad[3]) / 2 for quad in wide])
    angles = np.degrees(np.arctan2(along[:, 1], along[:, 0]))
    order = np.argsort(angles)
    weight = np.cumsum(np.hypot(along[:, 0], along[:, 1])[order])
    return float(angles[order][np.searchsorted(weight, weight[-1] / 2)])
