"""The pictures of pages, upright, as people look at them and as exports take them. For worker processes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image

from services.ocr.decoding.decode import open_document
from services.ocr.orientation import turned
from services.ocr.page import Image
from services.runners.channel import Reply
from services.runners.worker import WorkerContext

MEDIA_TYPE = "image/jpeg"
_QUALITY = 85
_MOST_SIDE = 65_500  # pixels: JPEG knows no more


def render(argument: Mapping[str, Any], _context: WorkerContext, _blob: bytes) -> Reply:
    """The target of the worker pool: {path, page, rotation, width?} -> {width, height} and a JPEG."""
    image = upright_page(Path(argument["path"]), argument["page"], argument["rotation"])
    image = narrowed(image, argument["width"])
    return Reply({"width": image.shape[1], "height": image.shape[0]}, jpeg(image))


def upright_page(path: Path, page: int, rotation: int) -> Image:
    """In whose pixels a result counts that has this rotation.

    Raises:
        InvalidImageError, ImageTooLargeError, ImageTooSmallError: see decode.
        InvalidImageError: also when the file is gone.
    """
    with open_document(path) as document:
        return turned(document.page(page).image, rotation)


def narrowed(image: Image, width: int | None) -> Image:
    """At most so wide; never enlarged."""
    tall, wide = image.shape[:2]
    if width is None or width >= wide:
        return image
    size = width, max(1, round(tall * width / wide))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def jpeg(image: Image) -> bytes:
    picture = PIL.Image.fromarray(image)
    if max(picture.size) > _MOST_SIDE:
        picture.thumbnail((_MOST_SIDE, _MOST_SIDE))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
