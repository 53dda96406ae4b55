"""One picture read at once: out of the cache, or by the next free worker."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from models import Database
from services.config import Settings
from services.errors import ImageTooLargeError, NoTextDetectedError
from services.ocr import selector
from services.ocr.cache import ResultCache, key_of
from services.ocr.decoding.sniff import HEAD_BYTES, refusal, sniff
from services.ocr.engines import registry
from services.ocr.estimates import Estimates
from services.ocr.page import Stage
from services.ocr.requirements import Requirements
from services.ocr.workers import AWAITED, REAL_TIME, Workers
from services.runners.worker_pool import CancelToken

OnProgress = Callable[[dict[str, Any]], None]

_TARGET = "services.ocr.recognition:recognize"
_LOOK = 1.0  # seconds until it is seen that an engine came or went
_SLICE = 2**20  # bytes hashed before others may run


class Recognizer:
    def __init__(self, database: Database, workers: Workers, settings: Settings) -> None:
        self._workers = workers
        self._max_bytes, self._cache_bytes = settings.max_image_bytes, int(settings.ocr_cache_mb * 2**20)
        self._cache, self._data_dir = ResultCache(database), settings.data_dir
        self._estimates = Estimates(settings.data_dir / "ocr_estimates.json")
        self._engines: Mapping[str, str | None] = {}
        self._looked_at = -math.inf
        self._waiting = 0  # pictures that were asked for and are not answered

    def settled(self, requirements: Requirements) -> Requirements:
        """What is asked, checked against what there is: engines, and whether results are kept at all."""
        selector.select(requirements, self._available())
        if requirements.cache and not self._cache_bytes:
            return requirements.model_copy(update={"cache": False})
        return requirements

    def recognize(
        self, data: bytes, requirements: Requirements, on_progress: OnProgress | None, cancel: CancelToken | None
    ) -> dict[str, Any]:
        requirements = self.settled(requirements)
        self._check(data)
        key = key_of(_sha256(data), 1, requirements, self._available())
        if requirements.cache and (known := self._cache.get(key)) is not None:
            if not known["text"].strip():  # a task keeps what it found on empty pages, too
                raise NoTextDetectedError
            return {**known, "cached": True}
        result = self._read(data, requirements, on_progress, cancel)
        if requirements.cache:
            self._cache.put(key, result)
        return {**result, "cached": False}

    def estimate(self, requirements: Requirements, size_bytes: int) -> float:
        own = self._estimates.seconds(requirements, size_bytes, self._available())
        workers, busy, waiting = self._workers.stats()
        if busy < workers and not waiting:
            return own
        ahead = max(0, self._waiting - workers) + 0.5  # half of what a worker has in its hands is done
        return own + own * ahead / max(1, workers)

    def tidy(self) -> int:
        """Writes down what was learned, and keeps the cache within its bound; gives the results removed."""
        self._estimates.save()
        return self._cache.evict(self._cache_bytes)

    def check_size(self, size: int) -> None:
        """Bytes; for who has not read them yet. Raises ImageTooLargeError."""
        if size > self._max_bytes:
            raise ImageTooLargeError(
                f"The picture has {size / 2**20:,.1f} MB; at most {self._max_bytes / 2**20:g} MB are read at once "
                "(TASKBEAM_MAX_IMAGE_MB). Send it as a task, or smaller."
            )

    def _available(self) -> Mapping[str, str | None]:
        """Asked of the disk, 1 ms of everybody's time: for a batch of a hundred pictures that is once enough."""
        if time.monotonic() > self._looked_at + _LOOK:
            self._engines, self._looked_at = registry.available(self._data_dir), time.monotonic()
        return self._engines

    def _check(self, data: bytes) -> None:
        self.check_size(len(data))
        if sniff(data[:HEAD_BYTES]) is None:
            raise refusal(data[:HEAD_BYTES])

    def _read(
        self, data: bytes, requirements: Requirements, on_progress: OnProgress | None, cancel: CancelToken | None
    ) -> dict[str, Any]:
        self._waiting += 1
        try:
            result = self._workers.run(
                _TARGET,
                {"requirements": requirements.for_page(), "page": 1},
                blob=data,
                on_report=_rising(on_progress) if on_progress else None,
                cancel=cancel,
                priority=REAL_TIME if requirements.real_time else AWAITED,
            ).value
        finally:
            self._waiting -= 1
        self._learn(requirements, len(data), result)
        return result

    def _learn(self, requirements: Requirements, size: int, result: Mapping[str, Any]) -> None:
        """The work alone: waits for a worker differ by the hour, and an engine is loaded once in a worker's life."""
        available = self._available()
        if result["selected_models"][0] in available:  # a PDF's own text says nothing about the time that reading takes
            seconds = result["processing_time"] - result["timings"].get(Stage.PREPROCESSING, 0.0)
            self._estimates.learn(requirements, size, seconds, available)


def _sha256(data: bytes) -> str:
    digest = hashlib.sha256()
    view = memoryview(data)
    for start in range(0, len(data), _SLICE):
        digest.update(view[start : start + _SLICE])
        time.sleep(0)  # others may run
    return digest.hexdigest()


def _rising(on_progress: OnProgress) -> OnProgress:
    """A lost worker's picture begins anew, and a slow report may come late: what was said stands."""
    highest = -1.0

    def hear(report: dict[str, Any]) -> None:
        nonlocal highest
        highest = max(highest, report["progress"])
        on_progress({**report, "progress": highest})

    return hear
