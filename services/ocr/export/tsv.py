"""Tesseract's TSV: a row for each page, block, paragraph, line and word, without quoting, as its readers expect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.ocr.export.base import ExportPage
from services.ocr.export.words import Block, IntBox, Line, blocks_of

_HEADER = "level page_num block_num par_num line_num word_num left top width height conf text".replace(" ", "\t")


def write(pages: Iterable[ExportPage], title: str) -> Iterator[bytes]:  # noqa: ARG001  # a table has no title
    yield f"{_HEADER}\n".encode()
    for page in pages:
        yield "".join(_rows(page)).encode()


def _rows(page: ExportPage) -> Iterator[str]:
    """A page that failed is a row of level 1 without a size."""
    result = page.result
    yield _row(1, (page.page, 0, 0, 0, 0), (0, 0, result.width, result.height) if result else (0, 0, 0, 0))
    for number, block in enumerate(blocks_of(result) if result else (), 1):
        yield from _block_rows(page.page, number, block)


def _block_rows(page: int, number: int, block: Block) -> Iterator[str]:
    yield _row(2, (page, number, 0, 0, 0), block.box)
    for par_number, paragraph in enumerate(block.paragraphs, 1):
        yield _row(3, (page, number, par_number, 0, 0), paragraph.box)
        for line_number, line in enumerate(paragraph.lines, 1):
            yield from _line_rows((page, number, par_number, line_number), line)


def _line_rows(path: tuple[int, int, int, int], line: Line) -> Iterator[str]:
    yield _row(4, (*path, 0), line.box)
    for number, word in enumerate(line.words, 1):
        yield _row(5, (*path, number), word.box, f"{100 * word.confidence:.6f}", word.text)


def _row(level: int, path: tuple[int, int, int, int, int], box: IntBox, confidence: str = "-1", text: str = "") -> str:
    x1, y1, x2, y2 = box
    return "\t".join(map(str, (level, *path, x1, y1, x2 - x1, y2 - y1, confidence, text))) + "\n"
