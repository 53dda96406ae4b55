"""Pages as they come from the layout: one region to a part, one paragraph of rows."""

from __future__ import annotations

from services.ocr.page import Region, box_polygon

Paragraphs = tuple[tuple[tuple[int, ...], ...], ...]


def printed(text: str, heights: dict[int, float] | None = None) -> tuple[list[Region], Paragraphs]:
    """A row for each line; parts of a row are set apart by `|`. `heights`: of rows in other type than 20 pixels."""
    regions: list[Region] = []
    rows: list[tuple[int, ...]] = []
    for number, line in enumerate(text.strip().split("\n")):
        parts = line.split("|")
        rows.append(tuple(range(len(regions), len(regions) + len(parts))))
        top, tall = 40.0 * number, (heights or {}).get(number, 20.0)
        regions += [
            Region(box_polygon((200.0 * k, top, 200.0 * k + 180, top + tall)), part.strip(), 0.98)
            for k, part in enumerate(parts)
        ]
    return regions, (tuple(rows),)
