"""How long a picture will take: what pictures like it took before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from services.errors import TaskbeamError
from services.ocr.requirements import Requirements
from services.ocr.selector import select

_WEIGHT = 0.3  # of the newest observation in the moving average
_MAX_CLASS = 12  # 4 ** 12 times 4 KB: more than any upload
_MAX_SECONDS = 3_600.0
_KEPT = 500  # averages; engines x sides x classes are far fewer

# Before anything was seen: seconds for a small picture with the detector at 1280 pixels, and for each megabyte more.
_GUESS_BASE, _GUESS_PER_MB, _GUESS_SIDE = 0.8, 0.8, 1_280


class Estimates:
    """Exponentially weighted averages, one for each way of reading (engines, detector side) and class of size.

    Pictures are classed by the bytes of their files, a class being four times the one before: what else is known of a
    picture would have to be decoded first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._averages: dict[str, float] = _stored(path)  # "rapidocr/960/3" -> seconds

    def seconds(self, requirements: Requirements, size: int, available: Mapping[str, str | None]) -> float:
        """What computing it will take, without any wait for a worker. `size` in bytes."""
        way = _way(requirements, available)
        known = {key: seconds for key, seconds in self._averages.items() if key.rpartition("/")[0] == way}
        if not known:
            return _guess(way, size)
        wanted = _class_of(size)
        nearest = min(known, key=lambda key: (abs(_class_in(key) - wanted), _class_in(key)))
        # Twice the pixels, twice the work, but a good part of it is there for the smallest picture too.
        return known[nearest] * 2.0 ** (wanted - _class_in(nearest))

    def learn(self, requirements: Requirements, size: int, seconds: float, available: Mapping[str, str | None]) -> None:
        key = f"{_way(requirements, available)}/{_class_of(size)}"
        seconds = min(max(seconds, 0.0), _MAX_SECONDS)
        before = self._averages.get(key)
        self._averages[key] = seconds if before is None else before + _WEIGHT * (seconds - before)

    def save(self) -> int:
        """Writes them down for the next start. A chore of housekeeping, which counts what it removed: nothing."""
        if self._averages:
            scratch = self._path.with_suffix(".tmp")
            self._path.parent.mkdir(parents=True, exist_ok=True)
            scratch.write_bytes(orjson.dumps(self._averages))
            scratch.replace(self._path)
        return 0


def _way(requirements: Requirements, available: Mapping[str, str | None]) -> str:
    try:
        strategy = select(requirements, available)
    except TaskbeamError:  # nothing will be read; whoever reads it says so
        return "none/0"
    return f"{'+'.join(strategy.engines)}/{strategy.detector_side}"


def _class_of(size: int) -> int:
    return min(_MAX_CLASS, max(0, round(math.log(max(size, 1) / 4_096, 4))))


def _class_in(key: str) -> int:
    return int(key.rpartition("/")[2])


def _guess(way: str, size: int) -> float:
    side = int(way.rpartition("/")[2]) or _GUESS_SIDE
    return (_GUESS_BASE + _GUESS_PER_MB * size / 2**20) * side / _GUESS_SIDE


def _stored(path: Path) -> dict[str, float]:
    """A damaged file is no reason not to start: what it knew is soon learned again."""
    try:
        data: Any = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(data, dict):
        return {}
    good = {key: float(value) for key, value in data.items() if _is_good(key, value)}
    return dict(list(good.items())[:_KEPT])


def _is_good(key: str, value: object) -> bool:
    return key.rpartition("/")[2].isdigit() and isinstance(value, int | float) and 0 <= value <= _MAX_SECONDS
