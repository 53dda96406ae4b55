from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.runners.worker_pool import WorkerPool


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    """Two real workers."""
    pool = WorkerPool(2)
    pool.start()
    yield pool
    pool.close()
