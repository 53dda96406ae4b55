"""Results kept under the hash of everything that leads to them: the same picture asked again is not read again."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from models import Database, OcrResult
from models.session import DatabaseBusyError
from services.batches import PAUSE
from services.ocr import selector
from services.ocr.engines import tesseract_program
from services.ocr.requirements import Requirements

log = logging.getLogger(__name__)

_PACKAGES = ("rapidocr", "onnxruntime", "easyocr", "torch", "pypdfium2", "pillow", "opencv-python-headless", "numpy")
_LARGEST = 4 * 2**20  # bytes of a result; what is larger is read again
_HOUR = 3600.0
_ROWS = 200  # evicted in one transaction
_FILL = 0.9  # of the bound, after an eviction


def key_of(sha256: str, page: int, requirements: Requirements, available: Mapping[str, str | None]) -> str:
    """The key of one page of a file, hex. Any change of engines, libraries or of ours makes another key.

    Args:
        sha256: of the file, hex.
        page: from 1.
        requirements: how it is read.
        available: of `registry.available()`.

    Raises:
        ModelLoadError, InvalidInputError: see selector.
    """
    # What is chosen goes in beside what was asked: an answer that is wanted at once is read at a smaller size.
    strategy = repr(selector.select(requirements, available)).encode()
    usable = orjson.dumps([name for name, why_not in available.items() if why_not is None])
    parts = (sha256.encode(), str(page).encode(), requirements.key(), strategy, usable, _surroundings())
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


class ResultCache:
    """One table, seen by the server and by its workers alike; the server keeps it within its bound."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> dict[str, Any] | None:
        with self._database.reader() as session:
            row = session.execute(select(OcrResult.result, OcrResult.used_at).where(OcrResult.key == key)).first()
        if row is None:
            return None
        if row.used_at < time.time() - _HOUR:  # seldom: a hit should not have to wait for the write lock
            with _if_it_can_be(), self._database.transaction() as session:
                session.execute(update(OcrResult).where(OcrResult.key == key).values(used_at=time.time()))
        result: dict[str, Any] = row.result
        return result

    def put(self, key: str, result: Mapping[str, Any]) -> None:
        size = len(orjson.dumps(result))
        if size > _LARGEST:
            return
        # Somebody may have read the same page meanwhile.
        with _if_it_can_be(), suppress(IntegrityError), self._database.transaction() as session:
            session.add(OcrResult(key=key, result=dict(result), size=size))

    def evict(self, max_bytes: int) -> int:
        """Removes what was used longest ago until the rest keeps to the bound; gives the number of results."""
        with self._database.reader() as session:
            total = int(session.scalar(select(func.sum(OcrResult.size))) or 0)  # PostgreSQL sums into decimals
        removed, aim = 0, _FILL * max_bytes
        while (removed or total > max_bytes) and total > aim and (sizes := self._evict_some(total - aim)):
            total -= sum(sizes)
            removed += len(sizes)
            time.sleep(PAUSE)
        return removed

    def _evict_some(self, excess: float) -> list[int]:
        """The sizes of what was removed: as few of the oldest as make up for the excess."""
        oldest = select(OcrResult.key, OcrResult.size).order_by(OcrResult.used_at, OcrResult.key).limit(_ROWS)
        with self._database.transaction() as session:
            keys: list[str] = []
            sizes: list[int] = []
            for row in session.execute(oldest):
                if sum(sizes) >= excess:
                    break
                keys.append(row.key)
                sizes.append(row.size)
            session.execute(delete(OcrResult).where(OcrResult.key.in_(keys)))
        return sizes


@contextmanager
def _if_it_can_be() -> Iterator[None]:
    """A page that was read is not lost because a convenience could not be written."""
    try:
        yield
    except (SQLAlchemyError, DatabaseBusyError) as error:
        log.warning("The cache of OCR results was not written: %s", error)


@cache
def _surroundings() -> bytes:
    """What reads, and what is there to read with, in this process for as long as it lives."""
    versions = {package: _version_of(package) for package in _PACKAGES}
    return orjson.dumps([versions, _tesseract(), _own_code()], option=orjson.OPT_SORT_KEYS)


def _tesseract() -> list[str]:
    """Its version and what it can read; nothing where it is not there."""
    languages = tesseract_program.languages()
    return [tesseract_program.version(), *languages] if languages else []


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _own_code() -> str:
    """A number raised by hand would be forgotten once, and the old results would be given for ever."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
