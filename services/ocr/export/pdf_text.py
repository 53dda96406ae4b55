"""The text layer of a page: operators that lay each region's text, without ink, over its print.

Viewers find lines and blanks by where text lies, and what they find is what is copied. So the text is a little lower
than its region, for detectors' boxes overlap the next line's; the parts of a row share a baseline; and a row that is
tilted is one run, for pdfium sorts runs at the same height by their left edges.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from services.ocr.export.bidi import as_seen
from services.ocr.export.characters import advance
from services.ocr.export.pdf_file import number
from services.ocr.export.pdf_font import InklessFont
from services.ocr.export.rows import parts_of
from services.ocr.page import PageResult, Region, rows_of

_SHARE = 0.75  # of a region's height that its text has
_LEVEL = 0.3  # heights by which the middles of a level row differ at most


@dataclass(frozen=True, slots=True)
class Frame:
    """A region as an upright rectangle that was turned: `x`, `y` its lower left corner, in pixels, y downwards."""

    x: float
    y: float
    width: float
    height: float
    cosine: float = 1.0
    sine: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """Text over a frame; `gaps`: before which of its characters how many ems are left free."""

    text: str
    frame: Frame
    gaps: tuple[tuple[int, float], ...] = ()


def text_layer(result: PageResult, scale: float, page_height: float, font: InklessFont) -> bytes:
    """All rows in reading order; `scale` is points per pixel, `page_height` is in points."""
    runs = [run for rows in rows_of(result) for row in rows for run in runs_of(row)]
    shown = [_shown(run, scale, page_height, font) for run in runs]
    return b"\n".join([b"BT", b"3 Tr", b"/F 1 Tf", *shown, b"ET"]) if shown else b""


def runs_of(row: Sequence[Region]) -> list[Run]:
    parts = parts_of(row)
    if not parts:
        return []
    frames = [frame_of(region) for region, _, _ in parts]
    blanks = [*(" " if spaced else "" for _, _, spaced in parts[1:]), ""]  # each behind the part before it
    texts = [as_seen(text) + blank for (_, text, _), blank in zip(parts, blanks, strict=True)]
    if len(parts) > 1 and not _is_level(frames):
        return [_joined(texts, frames)]
    return [Run(text, frame) for text, frame in zip(texts, _aligned(frames), strict=True)]


def frame_of(region: Region) -> Frame:
    """The rectangle around the region's centre with the mean of its opposite sides; no side shorter than a pixel."""
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = region.polygon
    along = (x2 - x1 + x3 - x4) / 2, (y2 - y1 + y3 - y4) / 2
    length = math.hypot(*along)
    cosine, sine = (along[0] / length, along[1] / length) if length > 0 else (1.0, 0.0)
    down = math.hypot((x4 - x1 + x3 - x2) / 2, (y4 - y1 + y3 - y2) / 2)
    width, height = max(1.0, length), max(1.0, down)
    middle = (x1 + x2 + x3 + x4) / 4, (y1 + y2 + y3 + y4) / 4
    x = middle[0] - cosine * width / 2 - sine * height / 2
    y = middle[1] - sine * width / 2 + cosine * height / 2
    return Frame(x, y, width, height, cosine, sine)


def _is_level(frames: Sequence[Frame]) -> bool:
    middles = [_middle(frame)[1] for frame in frames]
    return max(middles) - min(middles) <= _LEVEL * fmean(frame.height for frame in frames)


def _aligned(frames: Sequence[Frame]) -> list[Frame]:
    """The parts of a level row on one baseline; where two overlap, they meet in the middle."""
    if len(frames) < 2:
        return list(frames)
    height = fmean(frame.height for frame in frames)
    y = fmean(_middle(frame)[1] for frame in frames) + height / 2
    lefts = [_middle(frame)[0] - frame.width / 2 for frame in frames]
    rights = [left + frame.width for left, frame in zip(lefts, frames, strict=True)]
    for number_of_next, (right, left) in enumerate(zip(rights, lefts[1:], strict=False), 1):
        if right > left:
            rights[number_of_next - 1] = lefts[number_of_next] = (right + left) / 2
    return [Frame(left, y, max(1.0, right - left), height) for left, right in zip(lefts, rights, strict=True)]


def _joined(texts: Sequence[str], frames: Sequence[Frame]) -> Run:
    """The parts of a tilted row as one run, on the line from the first one's beginning to the last one's end."""
    first, last = frames[0], frames[-1]
    x, y = last.x + last.cosine * last.width - first.x, last.y + last.sine * last.width - first.y
    length = math.hypot(x, y) or 1.0
    cosine, sine = x / length, y / length
    em = sum(frame.width for frame in frames) / sum(_ems(text) for text in texts)
    starts = [((frame.x - first.x) * cosine + (frame.y - first.y) * sine) / em for frame in frames]
    gaps, position, text = [], 0.0, ""
    for part, start in zip(texts, starts, strict=True):
        gaps.append((len(text), start - position))
        position, text = start + _ems(part), text + part
    frame = Frame(first.x, first.y, em * _ems(text), fmean(frame.height for frame in frames), cosine, sine)
    return Run(text, frame, tuple(gaps[1:]))


def _middle(frame: Frame) -> tuple[float, float]:
    along, up = frame.width / 2, frame.height / 2
    return (
        frame.x + frame.cosine * along + frame.sine * up,
        frame.y + frame.sine * along - frame.cosine * up,
    )


def _ems(text: str) -> float:
    return sum(map(advance, text)) or 1.0


def _shown(run: Run, scale: float, page_height: float, font: InklessFont) -> bytes:
    """The font has size 1: pdfium's rules for the end of a line hold for tilted lines only where the matrix scales."""
    frame = run.frame
    width = scale * frame.width / _ems(run.text.rstrip())
    height = scale * frame.height * _SHARE
    raised = frame.height * (1 - _SHARE) / 2
    x, y = frame.x + frame.sine * raised, frame.y - frame.cosine * raised
    turn = (width * frame.cosine, -width * frame.sine, height * frame.sine, height * frame.cosine)
    matrix = (*(b"%.6f" % value for value in turn), number(x * scale), number(page_height - y * scale))
    return b" ".join([*matrix, b"Tm", _array(run, font), b"TJ"])


def _array(run: Run, font: InklessFont) -> bytes:
    cuts = [0, *(at for at, _ in run.gaps), len(run.text)]
    strings = [font.encoded(run.text[start:end]) for start, end in pairwise(cuts)]
    moves = [b" %b " % number(-1000 * gap) for _, gap in run.gaps]
    return b"[" + b"".join(string + move for string, move in zip(strings, [*moves, b""], strict=True)) + b"]"
