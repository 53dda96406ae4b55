from __future__ import annotations

import threading

import pytest

from services.runners.cancel import CancelToken


def test_callbacks_run_in_the_canceller_before_cancel_returns() -> None:
    token, called = CancelToken(), []
    token.on_cancel(lambda: called.append(threading.get_ident()))
    assert not token.cancelled
    token.cancel()
    assert token.cancelled
    assert [threading.get_ident()] == called


def test_a_callback_is_called_once_however_often_it_is_cancelled() -> None:
    token, called = CancelToken(), []
    token.on_cancel(lambda: called.append(1))
    token.cancel()
    token.cancel()
    assert called == [1]


def test_who_comes_after_the_cancel_is_called_at_once() -> None:
    token, called = CancelToken(), []
    token.cancel()
    unsubscribe = token.on_cancel(lambda: called.append(1))
    assert called == [1]
    unsubscribe()


def test_who_has_unsubscribed_is_not_called() -> None:
    token, called = CancelToken(), []
    unsubscribe = token.on_cancel(lambda: called.append("first"))
    token.on_cancel(lambda: called.append("second"))
    unsubscribe()
    unsubscribe()
    token.cancel()
    assert called == ["second"]


def test_one_callback_that_fails_does_not_keep_the_others(caplog: pytest.LogCaptureFixture) -> None:
    token, called = CancelToken(), []

    def fail() -> None:
        raise KeyError("no such thing")

    token.on_cancel(fail)
    token.on_cancel(lambda: called.append(1))
    token.cancel()
    assert called == [1]
    assert "no such thing" in caplog.text


def test_a_callback_may_use_the_token_again() -> None:
    token, called = CancelToken(), []

    def subscribe_another() -> None:
        token.on_cancel(lambda: called.append(token.cancelled))

    token.on_cancel(subscribe_another)
    token.cancel()
    assert called == [True]
