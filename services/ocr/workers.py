"""The worker pool for those who wait for its answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from services.errors import UnitError, WorkerLostError
from services.ocr.refusals import as_raised
from services.runners.worker_pool import Reply, WorkerPool

REAL_TIME, AWAITED = 20, 10  # priorities in the pool, where the units of tasks have 0


class Workers:
    def __init__(self, pool: WorkerPool, timeout: float) -> None:
        """`timeout`: seconds from the moment a worker begins."""
        self._pool, self._timeout = pool, timeout

    def run(self, target: str, argument: Mapping[str, Any], **options: Any) -> Reply:
        """As `WorkerPool.run`, but once more where the worker was lost, which is seldom the fault of what it did.

        Raises:
            TaskbeamError: what the target raised, as its own class; timeouts, cancels and lost workers as they are.
        """
        run = partial(self._pool.run, target, argument, timeout=self._timeout, **options)
        try:
            try:
                return run()
            except WorkerLostError:
                return run()
        except UnitError as error:
            raise as_raised(error) from error

    def stats(self) -> tuple[int, int, int]:
        """Workers that are ready, those of them with a unit, units waiting."""
        stats = self._pool.stats()
        return stats.workers, stats.busy, stats.waiting
