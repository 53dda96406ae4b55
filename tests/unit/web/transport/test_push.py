from __future__ import annotations

import threading

import flask
import pytest

from web.transport.push import Push
from web.transport.socketio import create_socketio


def test_an_emit_from_a_foreign_thread_is_refused() -> None:
    push = Push(create_socketio(flask.Flask(__name__)))
    assert push.emit("news", 1) == 0
    refusals: list[BaseException] = []

    def emit() -> None:
        with pytest.raises(RuntimeError, match="hub's thread") as refusal:
            push.emit("news", 1)
        refusals.append(refusal.value)

    thread = threading.Thread(target=emit)
    thread.start()
    thread.join()
    assert len(refusals) == 1


def test_a_client_that_is_gone_has_no_room_to_wait_for() -> None:
    assert not Push(create_socketio(flask.Flask(__name__))).wait_for_room("gone")
