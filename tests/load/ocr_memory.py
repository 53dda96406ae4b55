"""Resident memory of one worker that reads page after page: `python -m tests.load.ocr_memory [pages] [seed]`.

The default engine reads small pages of many sizes, some of them turned, and every 25th is A4 at 300 dpi. Prints the
worker's memory as it goes, and exits 1 when it is larger in the last third than in the middle one by more than a tenth:
a worker must be flat by itself, or at least be replaced before it has grown (above 1,024 MiB, or after 500 units).
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import psutil

from services.ocr.requirements import Requirements
from services.ocr.workers import Workers
from services.runners.worker_pool import WorkerPool
from tests.pages import draw_text_page

A4 = (2480, 3508)  # pixels, at 300 dpi
LARGE_EVERY = 25
SHOWN_EVERY = 10
_TEXT = "which of these numbers is the sum of all angles in a triangle with three equal sides 128 3.5 (A) x + 7"
WORDS = _TEXT.split()


class Sample(NamedTuple):
    page: int
    life: int  # of the worker: counts those that were replaced before it
    megabytes: float  # after the page, whatever its size
    peak: float  # of this life


def read_pages(pages: int, seed: int) -> Iterator[Sample]:
    pool = WorkerPool(1, nice=19)
    pool.start()
    try:
        workers = Workers(pool, timeout=600)
        for number, page in enumerate(drawn(pages, seed), start=1):
            read(workers, page)
            yield Sample(number, pool.stats().respawned + 1, *memory_of_worker())
    finally:
        pool.close()


def drawn(pages: int, seed: int) -> Iterator[bytes]:
    dice = random.Random(seed)
    for number in range(pages):
        if number % LARGE_EVERY == LARGE_EVERY // 2:
            yield draw_text_page(lines(dice, 56, 11), font_size=36, size=A4)
        else:
            text = lines(dice, dice.randint(1, 10), dice.randint(2, 8))
            yield draw_text_page(text, font_size=dice.randint(16, 36), rotate=dice.choice([0, 0, 0, 90, 180, 270]))


def lines(dice: random.Random, count: int, words: int) -> list[str]:
    return [f"{number}. {' '.join(dice.choices(WORDS, k=words))}?" for number in range(1, count + 1)]


def read(workers: Workers, page: bytes) -> None:
    argument = {"requirements": Requirements().for_page(), "page": 1}
    workers.run("services.ocr.recognition:recognize", argument, blob=page)


def memory_of_worker() -> tuple[float, float]:
    """MiB now and at most (psutil does not know that one) of the newest child that lives."""
    while True:
        newest = max(psutil.Process().children(), key=lambda child: child.create_time(), default=None)
        with suppress(OSError, KeyError):  # it was replaced just now, and has no memory any more
            text = Path(f"/proc/{newest.pid if newest else 0}/status").read_text(encoding="ascii")
            status = dict(line.split(":", 1) for line in text.splitlines())
            now, most = (int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
            return now, most
        time.sleep(0.05)


def main() -> int:
    pages, seed = (int(given) for given in (*sys.argv[1:], *("500", "5")[len(sys.argv) - 1 :]))
    os.nice(19)
    began = time.monotonic()
    samples = []
    print(f"{'page':>6} {'life':>5} {'MiB':>7} {'peak':>7}")
    for sample in read_pages(pages, seed):
        samples.append(sample)
        if sample.page % SHOWN_EVERY == 0 or sample.page == pages:
            print(f"{sample.page:6} {sample.life:5} {sample.megabytes:7.0f} {sample.peak:7.0f}", flush=True)
    third = pages // 3
    middle, last = (fmean(sample.megabytes for sample in part) for part in (samples[third:-third], samples[-third:]))
    seconds = time.monotonic() - began
    print(f"{pages} pages in {seconds:.0f} s; on average {middle:.0f} MiB in the middle third, {last:.0f} in the last")
    print(f"most {max(sample.peak for sample in samples):.0f} MiB; {samples[-1].life} workers")
    return int(last > 1.1 * middle)


if __name__ == "__main__":
    sys.exit(main())
