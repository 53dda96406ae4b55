"""A page as blocks of paragraphs of lines of words, each with its box: what hOCR, ALTO and TSV are made of.

Engines tell where a line is, not its words: a word's place is interpolated along the region by the usual width of its
characters. Boxes are whole pixels inside the page, and a parent's box is the union of its children's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from services.ocr.export.characters import advance, is_wide, one_line
from services.ocr.export.rows import parts_of
from services.ocr.page import PageResult, Region, rows_of

IntBox = tuple[int, int, int, int]  # x1, y1, x2, y2; the right and lower edges are outside
Point = tuple[float, float]

# Share of a region's height that lies under the baseline: detectors' boxes hold the descenders.
_DESCENT = 0.2


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    box: IntBox
    confidence: float  # 0 … 1
    spaced: bool  # a blank stands before it on its line


@dataclass(frozen=True, slots=True)
class Line:
    words: tuple[Word, ...]
    box: IntBox
    baseline: tuple[Point, Point]  # from its first to its last character


@dataclass(frozen=True, slots=True)
class Paragraph:
    lines: tuple[Line, ...]
    box: IntBox


@dataclass(frozen=True, slots=True)
class Block:
    """Paragraphs of one column that follow each other downwards."""

    paragraphs: tuple[Paragraph, ...]
    box: IntBox


@dataclass(frozen=True, slots=True)
class Piece:
    """A word in a text: `start` and `end` say where it is printed, 0 … 1 along the text."""

    text: str
    start: float
    end: float
    spaced: bool


def blocks_of(result: PageResult) -> list[Block]:
    blocks: list[list[Paragraph]] = []
    for paragraph in _paragraphs(result):
        if blocks and _continues(blocks[-1][-1].box, paragraph.box):
            blocks[-1].append(paragraph)
        else:
            blocks.append([paragraph])
    return [Block(tuple(paragraphs), _union(paragraphs)) for paragraphs in blocks]


def pieces_of(text: str) -> Iterator[Piece]:
    """The words of a line: parted at blanks, and where Han characters meet others."""
    text = one_line(text).strip()
    ends = _ends(text)
    position, spaced = 0, False
    for kind, characters in groupby(_kinds(text)):
        length = len(list(characters))
        start, position = position, position + length
        if kind == "blank":
            spaced = True
            continue
        yield Piece(text[start:position], ends[start], ends[position], spaced)
        spaced = False


def _paragraphs(result: PageResult) -> Iterator[Paragraph]:
    size = max(1, result.width), max(1, result.height)
    for rows in rows_of(result):
        lines = tuple(line for row in rows if (line := _line(row, size)))
        if lines:
            yield Paragraph(lines, _union(lines))


def _line(row: Sequence[Region], size: tuple[int, int]) -> Line | None:
    parts = parts_of(row)
    if not parts:
        return None
    words = tuple(chain.from_iterable(_words(region, size, spaced) for region, _, spaced in parts))
    start, end = _raised(parts[0][0])[0], _raised(parts[-1][0])[1]
    return Line(words, _union(words), (start, end))


def _words(region: Region, size: tuple[int, int], spaced: bool) -> Iterator[Word]:
    confidence = min(1.0, max(0.0, region.confidence))
    for number, piece in enumerate(pieces_of(region.text)):
        box = _clipped(_slice(region, piece.start, piece.end), size)
        yield Word(piece.text, box, confidence, piece.spaced or (spaced and number == 0))


def _kinds(text: str) -> Iterator[str]:
    kind = "other"
    for character in text:
        if character.isspace():
            kind = "blank"
        elif advance(character) or kind == "blank":  # a combining mark belongs to what it stands on
            kind = "wide" if is_wide(character) else "other"
        yield kind


def _ends(text: str) -> list[float]:
    """Where each character ends, after a leading 0."""
    ends = [0.0]
    for character in text:
        ends.append(ends[-1] + advance(character))
    if not ends[-1]:
        return [number / max(1, len(text)) for number in range(len(text) + 1)]
    return [end / ends[-1] for end in ends]


def _slice(region: Region, start: float, end: float) -> list[Point]:
    top_left, top_right, bottom_right, bottom_left = region.polygon
    return [_between(*edge, at) for edge in ((top_left, top_right), (bottom_left, bottom_right)) for at in (start, end)]


def _raised(region: Region) -> tuple[Point, Point]:
    top_left, top_right, bottom_right, bottom_left = region.polygon
    return _between(bottom_left, top_left, _DESCENT), _between(bottom_right, top_right, _DESCENT)


def _between(one: Point, other: Point, at: float) -> Point:
    return one[0] + (other[0] - one[0]) * at, one[1] + (other[1] - one[1]) * at


def _clipped(points: Iterable[Point], size: tuple[int, int]) -> IntBox:
    """The box of the points, at least a pixel wide and high, inside the page."""
    xs, ys = zip(*points, strict=True)
    (x1, x2), (y1, y2) = _span(xs, size[0]), _span(ys, size[1])
    return x1, y1, x2, y2


def _span(values: Sequence[float], limit: int) -> tuple[int, int]:
    first = math.floor(min(max(min(values), 0), limit - 1))
    return first, max(first + 1, math.ceil(min(max(values), limit)))


def _union(parts: Iterable[Word | Line | Paragraph]) -> IntBox:
    x1, y1, x2, y2 = zip(*(part.box for part in parts), strict=True)
    return min(x1), min(y1), max(x2), max(y2)


def _continues(above: IntBox, below: IntBox) -> bool:
    """Whether `below` goes on in the column of `above`: further down, and over most of the narrower one's width."""
    shared = min(above[2], below[2]) - max(above[0], below[0])
    return below[1] >= above[1] and shared > 0.5 * min(above[2] - above[0], below[2] - below[0])
