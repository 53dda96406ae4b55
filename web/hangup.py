"""Work for a client that has hung up is given up: nobody reads its answer, and others wait for the worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from eventlet.patcher import original

from services.runners.cancel import CancelToken

_LOOK_SECONDS = 0.5
_select = original("select")  # the patched one has no poll; this one is only asked what is known already
_PEER_CLOSED = getattr(_select, "POLLRDHUP", 0)


@contextmanager
def cancelled_on_hangup(environ: Mapping[str, Any]) -> Iterator[CancelToken]:
    """A token that is cancelled as soon as the client of this request closes its connection.

    One that closes only its own direction is taken to be gone, too, as proxies do: the two look alike until we write.
    Systems other than Linux do not say it before we write; there the work is done in vain.
    """
    token, done = CancelToken(), threading.Event()
    descriptor = _descriptor(environ)
    if descriptor is not None and _PEER_CLOSED:
        threading.Thread(target=_watch, args=(descriptor, token, done), name="hangup", daemon=True).start()
    try:
        yield token
    finally:
        done.set()


def _descriptor(environ: Mapping[str, Any]) -> int | None:
    """Of the request's connection; None where it did not come over one (Flask's test client)."""
    body = environ.get("eventlet.input")
    return None if body is None else int(body.get_socket().fileno())


def _watch(descriptor: int, token: CancelToken, done: threading.Event) -> None:
    poll = _select.poll()
    poll.register(descriptor, _PEER_CLOSED)
    while not done.wait(_LOOK_SECONDS):
        if poll.poll(0):
            token.cancel()
            return
