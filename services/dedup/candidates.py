"""Candidates: the pairs of texts whose sketches overlap enough to be worth a comparison.

The third stage of the method. Each sketch value is a bucket of the texts that have it. In a small bucket all pairs
count, in a large one (a template that fills a bank) each text meets its neighbours in the order of `signatures`, so
that texts with the same numbers meet first and the work stays linear. Pairs that meet in several buckets are
candidates.

The order of the texts (signature, then row) is the same in every bucket, so a pair belongs to the later of its two
texts, wherever it meets: a share of the texts is a share of the pairs, and shares may be different processes'.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.dedup.fingerprint import Sketches

_ENTRIES_OF_A_BLOCK = 100_000
"""Sketch values whose pairs are counted at once; holds the memory of a block to about 20 MB."""
_MOST_BLOCKS = 128
SMALL_BUCKET = 16
"""Up to this many texts a bucket pairs all with all; beyond it each with its next ones only."""
_NEIGHBOURS = 6
_SHARE = 4
"""A pair must share a fourth of the smaller sketch: at similarity .80 nearly all do, of unlike pairs few."""
_FILTER_BITS = 24
_COUNTER_BITS = 20
"""So many counters, as a power of two, that few pairs of a block share one: 8 MB."""
_MIXER = np.uint64(0x9E3779B97F4A7C15)

Pairs = npt.NDArray[np.uint32]
"""(smaller row, larger row), shape (pairs, 2)."""
Ranks = npt.NDArray[np.uint32]
"""Places of texts in their order."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which of `parts` equal shares of the pairs."""

    part: int = 0
    parts: int = 1

    def of(self, count: int) -> tuple[int, int]:
        return self.part * count // self.parts, (self.part + 1) * count // self.parts


_ALL = Share()


def candidate_pairs(sketches: Sketches, signatures: npt.NDArray[np.uint64]) -> Pairs:
    """All pairs to compare, sorted.

    Args:
        sketches: of all texts.
        signatures: one value for each text, equal where the numbers of the texts are.
    """
    packed = [np.zeros(0, np.uint64), *(_packed(pairs) for pairs, _ in pair_blocks(sketches, signatures))]
    return np.stack(_unpacked(np.sort(np.concatenate(packed))), axis=1)


def pair_blocks(
    sketches: Sketches,
    signatures: npt.NDArray[np.uint64],
    share: Share = _ALL,
    fresh: npt.NDArray[np.bool_] | None = None,
) -> Iterator[tuple[Pairs, float]]:
    """A share of the pairs to compare, block by block, and how much of the share is done after each.

    Args:
        sketches: of all texts.
        signatures: one value for each text, equal where the numbers of the texts are.
        share: which share.
        fresh: the texts of which at least one must be in each pair; None: any.
    """
    order = np.lexsort((np.arange(len(signatures)), signatures)).astype(np.uint32)
    buckets, ranks = _buckets(sketches, order, fresh)
    needed = np.maximum(sketches.sizes // _SHARE, 1)
    # Each block of meetings is counted by itself; more of them than need be would be more work.
    entries = max(_ENTRIES_OF_A_BLOCK, len(buckets.values) // _MOST_BLOCKS)
    blocks = 1 + (len(buckets.values) // share.parts) // entries
    block_of = _block_of(len(order), share, blocks)[ranks]
    del sketches, ranks  # of a million texts they take 120 MB
    for block in range(blocks):
        meetings = _meetings(buckets, np.flatnonzero(block_of == block), fresh)
        pairs, shared = _counted(meetings[_at_most(meetings) >= _least(meetings, needed)])
        yield np.stack(_unpacked(pairs[shared >= _least(pairs, needed)]), axis=1), (block + 1) / blocks


def _block_of(count: int, share: Share, blocks: int) -> npt.NDArray[np.uint8]:
    """The block of each rank, `blocks` where it is another share's.

    Shares take turns, to and fro: the later a text, the more earlier ones it meets.
    """
    block_of = np.full(count, blocks, dtype=np.uint8)
    for block in range(blocks):
        turn = share.part if block % 2 == 0 else share.parts - 1 - share.part
        first, end = Share(block * share.parts + turn, blocks * share.parts).of(count)
        block_of[first:end] = block
    return block_of


def _least(pairs: npt.NDArray[np.uint64], needed: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """How often each pair must meet, given that of each text."""
    left, right = _unpacked(pairs)
    least: npt.NDArray[np.uint8] = np.minimum(needed[left], needed[right])
    return least


@dataclass(frozen=True, slots=True)
class _Buckets:
    """Sketch values in ascending order, each with its texts' rows in the order of their ranks; values of one text left
    out.
    """

    values: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.uint32]
    small: npt.NDArray[np.bool_]


def _buckets(
    sketches: Sketches, order: npt.NDArray[np.uint32], fresh: npt.NDArray[np.bool_] | None
) -> tuple[_Buckets, Ranks]:
    """The buckets, and the rank of each row in them."""
    rank = np.empty(len(order), dtype=np.uint32)
    rank[order] = np.arange(len(order), dtype=np.uint32)
    values, ranks = sketches.values, sketches.spread(rank)
    if fresh is not None:
        kept = _perhaps_among(values, values[sketches.spread(fresh)])
        values, ranks = values[kept], ranks[kept]
    table = values.astype(np.uint64)  # in place from here on: of a million texts it takes 128 MB
    table <<= np.uint64(32)
    table |= ranks
    del ranks
    table.sort()
    ranks = table.astype(np.uint32)
    table >>= np.uint64(32)
    values = table.astype(np.uint32)
    del table
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.zeros(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, len(values)])
    size = np.repeat(np.minimum(sizes, SMALL_BUCKET + 1).astype(np.uint8), sizes)
    kept = size > 1
    if fresh is not None:  # what stands between two of them is left out, which brings none nearer to a fresh one
        kept &= _near_by(fresh[order[ranks]])
    ranks = ranks[kept]
    return _Buckets(values[kept], order[ranks], size[kept] <= SMALL_BUCKET), ranks


def _perhaps_among(values: npt.NDArray[np.uint32], wanted: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Which of many values are among some, by their low bits; a bucket too many holds no pair that is asked for."""
    low = np.uint32((1 << _FILTER_BITS) - 1)
    table = np.zeros(1 << _FILTER_BITS, dtype=np.bool_)
    table[wanted & low] = True
    found: npt.NDArray[np.bool_] = table[values & low]
    return found


def _meetings(
    buckets: _Buckets, places: npt.NDArray[np.int64], fresh: npt.NDArray[np.bool_] | None
) -> npt.NDArray[np.uint64]:
    """Where a text at these places meets an earlier one: (smaller row << 32 | larger row), once for each bucket."""
    values = buckets.values[places]
    meetings = [np.zeros(0, dtype=np.uint64)]
    for distance in range(1, SMALL_BUCKET):
        meets = (places >= distance) & (buckets.values[places - distance] == values)
        if distance == _NEIGHBOURS + 1:
            meets &= buckets.small[places]
        places, values = places[meets], values[meets]
        one, other = buckets.rows[places - distance], buckets.rows[places]
        if fresh is not None:
            counts = fresh[one] | fresh[other]
            one, other = one[counts], other[counts]
        meetings.append((np.minimum(one, other).astype(np.uint64) << np.uint64(32)) | np.maximum(one, other))
    return np.concatenate(meetings)


def _near_by(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The places of a mask, and those before and behind that can meet them."""
    near = mask.copy()
    for distance in range(1, SMALL_BUCKET):
        near[distance:] |= mask[:-distance]
        near[:-distance] |= mask[distance:]
    return near


def _at_most(meetings: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """For each meeting how often its pair meets at most: nearly all meet once, and need not be sorted to be told."""
    places = ((meetings * _MIXER) >> np.uint64(64 - _COUNTER_BITS)).astype(np.int64)
    return np.bincount(places, minlength=1 << _COUNTER_BITS)[places]


def _counted(meetings: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Distinct values, ascending, and how often each occurs; np.unique hashes, which is several times slower here."""
    meetings.sort()
    starts = np.flatnonzero(np.r_[True, meetings[1:] != meetings[:-1]]) if len(meetings) else np.zeros(0, np.int64)
    return meetings[starts], np.diff(np.r_[starts, len(meetings)])


def _packed(pairs: Pairs) -> npt.NDArray[np.uint64]:
    return (pairs[:, 0].astype(np.uint64) << np.uint64(32)) | pairs[:, 1]


def _unpacked(pairs: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    return (pairs >> np.uint64(32)).astype(np.uint32), (pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32)
