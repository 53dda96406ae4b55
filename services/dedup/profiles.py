"""Profiles: how often characters of each kind stand in a text. They show of most pairs that are not alike that they are
not, before the texts are read.

Each edit changes one character: two texts need at least as many edits as one has characters of some kinds more than the
other has of these (the bound of q-gram filters, Ukkonen 1992, for q = 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from services.dedup.characters import code_points
from services.dedup.lookup import Mask

_KINDS_BITS = 5
_KINDS = 1 << _KINDS_BITS
_MIXER = np.uint32(0x9E3779B1)
_BLOCK = 1024  # texts in one array
_ROUNDING = 1e-6

PROFILE = np.dtype(f"V{_KINDS}")
"""One text's counts, a byte each; 255 stands for more, too, which makes no bound higher than it is."""
Profiles = npt.NDArray[np.void]
Shapes = npt.NDArray[np.uint32]
"""Of each text its length, doubled, and one more where there are options."""


def profiles_of(texts: Sequence[str]) -> Profiles:
    """A profile of each text."""
    blocks = [_profiles(texts[start : start + _BLOCK]) for start in range(0, len(texts), _BLOCK)]
    return np.concatenate([np.zeros(0, PROFILE), *blocks])


def _profiles(texts: Sequence[str]) -> Profiles:
    codes = code_points("".join(texts))
    firsts = np.arange(0, len(texts) * _KINDS, _KINDS)
    places = np.repeat(firsts, list(map(len, texts))) + ((codes * _MIXER) >> np.uint32(32 - _KINDS_BITS))
    counts = np.bincount(places, minlength=len(texts) * _KINDS)
    return np.minimum(counts, 255).astype(np.uint8).view(PROFILE)


def may_be_alike(shapes: Shapes, profiles: Profiles, pairs: npt.NDArray[Any], floor: float) -> Mask:
    """Which pairs `verify.compare` can find alike at all, by their stems.

    Args:
        shapes: of all stems.
        profiles: of all stems.
        pairs: rows of these, shape (pairs, 2).
        floor: the similarity that is asked for.
    """
    one, other = shapes[pairs[:, 0]], shapes[pairs[:, 1]]
    short, long = np.minimum(one >> 1, other >> 1), np.maximum(one >> 1, other >> 1)
    edits = (1.0 - floor + _ROUNDING) * long
    # Options that are alike may make up for stems that are not.
    maybe: Mask = (one & other & 1).astype(np.bool_) | (short == 0)
    doubtful = np.flatnonzero(~maybe & (long - short <= edits))
    maybe[doubtful] = _least_edits(profiles, pairs[doubtful]) <= edits[doubtful]
    return maybe


def _least_edits(profiles: Profiles, pairs: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    one, other = (profiles[rows].view(np.uint8).reshape(-1, _KINDS).astype(np.int16) for rows in pairs.T)
    more = one - other
    gained = np.maximum(more, 0).sum(axis=1)
    edits: npt.NDArray[np.int64] = np.maximum(gained, gained - more.sum(axis=1))
    return edits
