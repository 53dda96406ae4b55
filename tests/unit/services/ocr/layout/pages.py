"""Pages as regions, without pixels: where a detector would see each line, and what it says."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence

from services.ocr.page import Region

SIZE = 20.0
PITCH = 32.0


def width_of(text: str, size: float = SIZE) -> float:
    return size * sum(1.0 if unicodedata.east_asian_width(char) in "WF" else 0.5 for char in text)


def at(x: float, y: float, text: str, size: float = SIZE) -> Region:
    """A line whose upper left corner is there; detectors draw their boxes a little wider than the type."""
    x1, y1, x2, y2 = x - 2, y - 3, x + width_of(text, size) + 2, y + size + 3
    return Region(((x1, y1), (x2, y1), (x2, y2), (x1, y2)), text, 0.99)


def column(lines: Iterable[str], x: float, y: float, pitch: float = PITCH, size: float = SIZE) -> list[Region]:
    return [at(x, y + number * pitch, line, size) for number, line in enumerate(lines) if line]


def centred(middle: float, y: float, text: str, size: float = SIZE) -> Region:
    return at(middle - width_of(text, size) / 2, y, text, size)


def table(rows: Sequence[Sequence[str]], xs: Sequence[float], y: float, pitch: float = PITCH) -> list[Region]:
    return [
        at(x, y + number * pitch, cell)
        for number, row in enumerate(rows)
        for x, cell in zip(xs, row, strict=False)
        if cell
    ]


def prose(lines: int, characters: int, seed: str = "天地玄黄宇宙洪荒日月盈昃辰宿列张") -> list[str]:
    """Lines of running text, each told from all others by its number, the last one short."""
    full = [f"{seed[number % len(seed)]}{number}" + seed * (characters // len(seed) + 1) for number in range(lines)]
    return [line[:characters] for line in full[:-1]] + [full[-1][: characters // 3]]


def bent(regions: Iterable[Region], way: Callable[[float, float], tuple[float, float]]) -> list[Region]:
    return [Region(tuple(way(x, y) for x, y in region.polygon), region.text, region.confidence) for region in regions]


def skewed(regions: Iterable[Region], degrees: float) -> list[Region]:
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return bent(regions, lambda x, y: (x * cosine - y * sine, x * sine + y * cosine))


def lines_of(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]
