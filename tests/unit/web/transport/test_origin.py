from __future__ import annotations

import pytest

from web.transport.origin import OriginPolicy


def allows(origin: str | None, host: str = "127.0.0.1:5000", allowed: tuple[str, ...] = ()) -> bool:
    environ = {"HTTP_HOST": host} | ({} if origin is None else {"HTTP_ORIGIN": origin})
    return OriginPolicy(allowed).allows(environ)


def test_a_request_without_an_origin_is_no_browser_s() -> None:
    assert allows(None)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:5000", "127.0.0.1:5000"),
        ("http://LOCALHOST:5000", "localhost:5000"),
        ("https://exams.example", "exams.example"),
        ("https://exams.example", "exams.example:443"),
        ("https://exams.example:443", "exams.example"),
        ("http://[::1]:5000", "[::1]:5000"),
        ("http://[::1]", "[::1]"),
    ],
)
def test_the_page_s_own_origin_is_let_in(origin: str, host: str) -> None:
    assert allows(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "127.0.0.1:5000"),
        ("http://127.0.0.1:5001", "127.0.0.1:5000"),
        ("http://localhost:5000", "127.0.0.1:5000"),
        ("http://exams.example.evil.example", "exams.example"),
        ("http://exams.example", "exams.example:5000"),
        ("http://127.0.0.1:5000", ""),
        ("http://[", "127.0.0.1"),
        ("http://x:port", "x:port"),
        ("file://", ""),
    ],
)
def test_any_other_is_foreign(origin: str, host: str) -> None:
    assert not allows(origin, host)


def test_named_origins_are_let_in_and_a_star_lets_in_all() -> None:
    assert allows("https://Other.example", allowed=("https://other.example/",))
    assert not allows("http://other.example", allowed=("https://other.example",))
    assert allows("null", allowed=("*",))
