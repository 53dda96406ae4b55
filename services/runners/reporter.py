"""Reports of a unit, thinned out before they cost the server anything."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from services.runners.channel import Channel, ChannelClosedError, Frame, encode

_INTERVAL = 1 / 20  # seconds between two reports of a unit


class Reporter:
    """Sends a report at once when the last is long enough ago, else keeps the newest and sends that in time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._changed = threading.Condition(threading.Lock())
        self._number: int | None = None
        self._pending: Frame | None = None
        self._sent_at = 0.0
        self._thread: threading.Thread | None = None

    def open(self, number: int) -> None:
        with self._changed:
            self._number, self._sent_at = number, 0.0

    def report(self, data: Mapping[str, Any]) -> None:
        """Encoded here and now: the unit may change its dict afterwards, and hears at once of what is not JSON."""
        with self._changed:
            if self._number is None:  # a thread that the unit left behind
                return
            frame = encode({"kind": "report", "id": self._number, "data": data})
            held_back, self._pending = self._pending is not None, frame
            if self._due_in() <= 0:
                self._flush()
            elif not held_back:
                self._wake()

    def close(self) -> None:
        """What was held back goes out before the unit's answer does."""
        with self._changed:
            self._flush()
            self._number = None

    def _due_in(self) -> float:
        return self._sent_at + _INTERVAL - time.monotonic()

    def _flush(self) -> None:
        if self._pending is not None:
            frame, self._pending = self._pending, None
            self._channel.send_frame(frame)
            self._sent_at = time.monotonic()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._send_when_due, name="reports", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _send_when_due(self) -> None:
        with self._changed:
            while True:
                if self._pending is None:
                    self._changed.wait()
                elif (delay := self._due_in()) > 0:
                    self._changed.wait(delay)
                else:
                    try:
                        self._flush()
                    except ChannelClosedError:  # the listening thread ends the process
                        return
