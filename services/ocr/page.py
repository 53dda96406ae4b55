"""What a page is before and after it was read. Coordinates are pixels of the upright page, the origin at its top left.

"Upright" means: EXIF orientation applied and turned by a multiple of 90 degrees until people can read it. A slight
skew is not taken out of it: the polygons of a skewed page are tilted as its lines are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # height x width x 3, RGB
Quad = NDArray[np.float32]  # 4 x 2: the corners (x, y) clockwise, beginning with the one at the text's top left
Box = tuple[float, float, float, float]  # x1, y1, x2, y2


class Stage(StrEnum):
    """[fixed] The names that clients know."""

    PREPROCESSING = "preprocessing"
    DETECTION = "detection"
    RECOGNITION = "recognition"
    POSTPROCESSING = "postprocessing"


@dataclass(frozen=True, slots=True)
class Reading:
    """What an engine reads in one crop.

    `positions`: for each character of `text`, where its middle lies along the crop (0: left edge, 1: right edge);
    empty when the engine does not tell.
    """

    text: str
    confidence: float  # 0 … 1
    positions: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """A piece of one printed line: where it is and what it says."""

    polygon: tuple[tuple[float, float], ...]  # four corners as in Quad
    text: str
    confidence: float  # 0 … 1
    engine: str = ""

    @property
    def bbox(self) -> Box:
        xs, ys = zip(*self.polygon, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def quad(self) -> Quad:
        return np.array(self.polygon, np.float32)

    def with_text(self, text: str) -> Self:
        return replace(self, text=text)

    def as_json(self) -> dict[str, Any]:
        return {
            "bbox": [round(value, 1) for value in self.bbox],
            "polygon": [[round(x, 1), round(y, 1)] for x, y in self.polygon],
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "engine": self.engine,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        corners = tuple((float(x), float(y)) for x, y in data["polygon"])
        return cls(corners, data["text"], float(data["confidence"]), data.get("engine", ""))


def polygon_of(quad: Quad) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in quad)


def box_polygon(box: Box) -> tuple[tuple[float, float], ...]:
    x1, y1, x2, y2 = box
    return (x1, y1), (x2, y1), (x2, y2), (x1, y2)


@dataclass(frozen=True, slots=True)
class Raster:
    """One page as pixels, as it was stored: EXIF applied, not yet turned upright.

    Attributes:
        dpi: as the file says or as it was rendered; None when unknown.
        text_layer: what a PDF already says of its own text, in these pixels; None: read the pixels.
    """

    image: Image
    dpi: float | None = None
    text_layer: tuple[Region, ...] | None = None


@dataclass(frozen=True, slots=True)
class PageResult:
    """The result object of CONTRACT §5, plus `paragraphs` for exports.

    Attributes:
        regions: in reading order.
        paragraphs: for each paragraph its rows, for each row the indexes of its regions, all in reading order.
        rotation: degrees clockwise (0, 90, 180, 270) that set the page upright; `width`, `height` are upright.
        fields: of receipts, id cards and business cards.
    """

    text: str
    confidence: float
    processing_time: float  # seconds
    selected_models: tuple[str, ...]
    strategy: str  # "single" | "fusion"
    language: str
    document_type: str
    document_confidence: float
    regions: tuple[Region, ...]
    paragraphs: tuple[tuple[tuple[int, ...], ...], ...]
    width: int
    height: int
    rotation: int
    dpi: float | None = None
    fields: Mapping[str, Any] | None = None
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds by stage

    def as_json(self) -> dict[str, Any]:
        result = {name: getattr(self, name) for name in self.__slots__ if name not in {"regions", "fields"}}
        result["confidence"] = round(self.confidence, 4)
        result["regions"] = [region.as_json() for region in self.regions]
        if self.fields:
            result["fields"] = dict(self.fields)
        return result

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        known = {name: data[name] for name in cls.__slots__ if name in data}
        known["selected_models"] = tuple(data["selected_models"])
        known["regions"] = tuple(Region.from_json(region) for region in data["regions"])
        known["paragraphs"] = tuple(tuple(tuple(row) for row in rows) for rows in data["paragraphs"])
        return cls(**known)


def rows_of(result: PageResult) -> Sequence[Sequence[Sequence[Region]]]:
    """Paragraphs of rows of regions."""
    return [[[result.regions[index] for index in row] for row in rows] for rows in result.paragraphs]
