"""hOCR 1.2 (https://kba.github.io/hocr-spec/1.2/) in XHTML: page, content area, paragraph, line, word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from services.ocr.export.base import ExportPage
from services.ocr.export.language import tag_of
from services.ocr.export.words import Block, IntBox, Line, Paragraph, Word, blocks_of
from services.ocr.export.xml import escaped, tag
from services.version import VERSION

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<title>{title}</title>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8"/>
<meta name="ocr-system" content="Taskbeam {version}"/>
<meta name="ocr-capabilities" content="ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrp_lang"/>
</head>
<body>
"""


def write(pages: Iterable[ExportPage], title: str) -> Iterator[bytes]:
    yield _HEAD.format(title=escaped(title), version=VERSION).encode()
    for page in pages:
        yield "\n".join(_page(page)).encode() + b"\n"
    yield b"</body>\n</html>\n"


def _page(page: ExportPage) -> Iterator[str]:
    result = page.result
    language = tag_of(result.language) if result else None
    languages = {"lang": language, "xml:lang": language}
    yield f"<{tag('div', **{'class': 'ocr_page'}, id=f'page_{page.page}', title=_page_title(page), **languages)}>"
    if result is None:
        yield f"<p>{escaped(page.failure)}</p>"
    else:
        for number, block in enumerate(blocks_of(result), 1):
            yield from _area(f"{page.page}_{number}", block)
    yield "</div>"


def _page_title(page: ExportPage) -> str:
    """Its box, where it comes from, its place among the pages (from 0), its resolution where that is known."""
    result, name = page.result, _ascii(page.file_name)
    size = (result.width, result.height) if result else (0, 0)
    parts = [_bbox((0, 0, *size)), f'image "{name}"', f"ppageno {page.page - 1}"]
    parts.append(f'x_source "{name}" "{page.page_in_file}"')
    if result and result.dpi:
        parts.append(f"scan_res {round(result.dpi)} {round(result.dpi)}")
    return "; ".join(parts)


def _area(key: str, block: Block) -> Iterator[str]:
    yield f'<div class="ocr_carea" id="block_{key}" title="{_bbox(block.box)}">'
    for number, paragraph in enumerate(block.paragraphs, 1):
        yield from _paragraph(f"{key}_{number}", paragraph)
    yield "</div>"


def _paragraph(key: str, paragraph: Paragraph) -> Iterator[str]:
    yield f'<p class="ocr_par" id="par_{key}" title="{_bbox(paragraph.box)}">'
    for number, line in enumerate(paragraph.lines, 1):
        yield _line(f"{key}_{number}", line)
    yield "</p>"


def _line(key: str, line: Line) -> str:
    words = "".join(_word(f"{key}_{number}", word) for number, word in enumerate(line.words, 1))
    return f'<span class="ocr_line" id="line_{key}" title="{_bbox(line.box)}; {_baseline(line)}">{words}</span>'


def _word(key: str, word: Word) -> str:
    blank = " " if word.spaced else ""
    title = f"{_bbox(word.box)}; x_wconf {100 * word.confidence:.2f}"
    return f'{blank}<span class="ocrx_word" id="word_{key}" title="{title}">{escaped(word.text)}</span>'


def _bbox(box: IntBox) -> str:
    return "bbox " + " ".join(map(str, box))


def _baseline(line: Line) -> str:
    """Its slope, and how far it passes below (here above: negative) the lower left corner of the line's box."""
    (x1, y1), (x2, y2) = line.baseline
    slope = (y2 - y1) / (x2 - x1) if x2 - x1 >= 1 else 0.0
    at_left = y1 + slope * (line.box[0] - x1)
    return f"baseline {slope:.4f} {round(at_left - line.box[3])}"


def _ascii(name: str) -> str:
    """A file name as a relative URL: the grammar allows neither quotes nor what is not ASCII."""
    return quote(name.encode("utf-8", "replace"), safe=" !'()+,-./=@[]^_{}~") or "unknown"
