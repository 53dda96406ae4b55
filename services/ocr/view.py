"""A page of an OCR task as clients see it."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Row, null

from models import OcrPage

PageObject = dict[str, Any]


class PageImage(NamedTuple):
    """`is_upright`: the page was read, so that it is known how it stands; before, it is as the file has it."""

    data: bytes
    media_type: str
    is_upright: bool


# Typed loosely: what is selected by them is only ever turned into an object.
PAGE_COLUMNS: tuple[Any, ...] = (
    OcrPage.page,
    OcrPage.file_name,
    OcrPage.page_in_file,
    OcrPage.status,
    OcrPage.error_code,
    OcrPage.error_message,
    OcrPage.result,
    OcrPage.revision,
    OcrPage.revised_at,
)

# Of a page that is only listed: what it says may be a megabyte.
LISTED_COLUMNS: tuple[Any, ...] = tuple(
    null().label("result") if column is OcrPage.result else column for column in PAGE_COLUMNS
)


def as_page(row: Row[Any]) -> PageObject:
    """`revision` counts changes since the page was read; `revised_at` is null when it is as it was read."""
    return {
        "page": row.page,
        "file_name": row.file_name,
        "page_in_file": row.page_in_file,
        "status": row.status,
        "error": None if row.error_code is None else {"code": row.error_code, "message": row.error_message},
        "result": row.result,
        "revision": row.revision,
        "revised_at": row.revised_at,
    }
