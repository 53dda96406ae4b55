"""A page's result with some of its regions changed: one box read again, or a text that a person corrected.

For worker processes; services/ocr/corrections.py stores what comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from services.errors import NoTextDetectedError, NotFoundError
from services.ocr import areas, blanks
from services.ocr.crops import cut, size_of
from services.ocr.engines import registry
from services.ocr.fields import extract
from services.ocr.language import detect
from services.ocr.layout import arrange
from services.ocr.page import Box, Image, PageResult, Quad, Region, box_polygon, polygon_of
from services.ocr.page_images import upright_page
from services.ocr.pipeline import mean_confidence
from services.ocr.requirements import Requirements
from services.ocr.selector import select
from services.runners.worker import WorkerContext

PERSON = "person"  # the engine of what a person wrote
_REPLACED = 0.5  # share of a region's own area that lies in the box
_ROOM = 16  # pixels around a box, without which a line that fills it is overlooked
_SINGLE = 1.8  # a box less than so many lines high is one line, whatever the detector says


def reread(argument: Mapping[str, Any], context: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """{path, page, requirements, result, box} -> the result with what the box says now.

    Raises:
        NoTextDetectedError: nothing was read in the box.
        InvalidInputError: it lies outside the page.
    """
    result = PageResult.from_json(argument["result"])
    image = upright_page(Path(argument["path"]), argument["page"], result.rotation)
    found = _read_box(image, argument["box"], Requirements.of(argument["requirements"]), context.threads)
    if not found:
        raise NoTextDetectedError
    kept = [region for region in result.regions if _share_inside(region.bbox, argument["box"]) <= _REPLACED]
    return with_regions(result, [*kept, *found]).as_json()


def correct(argument: Mapping[str, Any], _context: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """{result, region, text} -> the result in which a person's text stands; an empty text takes the region away."""
    result, index = PageResult.from_json(argument["result"]), argument["region"]
    if not 0 <= index < len(result.regions):
        raise NotFoundError("region", index)
    text = " ".join(argument["text"].split())
    written = [replace(result.regions[index], text=text, confidence=1.0, engine=PERSON)] if text else []
    return with_regions(result, [*result.regions[:index], *written, *result.regions[index + 1 :]]).as_json()


def with_regions(result: PageResult, regions: Sequence[Region]) -> PageResult:
    """The result of a page that has these regions, in whatever order they are given; its type stays what it was."""
    layout = arrange(regions, result.width, result.height)
    ordered = tuple(regions[index] for index in layout.order)
    return replace(
        result,
        text=layout.text,
        confidence=mean_confidence(ordered),
        language=detect(layout.text),
        regions=ordered,
        paragraphs=layout.paragraphs,
        fields=extract(result.document_type, ordered, layout.paragraphs),
    )


def _read_box(image: Image, box: Sequence[float], requirements: Requirements, threads: int) -> list[Region]:
    strategy = select(requirements, registry.available())
    engine = registry.engine(strategy.engines[0])
    inside = areas.clipped(box, image.shape[1], image.shape[0])
    left, top = max(0, inside[0] - _ROOM), max(0, inside[1] - _ROOM)
    part = np.ascontiguousarray(image[top : inside[3] + _ROOM, left : inside[2] + _ROOM])
    wanted = inside[0] - left, inside[1] - top, inside[2] - left, inside[3] - top
    quads = _lines_in(wanted, engine.detect(part, strategy.detector_side, threads))
    read = partial(engine.recognize, threads=threads)
    quads, readings = blanks.restore(part, quads, read([cut(part, quad) for quad in quads]), read=read)
    return [
        Region(polygon_of(quad), reading.text, reading.confidence, engine.name)
        for quad, reading in zip(areas.shifted(quads, (left, top, 0, 0)), readings, strict=True)
        if reading.text.strip() and _is_inside(quad, inside)
    ]


def _lines_in(box: tuple[int, int, int, int], found: Sequence[Quad]) -> list[Quad]:
    """The box itself when it holds one line, which a person has drawn better than the detector; else those found."""
    lines = [quad for quad in found if _is_inside(quad, box)]
    if not lines or box[3] - box[1] < _SINGLE * median(size_of(line)[1] for line in lines):
        return [np.array(box_polygon(box), np.float32)]
    return lines


def _is_inside(quad: Quad, box: Sequence[float]) -> bool:
    x, y = quad.mean(axis=0)
    return bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def _share_inside(bbox: Box, box: Sequence[float]) -> float:
    width = min(bbox[2], box[2]) - max(bbox[0], box[0])
    height = min(bbox[3], box[3]) - max(bbox[1], box[1])
    area = (bbox[2] - bbox[0]) * (bbox[3] - bbox[1])
    return max(0.0, width) * max(0.0, height) / area if area else 0.0
