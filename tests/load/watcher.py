"""A client that watches one task, reconnects whenever it is cut off, and goes on from its last_seq."""

from __future__ import annotations

import threading
import time
from typing import Any, Self

import socketio

_EVENTS = ("task_created", "task_status", "task_progress", "task_completed", "task_error", "task_cancelled")


class Watcher:
    def __init__(self, url: str, task_id: int) -> None:
        self.seen: list[tuple[int, str]] = []  # (seq, event) as they came, repeats of a replay left out
        self._url, self._task_id = url, task_id
        self._client = socketio.Client(reconnection_delay=0.1, reconnection_delay_max=0.5)
        self._grown = threading.Condition()
        self._client.on("connect", self._join)
        for event in _EVENTS:
            self._client.on(event, self._take(event))

    def __enter__(self) -> Self:
        self._client.connect(self._url, transports=["websocket"], auth={"lobby": False})
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.disconnect()

    def await_seq(self, seq: int, patience: float = 30.0) -> None:
        deadline = time.monotonic() + patience
        with self._grown:
            while not self.seen or self.seen[-1][0] < seq:
                assert self._grown.wait(deadline - time.monotonic()), f"seen up to {self.seen[-1:]}, not {seq}"

    def _join(self) -> None:
        last_seq = self.seen[-1][0] if self.seen else 0
        self._client.emit("join_task", {"task_id": self._task_id, "last_seq": last_seq})

    def _take(self, event: str) -> Any:
        def take(data: dict[str, Any]) -> None:
            seq = data.get("seq")
            if seq is None:  # the snapshot that answers a join
                return
            with self._grown:
                if not self.seen or seq > self.seen[-1][0]:
                    self.seen.append((seq, event))
                    self._grown.notify_all()

        return take
