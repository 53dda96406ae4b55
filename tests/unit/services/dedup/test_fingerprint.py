from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dedup.canonical import Canonical, canonicalise
from services.dedup.fingerprint import SKETCH_SIZE, Fingerprints, fingerprint, sketch

stems = st.lists(st.sampled_from(["2", "3", "12", " ", "٢", "a", "题", ",", "x^2", "𠀀", ""]), max_size=8).map("".join)
questions = st.builds(Canonical, stems, st.lists(stems, max_size=3).map(tuple), st.just(""))


def prints_of(*canonicals: Canonical) -> Fingerprints:
    return fingerprint(canonicals)


@given(questions, questions)
@settings(max_examples=500, deadline=None)
def test_two_questions_have_one_exact_key_where_their_keys_are_one(one: Canonical, other: Canonical) -> None:
    exact = prints_of(one, other).exact
    assert (exact[0] == exact[1]) == (one.key == other.key)


@given(questions, questions)
@settings(max_examples=500, deadline=None)
def test_two_questions_have_one_number_key_where_their_numbers_are_the_same_in_order(
    one: Canonical, other: Canonical
) -> None:
    numbers = prints_of(one, other).numbers
    assert (numbers[0] == numbers[1]) == (re.findall("[0-9]+", one.key) == re.findall("[0-9]+", other.key))


@given(st.lists(questions, min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_a_fingerprint_depends_on_its_own_question_only(some: list[Canonical]) -> None:
    together = prints_of(*some)
    ends = np.cumsum(together.sketches.sizes, dtype=np.int64)
    for row, question in enumerate(some):
        alone = prints_of(question)
        assert (alone.exact[0], alone.numbers[0]) == (together.exact[row], together.numbers[row])
        own = together.sketches.values[ends[row] - together.sketches.sizes[row] : ends[row]]
        assert own.tolist() == alone.sketches.values.tolist()


@pytest.mark.parametrize(
    ("one", "other"), [("2 3 apples", "23 apples"), ("٢ ٣", "٢٣"), ("a 2", "a 3"), ("", "a"), ("a", "b")]
)
def test_a_gap_between_digits_counts(one: str, other: str) -> None:
    exact = prints_of(Canonical(one, (), ""), Canonical(other, (), "")).exact
    assert exact[0] != exact[1]


def test_gaps_between_words_and_the_order_of_options_do_not_count() -> None:
    one, other = canonicalise("Which one is red?", ["an apple", "sky"], ""), canonicalise("Whichone is red?", [], "")
    turned = canonicalise("Which one is red?", ["sky", "anapple"], "")
    exact = prints_of(one, turned, other).exact
    assert exact[0] == exact[1] != exact[2]


def test_a_text_that_repeats_itself_has_as_many_values_as_it_has_different_n_grams() -> None:
    found = sketch(["ab" * 50_000, "甲" * 1_000, "The quick brown fox jumps over the lazy dog. " * 2_000])
    assert found.sizes.tolist() == [4, 3, SKETCH_SIZE]  # each with the one at its beginning and the one at its end
    ends = np.cumsum(found.sizes)
    assert all((np.diff(part.astype(np.int64)) > 0).all() for part in np.split(found.values, ends[:-1]))
