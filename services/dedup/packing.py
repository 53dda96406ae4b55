"""Several arrays as one run of bytes: how a run keeps them for the next, and a worker hands them to another."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_HEADER = struct.Struct("<QQ")
Array = npt.NDArray[Any]


def strung(texts: Sequence[bytes]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint8]]:
    """Where each of n texts begins, and the last one ends (n + 1), and the texts one after the other."""
    ends = np.cumsum([0, *map(len, texts)], dtype=np.uint64)
    return ends, np.frombuffer(b"".join(texts), dtype=np.uint8)


def joined_ends(some: Sequence[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    """The ends of several strings of texts that are joined to one."""
    offsets = np.cumsum([0, *(ends[-1] for ends in some)], dtype=np.uint64)
    shifted = [ends[1:] + offset for ends, offset in zip(some, offsets, strict=False)]
    return np.concatenate([np.zeros(1, np.uint64), *shifted])


def packed(counts: tuple[int, int], arrays: Sequence[Array]) -> bytes:
    """Two counts, from which the lengths of the arrays follow, then the arrays as they are in memory."""
    return b"".join([_HEADER.pack(*counts), *(array.tobytes() for array in arrays)])


def unpacked(data: bytes, dtypes: Sequence[Any], lengths: Callable[[int, int], Sequence[int]]) -> list[Array]:
    """The arrays that `packed` was given, read-only.

    Args:
        data: what it gave.
        dtypes: of each array.
        lengths: of each array, from the two counts.
    """
    place, arrays = _HEADER.size, []
    for dtype, length in zip(dtypes, lengths(*_HEADER.unpack_from(data)), strict=True):
        arrays.append(np.frombuffer(data, dtype, length, place))
        place += length * np.dtype(dtype).itemsize
    return arrays
