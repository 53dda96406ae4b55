"""Question banks, their questions, and the files that become questions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Json, RootModel, StringConstraints, Tag, WithJsonSchema

from services.banks.formats.mapping import MOST_COLUMNS, TARGETS
from services.banks.question_service import BULK_LIMIT
from services.banks.questions import QuestionInput
from web.schemas.base import MANY, NO_NUL, ONE, Answer, Body, Label, Many, One, PageQuery, Query, Text

FileFormat = Literal["jsonl", "json", "csv", "xlsx", "gift", "aiken"]
QuestionStatus = Literal["active", "merged", "deleted"]
_NAME = Field(None, max_length=200, pattern=NO_NUL)


class BankOut(Answer):
    id: int
    name: str
    description: str
    question_count: int
    created_at: float
    updated_at: float


class NewBank(Body):
    name: Label
    description: Text = ""


class NewSampleBank(Body):
    name: Label = "Sample"


class BankChange(Body):
    """What is left out stays as it is."""

    name: Label | None = None
    description: Text | None = None


class BankListQuery(PageQuery):
    q: str | None = Field(None, min_length=1, max_length=200, pattern=NO_NUL, description="Part of the name.")


class BankGroupOut(Answer):
    """How many active questions a group has; dedup compares inside groups."""

    type_name: str
    subject_name: str
    channel_code: str
    questions: int


class QuestionOut(Answer):
    id: int
    bank_id: int
    type_name: str
    subject_name: str
    channel_code: str
    stem: str
    options: list[str]
    answer: str
    analysis: str
    source: str
    external_id: str | None
    status: QuestionStatus
    merged_into: int | None
    created_at: float


class QuestionFilter(Query):
    type_name: str | None = _NAME
    subject_name: str | None = _NAME
    channel_code: str | None = _NAME
    status: QuestionStatus | None = Field(None, description="Left out: all but the deleted ones.")
    q: str | None = Field(
        None, min_length=1, max_length=500, pattern=NO_NUL, description="Part of the stem, or the external id."
    )


class QuestionListQuery(QuestionFilter, PageQuery):
    pass


class ExportQuery(QuestionFilter):
    format: FileFormat = "jsonl"


class QuestionBatch(Body):
    """All of them are created, or none."""

    questions: Annotated[list[QuestionInput], Field(min_length=1, max_length=BULK_LIMIT)]


def _one_or_many(value: Any) -> str:
    return MANY if isinstance(value, dict) and "questions" in value else ONE


class NewQuestions(
    RootModel[
        Annotated[Annotated[QuestionInput, Tag(ONE)] | Annotated[QuestionBatch, Tag(MANY)], Discriminator(_one_or_many)]
    ]
):
    """One question, or `{"questions": [...]}`."""

    model_config = ConfigDict(json_schema_extra={"type": "object"})


class QuestionsAnswer(RootModel[One[QuestionOut] | Many[QuestionOut]]):
    """As it was asked: one, or a list."""


_FIELDS = ", ".join(target for target in TARGETS if len(target) > 1)
_MAPPING = (
    "JSON, {column header or object key: field}: what the file's columns are read as. A field is one of "
    f"{_FIELDS}, or an option's letter A to Z; an empty text ignores the column. "
    "Columns that are not named here go by their own names."
)
_Column = Annotated[str, StringConstraints(pattern=NO_NUL, max_length=1000)]
_Target = Annotated[str, StringConstraints(max_length=20)]
# A form has texts only, so its schema says a text that holds JSON.
MappingField = Annotated[
    Json[Annotated[dict[_Column, _Target], Field(max_length=MOST_COLUMNS)]],
    WithJsonSchema({"type": "string", "contentMediaType": "application/json"}),
]


class PreviewForm(Query):
    """Beside the file, or instead of it. The names are given to rows that do not say them themselves."""

    upload: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        pattern=NO_NUL,
        description="Instead of a file: the token of the one that a preview was shown of, within the last hour.",
    )
    file_name: str | None = Field(
        None, min_length=1, max_length=1000, pattern=NO_NUL, description="What that file is called."
    )
    format: FileFormat | None = Field(None, description="Left out: found by the content of the file.")
    mapping: MappingField = Field({}, description=_MAPPING)
    type_name: str | None = _NAME
    subject_name: str | None = _NAME
    channel_code: str | None = _NAME
    source: str | None = Field(None, max_length=1000, pattern=NO_NUL)

    def defaults(self) -> dict[str, str]:
        return self.model_dump(include={"type_name", "subject_name", "channel_code", "source"}, exclude_none=True)


class ImportForm(PreviewForm):
    """Beside the file, or instead of it. The names are given to rows that do not say them themselves."""

    task_name: str | None = Field(None, min_length=1, max_length=500, pattern=NO_NUL)


class ImportSheetOut(Answer):
    name: str
    header_line: int = Field(description="The row that names the columns.")
    is_read: bool = Field(description="Whether it has a stem; sheets without one are passed over.")


class ImportColumnOut(Answer):
    """A column of a table, or a key of JSON objects."""

    name: str
    field: str | None = Field(description="What it is by its name; null: nothing that is known here.")
    mapped_to: str | None = Field(description="What it is read as; null: it is not read.")
    samples: list[str] = Field(description="Some of its values, each cut after 200 characters.")


class ImportRowOut(Answer):
    """A good row, as the question it becomes; texts are cut after 1,000 characters."""

    line: int
    type_name: str
    subject_name: str
    channel_code: str
    stem: str
    options: list[str]
    answer: str
    analysis: str
    source: str
    external_id: str | None


class ImportCountsOut(Answer):
    """Of the rows that were looked at."""

    read: int
    good: int
    bad: int
    skipped: int = Field(description="Empty lines.")
    complete: bool = Field(description="They are all there are.")


class ImportNoteOut(Answer):
    note: str
    rows: int


class KeptUploadOut(Answer):
    """The file is kept for an import, or another preview, that names it by `upload`."""

    token: str
    expires_at: float


class ImportPreviewOut(Answer):
    """What an import would make of a file, by its first 500 rows."""

    format: FileFormat
    encoding: str | None = Field(description="utf-8 or gb18030; null where the format has but one.")
    delimiter: str | None = Field(description="Of a CSV.")
    sheets: list[ImportSheetOut] = Field(description="Of a workbook.")
    columns: list[ImportColumnOut] = Field(description="At most 256; none in GIFT and Aiken.")
    has_stem: bool
    message: str | None = Field(description="What to do where no column is the stem.")
    rows: ImportCountsOut
    questions: list[ImportRowOut] = Field(description="The first 20 good rows.")
    bad_rows: list[BadRowOut] = Field(description="The first 20 that would be refused.")
    notes: list[ImportNoteOut] = Field(description="What is odd about rows that are taken all the same.")
    upload: KeptUploadOut


class BadRowOut(Answer):
    line: int
    code: str
    reason: str
    excerpt: str
