"""What a page at 300 dpi costs, beside rapidocr with its defaults in the same run.

    python -m tests.benchmarks.ocr_speed [--rounds N] [--threads N] [--file FILE]

Wall and CPU seconds, the least of the rounds, which take turns so that a busy machine is busy for all. `directly` calls
the engine's own detect and recognize without the pipeline around them; the pipeline's overhead is against that. Other
programs on the machine distort wall time; CPU time says what the work is, but counts threads that spin while they wait.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from services.ocr.crops import cut
from services.ocr.engines import registry
from services.ocr.page import Image, Raster
from services.ocr.pipeline import read_page
from services.ocr.requirements import Requirements
from services.ocr.selector import ACCURACY, BALANCE, SPEED
from tests.benchmarks.ocr_accuracy import pixels, rapidocr_defaults
from tests.benchmarks.shared_data import shared_data

_SIDES = {"low": SPEED, "medium": BALANCE, "high": ACCURACY}
_RIVAL = "rapidocr, defaults"

Seconds = tuple[float, float]  # wall, CPU of all threads


def main() -> None:
    data = shared_data()
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--file", type=Path, default=data and data / "ocr" / "a4_300dpi.png")
    arguments = parser.parse_args()
    if arguments.file is None:
        raise SystemExit("There are no shared pages here: give --file, or set TASKBEAM_SHARED_DATA.")
    image = pixels(arguments.file)
    print(f"{arguments.file.name}, {image.shape[1]} x {image.shape[0]}; {arguments.threads} threads, load {load()}")
    best = measured(contenders(image, arguments.threads), arguments.rounds)
    for name, (wall, cpu) in best.items():
        ratio = f"{wall / best[_RIVAL][0]:.2f} of the rival's wall, {cpu / best[_RIVAL][1]:.2f} of its CPU time"
        print(f"{name:32}{wall:7.2f} s wall {cpu:7.2f} s CPU   {ratio}")
    for accuracy in _SIDES:
        overhead = best[f"pipeline, {accuracy}"][1] / best[f"directly, {accuracy}"][1] - 1
        print(f"overhead of the pipeline, {accuracy}: {100 * overhead:+.1f} % CPU")
    print(f"load at the end {load()}")


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def contenders(image: Image, threads: int) -> dict[str, Callable[[], object]]:
    rival, engine, raster = rapidocr_defaults(), registry.engine("rapidocr"), Raster(image)

    def directly(side: int) -> object:
        return engine.recognize([cut(image, quad) for quad in engine.detect(image, side, threads)], threads=threads)

    def pipeline(accuracy: str) -> object:
        return read_page(raster, Requirements.of({"accuracy_requirement": accuracy}), threads=threads)

    found: dict[str, Callable[[], object]] = {_RIVAL: lambda: rival(image)}
    for accuracy, side in _SIDES.items():
        found[f"directly, {accuracy}"] = lambda side=side: directly(side)  # type: ignore[misc]
        found[f"pipeline, {accuracy}"] = lambda accuracy=accuracy: pipeline(accuracy)  # type: ignore[misc]
    return found


def measured(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, Seconds]:
    """The least of the rounds, after one that warms everything up on a small picture's worth of work."""
    taken: dict[str, list[Seconds]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            taken[name].append(timed(call))
    return {name: tuple(np.min(times, axis=0).tolist()) for name, times in taken.items()}


def timed(call: Callable[[], object]) -> Seconds:
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
