"""Canonical forms on their way from the stage that makes them to the stage that compares them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from services.dedup.canonical import Canonical
from services.dedup.lookup import places
from services.dedup.packing import joined_ends, packed, strung, unpacked


@dataclass(frozen=True, slots=True)
class Forms:
    """Canonical forms of n questions.

    Attributes:
        ids: int64, ascending.
        texts: uint64, hash of the raw text that each was made from, as in Prints.
        ends: uint64 of length n + 1, where each form begins, and the last one ends.
        data: uint8, JSON, one form after the other.
    """

    ids: npt.NDArray[np.int64]
    texts: npt.NDArray[np.uint64]
    ends: npt.NDArray[np.uint64]
    data: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, ids: npt.NDArray[np.int64], texts: npt.NDArray[np.uint64], forms: Sequence[Canonical]) -> Forms:
        return cls(ids, texts, *strung([orjson.dumps((form.stem, form.options, form.answer)) for form in forms]))

    @classmethod
    def joined(cls, some: Sequence[Forms]) -> Forms:
        arrays = {name: np.concatenate([getattr(forms, name) for forms in some]) for name in ("ids", "texts", "data")}
        return cls(**arrays, ends=joined_ends([forms.ends for forms in some]))

    def of_texts(self, ids: npt.NDArray[np.int64], texts: npt.NDArray[np.uint64]) -> Iterator[tuple[int, bytes]]:
        """(id, form as `unpack` takes it) of each question of `ids`, ascending, that is here with the same text."""
        place, is_known = places(self.ids, ids)
        here = is_known & (self.texts[place] == texts)
        data = self.data.tobytes()
        begins, ends = self.ends[place[here]].tolist(), self.ends[place[here] + 1].tolist()
        for key, begin, end in zip(ids[here].tolist(), begins, ends, strict=True):
            yield key, data[begin:end]

    def to_bytes(self) -> bytes:
        return packed((len(self.ids), len(self.data)), [getattr(self, field.name) for field in fields(self)])

    @classmethod
    def from_bytes(cls, data: bytes) -> Forms:
        return cls(*unpacked(data, _DTYPES, lambda count, size: [count, count, count + 1, size]))


_DTYPES: tuple[Any, ...] = (np.int64, np.uint64, np.uint64, np.uint8)


def unpack(form: bytes) -> Canonical:
    stem, options, answer = orjson.loads(form)
    return Canonical(stem, tuple(options), answer)


def wanted_forms(
    parts: Iterable[bytes | None], ids: npt.NDArray[np.int64], texts: npt.NDArray[np.uint64]
) -> dict[int, bytes]:
    """Of many packed parts, looked at one after the other, the forms of some questions."""
    found: dict[int, bytes] = {}
    for part in parts:
        if part is not None:
            found.update(Forms.from_bytes(part).of_texts(ids, texts))
    return found
