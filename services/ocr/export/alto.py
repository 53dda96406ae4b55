"""ALTO 4.4 (https://www.loc.gov/standards/alto/) in pixels: a Page for each page, a TextBlock for each paragraph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.ocr.export.base import ExportPage
from services.ocr.export.language import tag_of
from services.ocr.export.words import Block, IntBox, Line, Paragraph, Word, blocks_of
from services.ocr.export.xml import escaped, tag
from services.ocr.page import PageResult
from services.version import VERSION

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://www.loc.gov/standards/alto/ns-v4# http://www.loc.gov/standards/alto/v4/alto-4-4.xsd" \
SCHEMAVERSION="4.4">
<Description>
<MeasurementUnit>pixel</MeasurementUnit>
<sourceImageInformation>
<documentIdentifier>{title}</documentIdentifier>
</sourceImageInformation>
<Processing ID="ocr">
<processingCategory>contentGeneration</processingCategory>
<processingSoftware>
<softwareName>Taskbeam</softwareName>
<softwareVersion>{version}</softwareVersion>
</processingSoftware>
</Processing>
</Description>
<Layout>
"""


def write(pages: Iterable[ExportPage], title: str) -> Iterator[bytes]:
    yield _HEAD.format(title=escaped(title), version=VERSION).encode()
    empty = True
    for page in pages:
        yield "\n".join(_page(page)).encode() + b"\n"
        empty = False
    if empty:  # the schema asks for a page
        yield b'<Page ID="page_0" PHYSICAL_IMG_NR="0" QUALITY="Missing"/>\n'
    yield b"</Layout>\n</alto>\n"


def _page(page: ExportPage) -> Iterator[str]:
    name = {"ID": f"page_{page.page}", "PHYSICAL_IMG_NR": page.page}
    if page.result is None:
        yield f"<{tag('Page', **name, QUALITY='Missing', QUALITY_DETAIL=page.failure)}/>"
        return
    yield f"<{tag('Page', **name, **_page_attributes(page.result))}>"
    yield f"<{tag('PrintSpace', **_place((0, 0, page.result.width, page.result.height)))}>"
    for number, block in enumerate(blocks_of(page.result), 1):
        yield from _column(f"{page.page}_{number}", block)
    yield "</PrintSpace>"
    yield "</Page>"


def _page_attributes(result: PageResult) -> dict[str, object]:
    confidence = f"{min(1.0, max(0.0, result.confidence)):.4f}"
    return {
        "WIDTH": result.width,
        "HEIGHT": result.height,
        "PC": confidence,
        "LANG": tag_of(result.language),
        "PROCESSINGREFS": "ocr",
    }


def _column(key: str, block: Block) -> Iterator[str]:
    yield f"<{tag('ComposedBlock', ID=f'column_{key}', TYPE='column', **_place(block.box))}>"
    for number, paragraph in enumerate(block.paragraphs, 1):
        yield from _paragraph(f"{key}_{number}", paragraph)
    yield "</ComposedBlock>"


def _paragraph(key: str, paragraph: Paragraph) -> Iterator[str]:
    yield f"<{tag('TextBlock', ID=f'block_{key}', **_place(paragraph.box))}>"
    for number, line in enumerate(paragraph.lines, 1):
        yield from _line(f"{key}_{number}", line)
    yield "</TextBlock>"


def _line(key: str, line: Line) -> Iterator[str]:
    baseline = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.baseline)
    yield f"<{tag('TextLine', ID=f'line_{key}', BASELINE=baseline, **_place(line.box))}>"
    before: Word | None = None
    for number, word in enumerate(line.words, 1):
        if before and word.spaced:
            yield _blank(before, word)
        confidence = f"{word.confidence:.4f}"
        yield f"<{tag('String', ID=f'word_{key}_{number}', CONTENT=word.text, WC=confidence, **_place(word.box))}/>"
        before = word
    yield "</TextLine>"


def _blank(before: Word, after: Word) -> str:
    left, top, _, bottom = before.box[2], before.box[1], 0, before.box[3]
    return f"<{tag('SP', **_place((left, top, max(left, after.box[0]), bottom)))}/>"


def _place(box: IntBox) -> dict[str, object]:
    x1, y1, x2, y2 = box
    return {"HPOS": x1, "VPOS": y1, "WIDTH": x2 - x1, "HEIGHT": y2 - y1}
