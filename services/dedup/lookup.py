"""Where values stand in arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def among(values: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> Mask:
    """Which of many values are among few; np.isin sorts them all."""
    if not len(wanted):
        return np.zeros(len(values), dtype=np.bool_)
    return places(np.unique(wanted), values)[1]


def places(known: npt.NDArray[Any], values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], Mask]:
    """Where values stand among ascending ones, and whether they do."""
    if not len(known):
        return np.zeros(len(values), dtype=np.int64), np.zeros(len(values), dtype=np.bool_)
    place = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return place, known[place] == values
