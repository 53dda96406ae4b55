from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from services.dedup import candidates
from services.dedup.candidates import Share, candidate_pairs, pair_blocks
from services.dedup.fingerprint import SKETCH_SIZE, sketch

TEXT = "Tom has {} red apples and buys {} more apples every day. How many apples does he have in the end?"


def pairs_of(texts: list[str], signatures: list[int] | None = None) -> set[tuple[int, int]]:
    numbers = np.array(signatures or [0] * len(texts), dtype=np.uint64)
    return {(a, b) for a, b in candidate_pairs(sketch(texts), numbers).tolist()}


def test_alike_texts_are_candidates_and_unlike_ones_are_not() -> None:
    texts = [TEXT.format(12, 5), "光合作用的产物是什么？请写出其化学方程式。", TEXT.format(12, 6)]
    assert pairs_of(texts) == {(0, 2)}


def test_texts_shorter_than_an_n_gram_are_found_by_themselves() -> None:
    assert pairs_of(["a", "b", "a", "", ""]) == {(0, 2), (3, 4)}


def test_a_template_that_fills_a_bank_costs_linear_work_and_equal_numbers_meet() -> None:
    texts = [TEXT.format(n // 2, n // 2) for n in range(2_000)]
    found = pairs_of(texts, [n // 2 for n in range(2_000)])
    assert {(n, n + 1) for n in range(0, 2_000, 2)} <= found
    assert len(found) < 60 * len(texts)


def test_the_pairs_do_not_depend_on_the_number_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [TEXT.format(n % 40, n % 7) for n in range(300)]
    whole = pairs_of(texts)
    monkeypatch.setattr(candidates, "_ENTRIES_OF_A_BLOCK", 500)
    assert pairs_of(texts) == whole
    monkeypatch.setattr(candidates, "_MOST_BLOCKS", 3)
    assert pairs_of(texts) == whole


def test_the_pairs_do_not_depend_on_how_their_meetings_are_counted_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [TEXT.format(n % 40, n % 7) for n in range(300)]
    whole = pairs_of(texts)
    monkeypatch.setattr(candidates, "_COUNTER_BITS", 1)  # every pair may meet as often as any
    assert pairs_of(texts) == whole


def test_shares_hold_each_pair_once_whatever_their_number() -> None:
    texts = [TEXT.format(n % 40, n % 7) for n in range(300)]
    sketches, numbers = sketch(texts), np.array([n % 11 for n in range(300)], dtype=np.uint64)
    shares = [
        tuple(pair)
        for part in range(7)
        for pairs, _ in pair_blocks(sketches, numbers, Share(part, 7))
        for pair in pairs.tolist()
    ]
    assert sorted(shares) == [tuple(pair) for pair in candidate_pairs(sketches, numbers).tolist()]


def test_the_pairs_of_fresh_texts_are_those_of_all_pairs_that_hold_one() -> None:
    texts = [TEXT.format(n % 40, n % 7) for n in range(300)]
    sketches, numbers = sketch(texts), np.array([n % 11 for n in range(300)], dtype=np.uint64)
    fresh = np.arange(300) % 50 == 7
    found = [tuple(pair) for pairs, _ in pair_blocks(sketches, numbers, fresh=fresh) for pair in pairs.tolist()]
    assert sorted(found) == [(a, b) for a, b in candidate_pairs(sketches, numbers).tolist() if fresh[a] or fresh[b]]


def test_a_sketch_holds_the_smallest_values_of_its_own_text_only() -> None:
    texts = [TEXT.format(1, 2), "短", TEXT.format(3, 4) * 30]
    together = sketch(texts)
    assert together.sizes.tolist() == [SKETCH_SIZE, 1, SKETCH_SIZE]
    rows = together.spread(np.arange(len(texts)))
    for row, text in enumerate(texts):
        own = together.values[rows == row].tolist()
        assert own == sketch([text]).values.tolist()
        assert all(a < b for a, b in pairwise(own))
