from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.dedup.canonical import Canonical
from services.dedup.forms import Forms, unpack, wanted_forms

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CANONICALS = st.lists(
    st.builds(Canonical, TEXTS, st.lists(TEXTS, max_size=4).map(tuple), TEXTS), min_size=1, max_size=12
)


def packed(canonicals: list[Canonical], first: int = 1) -> Forms:
    """Forms of the ids from `first` on, whose texts have the hash id + 1000."""
    ids = np.arange(first, first + len(canonicals), dtype=np.int64)
    return Forms.of(ids, (ids + 1000).astype(np.uint64), canonicals)


@given(CANONICALS, CANONICALS)
def test_a_form_comes_back_as_it_was_from_whichever_part_it_is_in(one: list[Canonical], other: list[Canonical]) -> None:
    ids = np.arange(1, 1 + len(one) + len(other), dtype=np.int64)
    texts = (ids + 1000).astype(np.uint64)
    whole = Forms.joined([packed(one), packed(other, 1 + len(one))])
    for parts in ([whole], [packed(other, 1 + len(one)), packed(one)]):
        found = wanted_forms([None, *(part.to_bytes() for part in parts)], ids, texts)
        assert [unpack(found[key]) for key in ids.tolist()] == one + other


@given(CANONICALS)
def test_only_what_is_asked_for_and_has_the_same_text_is_given(canonicals: list[Canonical]) -> None:
    forms = packed(canonicals)
    last = len(canonicals)
    ids = np.array([0, 1, last, last + 1], dtype=np.int64)
    changed = (ids + 1000).astype(np.uint64)
    changed[1] += 1
    assert wanted_forms([forms.to_bytes()], ids, changed).keys() == ({last} if last > 1 else {1})
