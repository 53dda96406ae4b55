"""The reading order of a page: which regions make one printed row, which rows a column, and what comes first.

The method, in the order of the files: `geometry` sets skewed and bent pages straight, `rows` chains what stands
beside each other, `columns` looks for gutters, `order` cuts the page along them and reads the pieces,
`text` finds paragraphs and writes them down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.ocr.layout.geometry import straighten
from services.ocr.layout.order import blocks_of
from services.ocr.layout.rows import chains
from services.ocr.layout.segments import Segments
from services.ocr.layout.text import compose
from services.ocr.page import Region

__all__ = ["Layout", "arrange"]

# Words closer than this many text heights stand in one line; it must stay below the narrowest gutter.
_WORD_GAP = 0.6


@dataclass(frozen=True, slots=True)
class Layout:
    """How a page is read.

    Attributes:
        order: indexes of the regions given, in reading order; each appears once.
        paragraphs: for each paragraph its rows, for each row the positions in `order` of its regions.
        text: rows on lines of their own, a blank line where the page shows a clear gap.
    """

    order: list[int]
    paragraphs: tuple[tuple[tuple[int, ...], ...], ...]
    text: str


def arrange(regions: Sequence[Region], width: int, height: int) -> Layout:  # noqa: ARG001  # the text tells its own size
    """Sets regions of an upright page (skewed by up to some 10 degrees) in reading order.

    Takes any number of columns, headings that span them, and keeps the rows of receipts, tables and options whole.
    The result depends on where regions stand and what they say, never on the order in which they are given.
    """
    if not regions:
        return Layout([], (), "")
    given = sorted(
        range(len(regions)), key=lambda i: (regions[i].polygon[0][::-1], regions[i].polygon[2], regions[i].text)
    )
    boxes = straighten([regions[i].polygon for i in given])
    texts = [regions[i].text.strip() for i in given]
    segments = Segments.of(boxes, texts, chains(boxes, reach=_WORD_GAP * boxes.unit))
    paragraphs, text = compose(blocks_of(segments), boxes, texts)
    order = [given[i] for rows in paragraphs for row in rows for i in row]
    return Layout(order, _positions(paragraphs), text)


def _positions(paragraphs: Sequence[Sequence[Sequence[int]]]) -> tuple[tuple[tuple[int, ...], ...], ...]:
    running = iter(range(sum(len(row) for rows in paragraphs for row in rows)))
    return tuple(tuple(tuple(next(running) for _ in row) for row in rows) for rows in paragraphs)
