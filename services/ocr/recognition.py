"""What a worker process does for one picture that somebody waits for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.errors import NoTextDetectedError
from services.ocr.decoding.decode import open_document
from services.ocr.pipeline import read_page
from services.ocr.progress import Progress
from services.ocr.requirements import Requirements
from services.runners.worker import WorkerContext


def recognize(argument: Mapping[str, Any], context: WorkerContext, blob: bytes) -> dict[str, Any]:
    """The target of the worker pool: {requirements, page} and a file's bytes -> a PageResult as JSON.

    Raises:
        NoTextDetectedError: nothing was read.
        InvalidImageError, ImageTooLargeError, ImageTooSmallError, EncryptedDocumentError: see decode.
        ModelLoadError, InvalidInputError: see pipeline.
    """
    requirements = Requirements.of(argument["requirements"])
    with open_document(blob) as document:
        raster = document.page(argument.get("page", 1))
    result = read_page(raster, requirements, report=lambda progress: _tell(progress, context), threads=context.threads)
    if not result.text.strip():
        raise NoTextDetectedError
    return result.as_json()


def _tell(progress: Progress, context: WorkerContext) -> None:
    context.report(
        {
            "progress": round(100 * progress.fraction, 1),
            "stage": progress.stage,
            "message": progress.message,
            "lines": list(progress.lines),
        }
    )
