"""Fingerprints: what is kept of each text so that alike ones can be found without comparing all with all.

The second stage of the method. A text's fingerprint is its exact key (xxh3 of the canonical key) and a bottom-k
sketch of its character 4-grams: the k smallest values of one hash over the set of 4-grams (Broder 1997). Two texts of
Jaccard similarity J share about J * k values of the sketch; against the 64 permutations of MinHash it needs one hash
of each 4-gram.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from services.dedup.canonical import Canonical

VERSION = 1
"""Raise it when the fingerprint of any text changes; stored ones of another version are computed anew."""

SKETCH_SIZE = 16
_NGRAM = 4
_SPARE = 3.0
"""So many times the values of a sketch are sorted, to have as many distinct ones."""
_PAD = "\x02"
"""Put around each text, so that a text of one character has 4-grams of its own."""


_BLOCK = 1024
"""Texts whose 4-grams are in memory at once."""
_BETWEEN_NUMBERS = re.compile("[^0-9]+")


@dataclass(frozen=True, slots=True)
class Sketches:
    """Bottom-k sketches of n texts, as one flat table sorted by row, then by value.

    Attributes:
        values: uint32, the kept hash values.
        sizes: uint8 of length n, how many values each text has (at most SKETCH_SIZE).
    """

    values: npt.NDArray[np.uint32]
    sizes: npt.NDArray[np.uint8]

    def of_rows(self, rows: npt.NDArray[np.int64]) -> Sketches:
        """The sketches of some texts (ascending rows), renumbered from 0."""
        wanted = np.zeros(len(self.sizes), dtype=np.bool_)
        wanted[rows] = True
        return Sketches(self.values[self.spread(wanted)], self.sizes[rows])

    def spread(self, of_texts: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """For each value what is given for its text."""
        return np.repeat(of_texts, self.sizes)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Fingerprints of n questions.

    Attributes:
        exact: uint64 of length n, equal where the canonical questions are.
        numbers: uint64 of length n, equal where the numbers are, in their order.
        sketches: for the search of alike ones.
    """

    exact: npt.NDArray[np.uint64]
    numbers: npt.NDArray[np.uint64]
    sketches: Sketches


def fingerprint(questions: Sequence[Canonical], report: Callable[[int], None] = lambda _done: None) -> Fingerprints:
    """Fingerprints of canonical questions; each depends on its own question only, so rows may be split over processes.

    Args:
        questions: in the order of the rows.
        report: told how many are done, block by block.
    """
    exact = np.empty(len(questions), dtype=np.uint64)
    numbers = np.empty(len(questions), dtype=np.uint64)
    blocks = []
    for start in range(0, len(questions), _BLOCK):
        report(start)
        keys = [question.key for question in questions[start : start + _BLOCK]]
        exact[start : start + len(keys)] = [exact_key(key) for key in keys]
        numbers[start : start + len(keys)] = [exact_key(_BETWEEN_NUMBERS.sub(" ", key).strip()) for key in keys]
        blocks.append(sketch(keys))
    return Fingerprints(exact, numbers, _joined(blocks))


def exact_key(key: str) -> int:
    """64 bits of a canonical key; lone surrogates are hashed as they are."""
    return xxhash.xxh3_64_intdigest(key.encode("utf-8", "surrogatepass"))


def sketch(texts: Sequence[str]) -> Sketches:
    """Bottom-k sketches of one block of texts."""
    codes, lengths = _code_points(texts)
    starts = np.cumsum(lengths) - lengths
    hashes = _ngram_hashes(codes)
    is_whole = np.ones(len(codes), dtype=np.bool_)
    for distance in range(1, _NGRAM):  # n-grams that begin in one text and end in the next
        is_whole[starts + lengths - distance] = False
    # A long text's smallest values lie far below the threshold: all others are dropped before the sort.
    share = np.minimum(1.0, _SPARE * SKETCH_SIZE / np.maximum(lengths - (_NGRAM - 1), 1))
    thresholds = (share * 0xFFFFFFFF).astype(np.uint32)
    kept = is_whole[: len(hashes)] & (hashes <= np.repeat(thresholds, lengths)[: len(hashes)])
    sketches = _smallest(hashes, kept, starts)
    # One that repeats itself has few distinct values, and perhaps none so low: it keeps them all.
    is_poor = (sketches.sizes < SKETCH_SIZE) & (share < 1.0)
    if is_poor.any():
        kept |= is_whole[: len(hashes)] & np.repeat(is_poor, lengths)[: len(hashes)]
        sketches = _smallest(hashes, kept, starts)
    return sketches


def _joined(blocks: Sequence[Sketches]) -> Sketches:
    if not blocks:
        return Sketches(np.zeros(0, np.uint32), np.zeros(0, np.uint8))
    values = np.concatenate([block.values for block in blocks])
    return Sketches(values, np.concatenate([block.sizes for block in blocks]))


def _code_points(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    padded = [f"{_PAD}{text}{_PAD}" if len(text) > _NGRAM - 3 else text.ljust(_NGRAM, _PAD) for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return codes, np.fromiter(map(len, padded), dtype=np.int64, count=len(padded))


def _ngram_hashes(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """A hash of each 4-gram by its first position; uint32 arithmetic wraps, which is the point of it."""
    if len(codes) < _NGRAM:
        return np.zeros(0, dtype=np.uint32)
    count = len(codes) - _NGRAM + 1
    mixed = np.full(count, np.uint32(0x27D4EB2F), dtype=np.uint32)
    for place in range(_NGRAM):
        mixed ^= codes[place : place + count]
        mixed *= np.uint32(0x9E3779B1)
        mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x85EBCA77)
    mixed ^= mixed >> np.uint32(13)
    return mixed


def _smallest(hashes: npt.NDArray[np.uint32], kept: npt.NDArray[np.bool_], starts: npt.NDArray[np.int64]) -> Sketches:
    """The smallest distinct hashes of each text, of those that are kept; `starts` is where each text begins."""
    counts = np.add.reduceat(kept, starts, dtype=np.int64)
    table = np.repeat(np.arange(len(starts), dtype=np.uint64) << np.uint64(32), counts)
    table |= hashes[kept]
    table.sort()
    is_new = np.ones(len(table), dtype=np.bool_)
    np.not_equal(table[1:], table[:-1], out=is_new[1:])
    table = table[is_new]
    counts = np.bincount((table >> np.uint64(32)).astype(np.int64), minlength=len(starts))
    sizes = np.minimum(counts, SKETCH_SIZE)
    places = np.arange(int(sizes.sum())) + np.repeat(np.cumsum(counts) - counts - np.cumsum(sizes) + sizes, sizes)
    return Sketches(table[places].astype(np.uint32), sizes.astype(np.uint8))
