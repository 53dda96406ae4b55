from __future__ import annotations

import sys

import pytest

from services.runners.memory import GROWTH_MB, Memory, resident_mb

PIECE = 2**16  # bytes: below what glibc maps by itself
LEFT = 8 * GROWTH_MB * 2**20 // PIECE


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_what_a_unit_leaves_in_holes_of_the_heap_is_given_back() -> None:
    memory = Memory()
    pieces = [b"\1" * PIECE for _ in range(LEFT)]
    kept = pieces[::100]  # the holes lie between them
    del pieces
    before = resident_mb()
    after = memory.settle()
    assert after < before - 4 * GROWTH_MB
    assert after == resident_mb()
    assert kept


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_memory_that_is_in_use_becomes_the_level_from_which_growth_counts() -> None:
    trims = []
    memory = Memory()
    memory._trim = lambda pad: trims.append(pad) or 0  # type: ignore[func-returns-value]
    models = b"\1" * (2 * GROWTH_MB * 2**20)
    for _ in range(3):
        assert memory.settle() >= 2 * GROWTH_MB
    assert trims == [0]
    assert models
