from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from web.downloads import download


@dataclass
class Example:
    chunks: Iterator[bytes]
    file_name: str = 'a "名".csv'
    mime_type: str = "text/csv"


def test_a_file_is_streamed_whole_under_its_name():
    answer = download(Example(iter([b"a", b"", b"b"])))
    assert answer.is_streamed
    assert answer.get_data() == b"ab"
    assert "filename*=UTF-8''a%20%22%E5%90%8D%22.csv" in answer.headers["Content-Disposition"]


def test_an_empty_file_is_one_too():
    assert download(Example(iter([]))).get_data() == b""


def test_what_fails_before_the_first_byte_is_an_error_and_no_broken_file():
    def broken() -> Iterator[bytes]:
        raise TimeoutError
        yield b""

    with pytest.raises(TimeoutError):
        download(Example(broken()))


def test_a_file_that_nobody_reads_is_given_up_at_once():
    given_up = []

    def chunks() -> Iterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            given_up.append(True)

    download(Example(chunks())).close()
    assert given_up
