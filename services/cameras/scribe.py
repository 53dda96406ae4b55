"""Takes down how a recording goes, in a thread of its own: the capture's must not wait for a database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

log = logging.getLogger(__name__)


class Scribe:
    """Newest wins; the last one, which says `ended`, is always taken down."""

    def __init__(self, take_down: Callable[[Mapping[str, Any]], None]) -> None:
        self._take_down = take_down
        self._newest: Mapping[str, Any] | None = None
        self._told = threading.Event()
        self._done = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="recording", daemon=True).start()

    def hear(self, figures: Mapping[str, Any]) -> None:
        """Returns at once. Nothing is heard after `ended`."""
        self._newest = figures
        self._told.set()

    def join(self, timeout: float) -> None:
        self._done.wait(timeout)

    def _run(self) -> None:
        ended = False
        while not ended:
            self._told.wait()
            self._told.clear()
            figures = self._newest
            assert figures is not None
            ended = figures["ended"]
            try:
                self._take_down(figures)
            except Exception:  # the database may be back for the next one
                log.exception("How a recording goes could not be taken down.")
        self._done.set()
