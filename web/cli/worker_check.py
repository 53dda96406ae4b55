"""What `doctor` lets a worker process compute."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any


def answer(argument: Mapping[str, Any], _context: object, _blob: bytes) -> dict[str, Any]:
    return {"echo": argument["echo"], "pid": os.getpid()}


def load_engine(argument: Mapping[str, Any], _context: object, _blob: bytes) -> dict[str, Any]:
    """Raises ModelLoadError."""
    from services.ocr.engines import registry  # noqa: PLC0415  # `answer` shall not wait for it

    return {"version": registry.engine(argument["engine"]).version}


def open_camera(argument: Mapping[str, Any], _context: object, _blob: bytes) -> dict[str, Any]:
    """Raises CameraUnavailableError."""
    from services.cameras.source_spec import Source, parse  # noqa: PLC0415  # nor for OpenCV
    from services.cameras.sources.opening import source_for  # noqa: PLC0415

    source = parse(argument["source"])
    with source_for(Source(source.kind, source.text, trusted=True)) as camera:
        picture = camera.read()
    return {"width": picture.width, "height": picture.height}
