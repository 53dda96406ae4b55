"""Compared pairs in a compact form: what one unit of work hands to the next, and one run to a later one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from services.dedup.cluster import Pair
from services.dedup.packing import joined_ends, packed, strung, unpacked
from services.dedup.verify import PLACES, Comparison, Verdict

_VERDICTS = tuple(Verdict)
_SCALE = 10_000  # similarities have four decimals
_NONE: dict[str, Any] = {}  # one for all: a hundred thousand dictionaries take time
_SWAPPED = {"insert": "delete", "delete": "insert"}


@dataclass(slots=True)
class Edges:
    """n pairs of questions that are alike in some way; arrays of length n but `ends` (n + 1) and `evidence`.

    Attributes:
        a, b: int64, ids, the smaller first.
        verdicts: uint8, places in Verdict.
        contradicts: whether they are two questions for certain.
        similarities: uint16, ten-thousandths.
        ends: uint64, where the evidence of each pair begins, and the last one ends.
        evidence: uint8, JSON, one after the other; empty when it was not kept.
    """

    a: npt.NDArray[np.int64]
    b: npt.NDArray[np.int64]
    verdicts: npt.NDArray[np.uint8]
    contradicts: npt.NDArray[np.bool_]
    similarities: npt.NDArray[np.uint16]
    ends: npt.NDArray[np.uint64]
    evidence: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.a)

    @classmethod
    def of(cls, compared: Sequence[tuple[int, int, Comparison]]) -> Edges:
        texts = [orjson.dumps(comparison.evidence) for _, _, comparison in compared]
        return cls(
            np.array([a for a, _, _ in compared], dtype=np.int64),
            np.array([b for _, b, _ in compared], dtype=np.int64),
            np.array([PLACES[c.verdict] for _, _, c in compared], dtype=np.uint8),
            np.array([c.contradicts for _, _, c in compared], dtype=np.bool_),
            np.array([round(c.similarity * _SCALE) for _, _, c in compared], dtype=np.uint16),
            *strung(texts),
        )

    @classmethod
    def joined(cls, some: Sequence[Edges]) -> Edges:
        if not some:
            return cls.of([])
        names = [field.name for field in fields(cls) if field.name != "ends"]
        arrays = {name: np.concatenate([getattr(edges, name) for edges in some]) for name in names}
        return cls(**arrays, ends=joined_ends([edges.ends for edges in some]))

    def bare(self, kept: npt.NDArray[np.bool_] | None = None) -> Edges:
        """Without evidence, which a comparison gives again; and only some of them."""
        mask = np.ones(len(self), dtype=np.bool_) if kept is None else kept
        names = ("a", "b", "verdicts", "contradicts", "similarities")
        arrays: dict[str, Any] = {name: getattr(self, name)[mask] for name in names}
        return Edges(**arrays, ends=np.zeros(int(mask.sum()) + 1, np.uint64), evidence=np.zeros(0, np.uint8))

    def only(self, kept: npt.NDArray[np.bool_]) -> Edges:
        """Some of them; their evidence is kept where all are."""
        return self if kept.all() else self.bare(kept)

    def comparisons(self, rows: Mapping[int, int], some: Sequence[int]) -> dict[Pair, Comparison]:
        """As `cluster.build_stars` takes them, the evidence left out.

        Args:
            rows: id -> row of the list of entries.
            some: which edges.
        """
        a, b, verdicts = self.a.tolist(), self.b.tolist(), self.verdicts.tolist()
        similarities, contradicts = self.similarities.tolist(), self.contradicts.tolist()
        return {
            (rows[a[n]], rows[b[n]]): Comparison(
                _VERDICTS[verdicts[n]], similarities[n] / _SCALE, contradicts[n], _NONE
            )
            for n in some
        }

    def reader(self) -> Callable[[int], dict[str, Any]]:
        """Gives the evidence of one edge after the other."""
        ends, texts = self.ends.tolist(), self.evidence.data

        def of(n: int) -> dict[str, Any]:
            evidence: dict[str, Any] = orjson.loads(texts[ends[n] : ends[n + 1]]) if ends[n] < ends[n + 1] else {}
            return evidence

        return of

    def to_bytes(self) -> bytes:
        return packed((len(self), len(self.evidence)), [getattr(self, field.name) for field in fields(self)])

    @classmethod
    def from_bytes(cls, data: bytes) -> Edges:
        return cls(*unpacked(data, _DTYPES, lambda count, text: [*[count] * 5, count + 1, text]))


_DTYPES: tuple[Any, ...] = (np.int64, np.int64, np.uint8, np.bool_, np.uint16, np.uint64, np.uint8)


def turned(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The same evidence seen from the other question: the sides of each difference and of the edits change places."""
    turned: dict[str, Any] = dict(evidence)
    if differs := evidence.get("differs"):
        turned["differs"] = {
            name: pairs[::-1] if name == "answer" else [pair[::-1] for pair in pairs] for name, pairs in differs.items()
        }
    if opcodes := evidence.get("opcodes"):
        turned["opcodes"] = [[_SWAPPED.get(tag, tag), k, l, i, j] for tag, i, j, k, l in opcodes]  # noqa: E741
    return turned
