"""What is tidied up now and then, in the background, while the server runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

_INTERVAL = 3600.0  # seconds


class Housekeeping:
    """Runs its chores at the start and then every hour; each gives how many things it removed."""

    def __init__(self, chores: Sequence[Callable[[], int]]) -> None:
        self._chores = chores
        self._stopping = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="housekeeping", daemon=True).start()

    def close(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for chore in self._chores:
                self._do(chore)
            self._stopping.wait(_INTERVAL)

    def _do(self, chore: Callable[[], int]) -> None:
        try:
            if removed := chore():
                log.info("%s removed %d.", chore.__qualname__, removed)
        except Exception:  # what could not be tidied up now is still there in an hour
            log.exception("%s failed; trying again in an hour.", chore.__qualname__)
