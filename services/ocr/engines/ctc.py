"""Before and after a line recogniser that was trained with CTC.

Source: Graves et al., "Connectionist Temporal Classification", ICML 2006: best-path decoding. Each column of the output
is a distribution over the characters and "nothing"; repeats are merged, then "nothing" is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from services.ocr.page import Image, Reading

_NOTHING = 0
_WIDEST = 3200  # pixels at the model's height; longer crops are squeezed
# Of the model's height a crop takes this share, and a line that is lower is narrower and costs less. A fine scan is
# read as well at 5/6 (11,397 characters at 300 dpi, sharp, noisy and blurred: 0.25 % wrong against 0.26 %); where a
# crop has to be enlarged, less than 11/12 begins to cost characters.
_FINE, _COARSE = 5 / 6, 11 / 12


def tensor_of(crop: Image, height: int) -> NDArray[np.float32]:
    """1 x 3 x height x width, BGR in -1 … 1, the crop's proportions kept; above and below it its edge goes on."""
    tall, wide = crop.shape[:2]
    lower = round(height * (_FINE if tall >= _FINE * height else _COARSE))
    width = min(_WIDEST, max(8, round(wide * lower / tall)))
    small = cv2.resize(crop, (width, lower), interpolation=cv2.INTER_AREA if tall > 2 * height else cv2.INTER_LINEAR)
    above, below = (height - lower) // 2, (height - lower + 1) // 2
    full = cv2.copyMakeBorder(small, above, below, 0, 0, cv2.BORDER_REPLICATE)
    return cv2.dnn.blobFromImage(full, 1 / 127.5, mean=(127.5, 127.5, 127.5), swapRB=True)  # type: ignore[return-value]


def reading_of(columns: NDArray[np.float32], characters: Sequence[str]) -> Reading:
    """What one line's output (columns x characters) says; `characters[0]` is "nothing"."""
    best = columns.argmax(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(starts[1:], len(best))
    kept = best[starts] != _NOTHING
    starts, ends = starts[kept], ends[kept]
    if not len(starts):
        return Reading("", 0.0)
    surely = columns[starts, best[starts]]
    middles = (starts + ends) / (2 * len(best))
    text = "".join(characters[index] for index in best[starts])
    return Reading(text, float(surely.mean()), tuple(middles.tolist()))
