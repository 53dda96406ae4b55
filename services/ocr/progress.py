"""How far the reading of a page is, true to the work that is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from services.ocr.page import Stage


@dataclass(frozen=True, slots=True)
class Progress:
    """`fraction` 0 … 1 of the page's work, never falling; `lines`: what was read since the last word."""

    fraction: float
    stage: Stage
    message: str
    lines: tuple[str, ...] = ()


Report = Callable[[Progress], None]

# What a page's stages take of its time: measured on an exam page, a receipt and a dense A4 page at 300 dpi.
_SHARES = {
    Stage.PREPROCESSING: 0.03,
    Stage.DETECTION: 0.25,
    Stage.RECOGNITION: 0.67,
    Stage.POSTPROCESSING: 0.05,
}


def silent(_progress: Progress) -> None:
    """For callers who do not watch."""


class StageClock:
    """Turns "so much of this stage" into a fraction of the page, and keeps each stage's seconds."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._stage = Stage.PREPROCESSING
        self._before = 0.0  # the shares of the stages that are done
        self._began = self._entered = time.perf_counter()
        self.seconds: dict[str, float] = {}

    @property
    def total(self) -> float:
        return time.perf_counter() - self._began

    def enter(self, stage: Stage, message: str) -> None:
        if stage is not self._stage:
            self.leave()
            self._before += _SHARES[self._stage]
            self._stage = stage
        self.say(0.0, message)

    def leave(self) -> None:
        now = time.perf_counter()
        self.seconds[self._stage.value] = round(self.seconds.get(self._stage.value, 0.0) + now - self._entered, 4)
        self._entered = now

    def say(self, done: float, message: str, lines: tuple[str, ...] = ()) -> None:
        """`done`: 0 … 1 of the present stage."""
        fraction = min(1.0, self._before + done * _SHARES[self._stage])
        self._report(Progress(fraction, self._stage, message, lines))
