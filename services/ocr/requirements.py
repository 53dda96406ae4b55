"""What a client asks of a recognition. [fixed] names and values are those of CONTRACT §5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

EngineName = Literal["rapidocr", "easyocr", "tesseract", "stub"]
Coordinate = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
# Pixels of the upright page (width and height of the result); x1, y1, x2, y2.
Area = Annotated[list[Coordinate], Field(min_length=4, max_length=4)]
PageRanges = Annotated[str, Field(max_length=200, pattern=r"^\s*\d+\s*(-\s*\d*\s*)?(,\s*\d+\s*(-\s*\d*\s*)?)*$")]

# They say how the answer is brought, not what it is.
_OF_DELIVERY = {"real_time", "batch_processing", "cache"}


class Requirements(BaseModel):
    """Unknown names are ignored: mobile apps in the field send some of their own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    document_type: Literal["auto", "document", "receipt", "id_card", "business_card"] = "auto"
    language: Literal["auto", "chinese", "english", "mixed"] = "auto"
    accuracy_requirement: Literal["high", "medium", "low"] = "medium"
    speed_requirement: Literal["fast", "medium", "slow"] = "medium"
    real_time: StrictBool = False
    batch_processing: StrictBool = False
    engines: list[EngineName] = Field(default_factory=list, max_length=3, description="empty: chosen by the server")
    cache: StrictBool = Field(default=True, description="a result for the same bytes and requirements may be reused")
    region: Area | None = Field(default=None, description="only what lies in this box is read")
    ignore: list[Area] = Field(default_factory=list, max_length=200, description="what lies in these boxes is not read")
    pages: PageRanges | None = Field(default=None, description="of a document: 1-3,7,9- ; all unless told")

    @model_validator(mode="after")
    def _check_areas(self) -> Self:
        for x1, y1, x2, y2 in [*self.ignore, *([self.region] if self.region else [])]:
            if x1 >= x2 or y1 >= y2:
                raise ValueError("an area is x1, y1, x2, y2 with x1 < x2 and y1 < y2")
        return self

    def key(self) -> bytes:
        """The same for requirements that lead to the same result."""
        return orjson.dumps(self.model_dump(exclude=_OF_DELIVERY | {"pages"}), option=orjson.OPT_SORT_KEYS)

    def for_page(self) -> dict[str, Any]:
        """What a worker needs to know for one page."""
        return self.model_dump(exclude={"pages"})

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Self:
        return cls.model_validate(data or {})
