from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import InvalidInputError
from services.pagination import decode_cursor, encode_cursor


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_comes_back_as_it_was(position: int) -> None:
    assert decode_cursor(encode_cursor(position)) == position


@given(st.text(max_size=40))
def test_any_other_text_is_refused_and_never_a_crash(text: str) -> None:
    try:
        position = decode_cursor(text)
    except InvalidInputError as error:
        assert error.problems[0].field == "cursor"
    else:
        assert encode_cursor(position) == text


@pytest.mark.parametrize("text", ["", "====", "djE6LTE", "你好", "djE6OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"])
def test_forged_cursors_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        decode_cursor(text)
