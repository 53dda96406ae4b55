from __future__ import annotations

from email.message import Message
from hashlib import md5
from urllib.parse import urlsplit

import pytest

from services.cameras.sources.http_login import authorization

URL = urlsplit("http://us%40er:wo%3Ard@camera/video?size=1")
PATH = "/video?size=1"


def asking(*demands: str) -> Message:
    answer = Message()
    for demand in demands:
        answer["WWW-Authenticate"] = demand
    return answer


def test_digest_goes_before_basic_and_is_what_the_standard_says():
    given = authorization(URL, PATH, asking('Basic realm="r"', 'Digest realm="r", nonce="n"'))
    secret, request = (md5(text.encode()).hexdigest() for text in ("us@er:r:wo:rd", f"GET:{PATH}"))
    assert given is not None
    assert given.startswith('Digest username="us@er"')
    assert f'response="{md5(f"{secret}:n:{request}".encode()).hexdigest()}"' in given


def test_basic_is_given_where_it_is_asked_for():
    assert authorization(URL, PATH, asking('Basic realm="r"')) == "Basic dXNAZXI6d286cmQ="


@pytest.mark.parametrize(
    "demands", [[], ["Negotiate"], ["Digest"], ["Digest nonsense"], ['Digest realm="r", nonce="n", algorithm=XYZ']]
)
def test_what_cannot_be_answered_is_not(demands):
    assert authorization(URL, PATH, asking(*demands)) is None


def test_without_a_login_in_the_url_there_is_none():
    assert authorization(urlsplit("http://camera/"), "/", asking('Basic realm="r"')) is None
