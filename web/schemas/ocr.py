"""OCR: what is asked of a recognition, and what a page says."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, Json, WithJsonSchema

from models import DEFAULT_BANK_ID
from services.ocr.export import EXPORT_FORMATS
from services.ocr.requirements import Area, Requirements
from web.schemas.base import NO_NUL, Answer, Body, Id, Name, PageQuery, Query, Text, Whole
from web.schemas.tasks import TaskErrorOut

PageStatus = Literal["pending", "completed", "failed"]
ExportFormat = Literal["txt", "json", "md", "hocr", "alto", "tsv", "pdf"]
assert set(get_args(ExportFormat)) == set(EXPORT_FORMATS)

_REQUIREMENTS = "JSON, any of: " + ", ".join(Requirements.model_fields)
# A form has texts only, so its schema says a text that holds JSON.
RequirementsField = Annotated[
    Json[Requirements], WithJsonSchema({"type": "string", "contentMediaType": "application/json"})
]
GroupName = Annotated[str, Field(max_length=200, pattern=NO_NUL)]


class RecognizeForm(Query):
    """Beside the file."""

    requirements: RequirementsField = Field(Requirements(), description=_REQUIREMENTS)


class OcrTaskForm(RecognizeForm):
    """Beside the files."""

    task_name: str | None = Field(None, min_length=1, max_length=500, pattern=NO_NUL)
    auto_start: bool = True


class RegionOut(Answer):
    """A piece of one printed line. Coordinates are pixels of the upright page."""

    bbox: list[float] = Field(description="x1, y1, x2, y2")
    polygon: list[list[float]] = Field(description="Four corners, clockwise from the text's top left.")
    text: str
    confidence: float
    engine: str = Field(description="Which engine read it; `person`: a person wrote it.")


class OcrResultOut(Answer):
    """What a page says."""

    text: str = Field(description="In reading order.")
    confidence: float
    processing_time: float = Field(description="Seconds.")
    selected_models: list[str] = Field(description="The engines that truly read.")
    strategy: Literal["single", "fusion"]
    language: str
    document_type: str
    document_confidence: float
    regions: list[RegionOut]
    paragraphs: list[list[list[int]]] = Field(description="Paragraphs of rows of indexes into `regions`.")
    width: int
    height: int
    rotation: int = Field(description="Degrees clockwise that set the page upright.")
    dpi: float | None
    fields: dict[str, Any] | None = Field(None, description="Of receipts, id cards and business cards.")
    timings: dict[str, float] = Field(description="Seconds by stage.")
    cached: bool = Field(False, description="It was known from an earlier recognition of the same bytes.")


class OcrPageOut(Answer):
    """A page of a task; `page` counts through all its files."""

    page: int
    file_name: str
    page_in_file: int
    status: PageStatus
    error: TaskErrorOut | None
    result: OcrResultOut | None
    revision: int = Field(description="Corrections since it was read.")
    revised_at: float | None


class PagesQuery(PageQuery):
    status: PageStatus | None = None
    results: bool = Field(True, description="false: the pages without what they say, `result` is null.")


class ImageQuery(Query):
    width: int | None = Field(None, ge=16, le=10_000, description="Pixels; never enlarged. Left out: as it is.")


class OcrExportQuery(Query):
    format: ExportFormat = "txt"


class BoxToRead(Body):
    """A box that a person drew or moved, to be read again."""

    box: Area = Field(description="x1, y1, x2, y2 in pixels of the upright page.")
    revision: Whole | None = Field(None, ge=0, description="The page's as you know it: 409 when it has changed since.")


class RegionText(Body):
    """What a person says a region says."""

    text: Text
    revision: Whole | None = Field(None, ge=0, description="The page's as you know it: 409 when it has changed since.")


class NewQuestionsFromPages(Body):
    """Where the questions go, and what those say that the page does not."""

    bank_id: Id = DEFAULT_BANK_ID
    type_name: GroupName | None = None
    subject_name: GroupName | None = None
    channel_code: GroupName | None = None
    task_name: Name | None = None

    def defaults(self) -> dict[str, str]:
        return self.model_dump(include={"type_name", "subject_name", "channel_code"}, exclude_none=True)
