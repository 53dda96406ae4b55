"""A look at what a dedup run would find, before it is started: several thresholds, tried on a part of the bank."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models import Database
from services.errors import UnavailableError, UnitTimeoutError
from services.runners.cancel import CancelToken
from services.runners.worker_pool import WorkerPool

PRIORITY = 10  # in the pool, where the units of tasks have 0: somebody waits for it
AT_ONCE = 2  # further ones are turned away, or they would keep every worker from its tasks
SECONDS = 20.0  # for all thresholds; those that are not done by then are left out
_PATIENCE = 15.0  # seconds beyond that, after which the worker is stopped


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """Which questions, how, and how many of them; `options` as of a dedup task, but for its threshold."""

    bank_id: int
    filters: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Sequence[float] = (0.80, 0.85, 0.90, 0.95)
    sample: int = 5_000


class PreviewsBusyError(UnavailableError):
    code = "PREVIEWS_BUSY"

    def __init__(self) -> None:
        super().__init__(f"{AT_ONCE} previews are being computed already. Try again in a few seconds.")


class PreviewTooLongError(UnitTimeoutError):
    """Mapped to 504 like any unit that takes too long; the code stays the same."""

    def __init__(self) -> None:
        super().__init__("The preview took too long. Take a smaller sample, or name a group in `filters`.")


class Previews:
    def __init__(self, database: Database, pool: WorkerPool) -> None:
        self._database, self._pool = database, pool
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def compute(self, asked: PreviewRequest, cancel: CancelToken | None = None) -> dict[str, Any]:
        """Counts per threshold, ascending, and the pairs each would merge that are least alike.

        Raises:
            PreviewsBusyError: too many are computed already.
            PreviewTooLongError: not even the worker's own watch on the time could end it.
        """
        argument = {
            "database_url": self._database.url.render_as_string(hide_password=False),
            "params": {"bank_id": asked.bank_id, "filters": dict(asked.filters), "options": dict(asked.options)},
            "thresholds": sorted(set(asked.thresholds)),
            "sample": asked.sample,
            "seconds": SECONDS,
        }
        if not self._places.acquire(blocking=False):
            raise PreviewsBusyError
        try:
            reply = self._pool.run(
                "services.dedup.sampling:preview", argument,
                cancel=cancel, timeout=SECONDS + _PATIENCE, priority=PRIORITY,
            )  # fmt: skip
        except UnitTimeoutError as error:
            raise PreviewTooLongError from error
        finally:
            self._places.release()
        return {"bank_id": asked.bank_id, **reply.value}
