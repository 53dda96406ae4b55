"""Canonical forms on their way from the stage that makes them to the stage that compares them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from services.dedup.canonical import Canonical
from services.dedup.packing import packed, unpacked


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
        lines = [orjson.dumps((form.stem, form.options, form.answer)) for form in forms]
        ends = np.cumsum([0, *map(len, lines)], dtype=np.uint64)
        return cls(ids, texts, ends, np.frombuffer(b"".join(lines), dtype=np.uint8))

    @classmethod
    def joined(cls, some: Sequence[Forms]) -> Forms:
        offsets = np.cumsum([0, *(len(forms.data) for forms in some)]).astype(np.uint64)
        ends = [np.zeros(1, np.uint64), *(f.ends[1:] + offset for f, offset in zip(some, offsets, strict=False))]
        arrays = {name: np.concatenate([getattr(f, name) for f in some]) for name in ("ids", "texts", "data")}
        return cls(**arrays, ends=np.concatenate(ends))

    def of_texts(self, ids: npt.NDArray[np.int64], texts: npt.NDArray[np.uint64]) -> Iterator[tuple[int, bytes]]:
        """(id, form as `unpack` takes it) of each question of `ids`, ascending, that is here with the same text."""
        place = np.searchsorted(self.ids, ids)
        here = np.flatnonzero(place < len(self.ids))
        here = here[(self.ids[place[here]] == ids[here]) & (self.texts[place[here]] == texts[here])]
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
