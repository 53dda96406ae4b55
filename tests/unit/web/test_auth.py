from __future__ import annotations

import pytest

from services.config import Settings
from services.errors import HostRefusedError, OriginRefusedError
from web.auth import Gate, token_of_headers, token_of_socket


def environ(host: str = "127.0.0.1:5000", origin: str | None = None, **more: str) -> dict[str, str]:
    return {
        "wsgi.url_scheme": "http",
        "HTTP_HOST": host,
        **({"HTTP_ORIGIN": origin} if origin is not None else {}),
        **more,
    }


@pytest.mark.parametrize(
    ("auth", "given", "token"),
    [
        ({"token": "in auth"}, {}, "in auth"),
        ({"token": "in auth"}, {"HTTP_X_API_KEY": "in header", "QUERY_STRING": "token=q"}, "in auth"),
        (None, {"HTTP_AUTHORIZATION": "Bearer in header", "QUERY_STRING": "token=q"}, "in header"),
        (None, {"HTTP_X_API_KEY": "in header"}, "in header"),
        (None, {"QUERY_STRING": "EIO=4&token=in%20query&x=1"}, "in query"),
        ({"token": 5}, {}, None),
        ({"token": ""}, {"QUERY_STRING": "token="}, None),
        ("text", {}, None),
        ([{"token": "a"}], {}, None),
        (None, {}, None),
    ],
)
def test_a_socket_may_bring_its_token_in_three_ways(auth: object, given: dict[str, str], token: str | None):
    assert token_of_socket(environ(**given), auth) == token


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer  ", "Basic abc", "abc"])
def test_a_header_without_a_bearer_token_brings_none(header: str):
    assert token_of_headers(environ(HTTP_AUTHORIZATION=header)) is None


def test_a_request_without_a_host_or_an_origin_comes_from_no_browser():
    gate = Gate(Settings())
    gate.check_host({"wsgi.url_scheme": "http"})
    gate.check_origin(environ())


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "0x7f.1", "[::1", "a b", "@", ":5000"])
def test_a_name_that_is_not_loopback_is_refused_where_only_the_name_protects(host: str):
    with pytest.raises(HostRefusedError):
        Gate(Settings()).check_host(environ(host))


def test_the_name_that_was_configured_is_ours():
    Gate(Settings(host="127.0.0.5")).check_host(environ("127.0.0.5:5000"))


@pytest.mark.parametrize("settings", [Settings(auth="required"), Settings(host="0.0.0.0", auth="off")])
def test_a_server_with_tokens_or_beyond_loopback_answers_to_any_name(settings: Settings):
    Gate(settings).check_host(environ("exams.example"))


def test_a_star_allows_every_page_and_must_be_asked_for():
    foreign = environ(origin="https://anywhere.example")
    with pytest.raises(OriginRefusedError):
        Gate(Settings()).check_origin(foreign)
    Gate(Settings(cors_origins="*")).check_origin(foreign)
