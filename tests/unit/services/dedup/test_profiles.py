from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from services.dedup.profiles import may_be_alike, profiles_of

FLOOR = 0.8
texts = st.text(alphabet="abcde 的下列12𠀀", max_size=40)


def are_perhaps_alike(pairs: list[tuple[str, str]], *, options: bool = False) -> list[bool]:
    stems = [stem for pair in pairs for stem in pair]
    shapes = np.array([2 * len(stem) + options for stem in stems], dtype=np.uint32)
    rows = np.arange(len(stems)).reshape(-1, 2)
    return may_be_alike(shapes, profiles_of(stems), rows, FLOOR).tolist()


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=20))
@settings(max_examples=300, deadline=None)
def test_no_pair_that_is_alike_is_ever_told_apart(pairs: list[tuple[str, str]]) -> None:
    for pair, maybe in zip(pairs, are_perhaps_alike(pairs), strict=True):
        assert maybe or Levenshtein.normalized_similarity(*pair) < FLOOR


@given(texts.filter(bool), st.data())
@settings(max_examples=300, deadline=None)
def test_a_text_with_a_fifth_of_its_characters_changed_may_be_alike(text: str, data: st.DataObject) -> None:
    changed = list(text)
    for place in data.draw(st.lists(st.integers(0, len(text) - 1), max_size=len(text) // 5)):
        changed[place] = data.draw(st.sampled_from("xyz的"))
    assert are_perhaps_alike([(text, "".join(changed))]) == [True]


@pytest.mark.parametrize(
    ("one", "other"),
    [("光合作用的产物是什么", "下列哪一项是正确的选择"), ("a" * 300, "b" * 300), ("short", "short and much longer")],
)
def test_unlike_texts_are_told_apart_unless_options_may_make_up_for_it(one: str, other: str) -> None:
    assert are_perhaps_alike([(one, other), (other, one)]) == [False, False]
    assert are_perhaps_alike([(one, other)], options=True) == [True]


def test_counts_beyond_a_byte_tell_nothing_wrong() -> None:
    assert are_perhaps_alike([("a" * 1000, "a" * 900), ("a" * 1000, "a" * 799), ("", "a")]) == [True, False, True]


def test_a_profile_depends_on_its_own_text_only() -> None:
    stems = ["", "ab", "\ud800", "ab" * 200] * 600
    assert profiles_of(stems).tobytes() == b"".join(profiles_of([stem]).tobytes() for stem in stems)
    assert len(profiles_of([])) == 0
