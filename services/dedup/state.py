"""What a run leaves of a large group for the next one: which questions it knew, and how it had compared them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from services.dedup.edges import Edges
from services.dedup.entries import Heads
from services.dedup.lookup import Mask, among, places
from services.dedup.store import Prints

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class State:
    """Attributes:
    ids, texts, exact: of the questions that were compared, as in Prints.
    heads: ids of those that stood for their exact copies: these were compared with each other.
    edges: the pairs that were alike, without evidence.
    stamps: the decisions that were heeded, cluster id -> when it was decided.
    """

    ids: Ids
    texts: npt.NDArray[np.uint64]
    exact: npt.NDArray[np.uint64]
    heads: Ids
    edges: Edges
    stamps: Mapping[int, float]

    @classmethod
    def of(cls, prints: Prints, heads: Heads, edges: Edges, stamps: Mapping[int, float]) -> State:
        return cls(prints.ids, prints.texts, prints.exact, prints.ids[heads.rows], edges, stamps)

    @classmethod
    def nothing(cls) -> State:
        ids = np.zeros(0, np.int64)
        return cls(ids, ids.view(np.uint64), ids.view(np.uint64), ids, Edges.of([]), {})

    def to_bytes(self) -> bytes:
        head = {"ids": len(self.ids), "heads": len(self.heads), "stamps": sorted(self.stamps.items())}
        text = orjson.dumps(head)
        arrays = (self.ids, self.texts, self.exact, self.heads)
        data = [array.tobytes() for array in arrays]
        return b"".join([len(text).to_bytes(8, "little"), text, *data, self.edges.to_bytes()])

    @classmethod
    def from_bytes(cls, data: bytes) -> State:
        place = 8 + int.from_bytes(data[:8], "little")
        head: dict[str, Any] = orjson.loads(data[8:place])
        arrays: dict[str, Any] = {}
        for name, dtype in (("ids", np.int64), ("texts", np.uint64), ("exact", np.uint64), ("heads", np.int64)):
            count = head["heads" if name == "heads" else "ids"]
            arrays[name] = np.frombuffer(data, dtype, count, place)
            place += 8 * count
        return cls(**arrays, edges=Edges.from_bytes(data[place:]), stamps=dict(head["stamps"]))


@dataclass(frozen=True, slots=True)
class Change:
    """What has changed since a state.

    Attributes:
        fresh: by row of the prints, whether it stands for an entry and was never compared with the others.
        kept: by edge of the state, whether both its ends still stand for their entries, with the texts they had.
        gone: ids that the state knew and that are no more, or have another text now.
        seeds: by row, whether its entry may belong to another cluster than before.
    """

    fresh: Mask
    kept: Mask
    gone: Ids
    seeds: Mask


def compare_with(state: State, prints: Prints, heads: Heads, touched: Ids) -> Change:
    """How the questions differ from a state; `touched` are ids that must be dealt with again in any case."""
    is_head = np.zeros(len(prints), dtype=np.bool_)
    is_head[heads.rows] = True
    place, found = places(state.ids, prints.ids)
    same = found & (state.texts[place] == prints.texts) if len(state.ids) else found
    compared = places(state.heads, prints.ids)[1] & same & is_head
    stood = prints.ids[compared]
    kept = places(stood, state.edges.a)[1] & places(stood, state.edges.b)[1]
    is_gone = np.ones(len(state.ids), dtype=np.bool_)
    is_gone[place[same]] = False
    loose = np.concatenate([state.edges.a[~kept], state.edges.b[~kept], touched])
    keys = np.concatenate(
        [
            prints.exact[~same],
            state.exact[is_gone],
            prints.exact[among(prints.ids, loose)],
            prints.exact[is_head & ~compared],
        ]
    )
    return Change(is_head & ~compared, kept, state.ids[is_gone], among(prints.exact, keys))


def spread(seeds: Mask, prints: Prints, edges: Edges) -> Mask:
    """All rows that hang together with a seed by any edge or by an exact key."""
    a, _ = places(prints.ids, edges.a)
    b, _ = places(prints.ids, edges.b)
    reached = seeds.copy()
    while True:
        crossing = reached[a] != reached[b]
        if not crossing.any():
            return reached
        ends = np.concatenate([a[crossing], b[crossing]])
        reached[ends] = True
        reached |= among(prints.exact, prints.exact[ends])
