"""Which class opens which source; each is imported when it is needed."""

from __future__ import annotations

from services.cameras.source_spec import Source, pattern_of
from services.cameras.sources.base import CameraSource


def source_for(source: Source) -> CameraSource:
    """Not opened yet."""
    if source.kind == "test":
        from services.cameras.sources.synthetic import SyntheticSource  # noqa: PLC0415

        return SyntheticSource(pattern_of(source.text))
    if source.kind == "http":
        from services.cameras.sources.mjpeg import MjpegSource  # noqa: PLC0415

        return MjpegSource(source)
    from services.cameras.sources.opencv import OpenCvSource  # noqa: PLC0415

    return OpenCvSource(source)
