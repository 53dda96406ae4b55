"""Fingerprints: what is kept of each text so that alike ones can be found without comparing all with all.

The second stage of the method. A text's fingerprint is its exact key (xxh3 of the canonical key) and a bottom-k
sketch of its character 4-grams: the k smallest values of one hash over the set of 4-grams (Broder 1997). Two texts of
Jaccard similarity J share about J * k values of the sketch; against the 64 permutations of MinHash it needs one hash
of each 4-gram.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from services.dedup.canonical import DIGIT_GAP, Canonical, compact
from services.dedup.characters import code_points

VERSION = 2
"""Raise it when the fingerprint of any text changes; stored ones of another version are computed anew."""

SKETCH_SIZE = 16
_NGRAM = 4
_SPARE = 3.0
"""So many times the values of a sketch are sorted, to have as many distinct ones."""
_WIDEST = 128
"""Of a text that has more values to sort than this, each is repeated again and again."""
_PAD = "\ufffe"
"""Put around each text, so that a text of one character has 4-grams of its own; no canonical text holds it."""


_BLOCK = 1024
"""Texts whose 4-grams are in memory at once."""
_ZERO, _SPACE = np.uint32(ord("0")), np.uint32(ord(" "))


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
        block = questions[start : start + _BLOCK]
        keys = _keys(block)
        exact[start : start + len(block)] = _hashes(keys.codes, keys.starts, keys.ends)
        numbers[start : start + len(block)] = _number_hashes(keys)
        blocks.append(_sketch(keys))
    return Fingerprints(exact, numbers, _joined(blocks))


def text_key(text: str) -> int:
    """64 bits (xxh3) of a text; lone surrogates are hashed as they are."""
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def sketch(texts: Sequence[str]) -> Sketches:
    """Bottom-k sketches of one block of texts."""
    return _sketch(_padded(texts))


def _joined(blocks: Sequence[Sketches]) -> Sketches:
    if not blocks:
        return Sketches(np.zeros(0, np.uint32), np.zeros(0, np.uint8))
    values = np.concatenate([block.values for block in blocks])
    return Sketches(values, np.concatenate([block.sizes for block in blocks]))


@dataclass(frozen=True, slots=True)
class _Texts:
    """One block of n texts as an array, each between two pads.

    Attributes:
        codes: uint32, the code points of all texts, one after the other.
        lengths: int64 of length n, of each with its pads.
    """

    codes: npt.NDArray[np.uint32]
    lengths: npt.NDArray[np.int64]

    @property
    def ends(self) -> npt.NDArray[np.int64]:
        return np.cumsum(self.lengths)

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        return self.ends - self.lengths


def _padded(texts: Sequence[str]) -> _Texts:
    padded = [f"{_PAD}{text}{_PAD}" if len(text) > _NGRAM - 3 else text.ljust(_NGRAM, _PAD) for text in texts]
    return _Texts(code_points("".join(padded)), np.fromiter(map(len, padded), dtype=np.int64, count=len(padded)))


def _keys(questions: Sequence[Canonical]) -> _Texts:
    """The key of each, as `canonical.compact` makes it from the text."""
    whole = [question.text for question in questions]
    texts = _padded([text if len(text) > _NGRAM else compact(text) for text in whole])
    spaces = np.flatnonzero(texts.codes == _SPACE)
    if not len(spaces):
        return texts
    codes = texts.codes.copy()
    is_gap = _decimals().take(codes[spaces - 1], mode="clip") & _decimals().take(codes[spaces + 1], mode="clip")
    codes[spaces[is_gap]] = ord(DIGIT_GAP)
    dropped = spaces[~is_gap]
    per_text = np.bincount(np.searchsorted(texts.ends, dropped, side="right"), minlength=len(texts.lengths))
    return _Texts(np.delete(codes, dropped), texts.lengths - per_text)


@cache
def _decimals() -> npt.NDArray[np.bool_]:
    """Which code points are decimal digits, in any script; the last stands for all beyond."""
    return np.array([*(chr(code).isdecimal() for code in range(0x20000)), False])


def _number_hashes(texts: _Texts) -> list[int]:
    """64 bits of the numbers of each text, in their order."""
    is_digit = texts.codes - _ZERO < 10  # wraps below zero
    kept = is_digit.copy()
    kept[1:] |= is_digit[:-1]  # what follows a number parts it from the next
    ends = np.cumsum(np.add.reduceat(kept, texts.starts, dtype=np.int64))
    numbers = np.where(is_digit[kept], texts.codes[kept], _SPACE).astype(np.uint8)
    return _hashes(numbers, np.r_[0, ends[:-1]], ends)


def _hashes(codes: npt.NDArray[Any], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> list[int]:
    """64 bits (xxh3) of each stretch of an array."""
    data, size = codes.tobytes(), codes.itemsize
    stretches = zip((starts * size).tolist(), (ends * size).tolist(), strict=True)
    return [xxhash.xxh3_64_intdigest(data[start:end]) for start, end in stretches]


def _sketch(texts: _Texts) -> Sketches:
    lengths, starts, ends = texts.lengths, texts.starts, texts.ends
    hashes = _ngram_hashes(texts.codes)
    is_whole = np.ones(len(texts.codes), dtype=np.bool_)
    for distance in range(1, _NGRAM):  # n-grams that begin in one text and end in the next
        is_whole[ends - distance] = False
    # A long text's smallest values lie far below the threshold: all others are dropped before the sort.
    share = np.minimum(1.0, _SPARE * SKETCH_SIZE / np.maximum(lengths - (_NGRAM - 1), 1))
    thresholds = (share * 0xFFFFFFFF).astype(np.uint32)
    kept = is_whole[: len(hashes)] & (hashes <= np.repeat(thresholds, lengths)[: len(hashes)])
    counts = np.add.reduceat(kept, starts, dtype=np.int64)
    is_full = counts > _WIDEST
    if is_full.any():
        kept &= ~np.repeat(is_full, lengths)[: len(hashes)]
        counts[is_full] = 0
    sketches = _smallest(hashes[kept], counts)
    # One that repeats itself has too many values below the threshold, or too few distinct ones.
    odd = np.flatnonzero(is_full | ((sketches.sizes < SKETCH_SIZE) & (share < 1.0)))
    if not len(odd):
        return sketches
    parts = np.split(sketches.values, np.cumsum(sketches.sizes, dtype=np.int64)[:-1])
    for row, start, end in zip(odd.tolist(), starts[odd].tolist(), ends[odd].tolist(), strict=True):
        parts[row] = np.unique(hashes[start : end - (_NGRAM - 1)])[:SKETCH_SIZE]
    return Sketches(np.concatenate(parts), np.array(list(map(len, parts)), dtype=np.uint8))


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


def _smallest(values: npt.NDArray[np.uint32], counts: npt.NDArray[np.int64]) -> Sketches:
    """The smallest distinct values of each text, given how many of the values are its own.

    As a table with a row for each text: numpy sorts many short rows thirty times as fast as all in one.
    """
    is_value = np.arange(counts.max()) < counts[:, np.newaxis]
    table = np.full(is_value.shape, 0xFFFFFFFF, dtype=np.uint32)
    table[is_value] = values
    table.sort(axis=1)
    is_value[:, 1:] &= table[:, 1:] != table[:, :-1]
    is_value &= np.cumsum(is_value, axis=1, dtype=np.uint8) <= SKETCH_SIZE
    return Sketches(table[is_value], is_value.sum(axis=1, dtype=np.uint8))
