"""Markdown (CommonMark, and safe in GitHub's): headings, paragraphs, a rule between pages. What was read stays text.

Rows are lines, parted by hard breaks; only where a sentence clearly runs over the right edge do they flow on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from services.ocr.export.base import ExportPage
from services.ocr.export.characters import one_line
from services.ocr.export.markdown_escape import escaped, escaped_comment
from services.ocr.export.rows import parts_of, text_of
from services.ocr.page import PageResult, Region, rows_of
from services.ocr.running_text import is_one_run

Row = Sequence[Region]

_HEADING_HEIGHT = 1.35  # times the page's usual row: body text in another size is nearer
_HEADING_LENGTH = 60
_SENTENCE_ENDS = frozenset(".。;；:：?？!！")
_ITEM = re.compile(r"[(（\[【]?(\d{1,3}|[A-Za-z]|[一二三四五六七八九十]{1,3})[.．、)）\]】:：]|[①-⑳•·*+-]")
_SHORT_BY = 2.0  # row heights: less is what a word that did not fit leaves


def write(pages: Iterable[ExportPage], title: str) -> Iterator[bytes]:
    yield f"# {escaped(one_line(title).strip() or 'OCR')}\n".encode()
    for page in pages:
        rule = "\n---\n" if page.page > 1 else ""
        comment = f"\n<!-- page {page.page}: {escaped_comment(page.origin)} -->\n"
        yield "".join([rule, comment, *(f"\n{part}\n" for part in _parts(page))]).encode()


def _parts(page: ExportPage) -> Iterator[str]:
    if page.result is None:
        yield f"> {escaped(page.failure)}"
        return
    usual = _usual_height(page.result)
    for rows in rows_of(page.result):
        text = _flowing([row for row in rows if text_of(row)])
        if text:
            yield f"## {escaped(text)}" if _is_heading(rows, usual) else escaped(text)


def _usual_height(result: PageResult) -> float:
    heights = [_height(row) for rows in rows_of(result) for row in rows if row]
    return median(heights) if len(heights) > 2 else 0.0


def _is_heading(rows: Sequence[Row], usual: float) -> bool:
    """One short row in larger type that does not end like a sentence, on a page that has enough rows to tell."""
    if len(rows) != 1 or not usual or _height(rows[0]) < _HEADING_HEIGHT * usual:
        return False
    text = text_of(rows[0])
    return 0 < len(text) <= _HEADING_LENGTH and text[-1] not in _SENTENCE_ENDS


def _flowing(rows: Sequence[Row]) -> str:
    """The rows of a paragraph; a line break stays where a row ends short."""
    right = max((_right(row) for row in rows), default=0.0)
    text = text_of(rows[0]) if rows else ""
    for row, following in pairwise(rows):
        before, after = text_of(row), text_of(following)
        text += _joint(before, after) if _runs_over(row, before, after, right) else "\n"
        text += after
    return text


def _runs_over(row: Row, before: str, after: str, right: float) -> bool:
    """Not: a row that ends early or like a sentence, one before a numbered item, and one in columns."""
    ends = before[-1] in _SENTENCE_ENDS or right - _right(row) > _SHORT_BY * _height(row)
    return not ends and not _ITEM.match(after) and not any(spaced for _, _, spaced in parts_of(row))


def _joint(before: str, after: str) -> str:
    return "" if is_one_run(before[-1], after[0]) else " "


def _height(row: Row) -> float:
    """Along the text's own upright, so that skew does not make it taller."""
    (x1, y1), _, _, (x2, y2) = row[0].polygon
    return float(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5)


def _right(row: Row) -> float:
    return max((region.bbox[2] for region in row), default=0.0)
