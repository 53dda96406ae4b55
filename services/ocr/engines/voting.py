"""Which way up a line is, told by an engine that has no classifier for it: the way in which it reads better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.ocr.engines.base import Engine
from services.ocr.page import Image, Reading


def votes_by_reading(engine: Engine, crops: Sequence[Image]) -> list[float]:
    """For each crop the probability that it stands on its head; 0.5 when it cannot be read either way.

    Costs two readings a crop. A line on its head is still read, as rubbish of low confidence.
    """
    as_is = engine.recognize(crops)
    turned = engine.recognize([np.ascontiguousarray(np.rot90(crop, 2)) for crop in crops])
    return [_vote(_weight(reading), _weight(other)) for reading, other in zip(as_is, turned, strict=True)]


def _vote(as_is: float, turned: float) -> float:
    return turned / (as_is + turned) if as_is + turned else 0.5


def _weight(reading: Reading) -> float:
    """Confidence counts more than its difference: 0.9 against 0.6 is a clear answer."""
    return reading.confidence**4 if reading.text.strip() else 0.0
