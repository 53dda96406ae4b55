"""Answers to a camera's demand for a login: Basic (RFC 7617) and Digest (RFC 7616, as far as the standard library)."""

from __future__ import annotations

import base64
from email.message import Message
from urllib.parse import SplitResult, unquote
from urllib.request import AbstractDigestAuthHandler, HTTPPasswordMgr, Request, parse_http_list, parse_keqv_list


def authorization(url: SplitResult, path: str, answer: Message) -> str | None:
    """What goes into `Authorization` after this answer to a GET; None when there is no login that fits.

    A password goes out in clear only where the camera asks for that and nothing better.
    """
    if url.username is None:
        return None
    name, password = unquote(url.username), unquote(url.password or "")
    demands = {scheme.lower(): rest for scheme, _, rest in (text.partition(" ") for text in _demands(answer))}
    if "digest" in demands:
        return _digest(demands["digest"], path, name, password)
    if "basic" in demands:
        return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
    return None


def _demands(answer: Message) -> list[str]:
    return [text.strip() for text in answer.get_all("WWW-Authenticate") or []]


def _digest(demand: str, path: str, name: str, password: str) -> str | None:
    url = f"http://camera{path}"  # its host is not part of what is hashed
    passwords = HTTPPasswordMgr()
    try:
        fields = parse_keqv_list(list(filter(None, parse_http_list(demand))))
        passwords.add_password(fields.get("realm", ""), url, name, password)
        made = AbstractDigestAuthHandler(passwords).get_authorization(Request(url), fields)  # never opened
    except (ValueError, KeyError, IndexError):  # a hash or a demand that the standard library does not know
        return None
    return f"Digest {made}" if made else None
