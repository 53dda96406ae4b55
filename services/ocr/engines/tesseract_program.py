"""The program `tesseract`, spoken to by pipes: no file, no shell, nothing of a client in its arguments.

It stays in the process group of the worker that starts it, and so it dies with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from services.errors import ModelLoadError, UnitError, UnitTimeoutError

INSTALL = "apt-get install tesseract-ocr tesseract-ocr-eng tesseract-ocr-chi-sim"
# Of those that are installed, these are read. The first is the one whose habits (spaces, punctuation) win.
_READ = ("chi_sim", "eng")

_ASK_TIMEOUT = 10.0  # seconds for its version or languages
_WORD = 5  # level of a TSV row; those above it are lines, paragraphs, blocks and pages


@dataclass(frozen=True, slots=True)
class Word:
    """One row of its TSV: a word and its box in pixels; `line` is (page, block, paragraph, line), pages from 1."""

    line: tuple[int, int, int, int]
    left: int
    top: int
    width: int
    height: int
    confidence: float  # 0 … 1
    text: str


def find() -> str | None:
    return shutil.which("tesseract")


def languages() -> tuple[str, ...]:
    """Those we read of those that are installed; none when the program is not there or does not answer."""
    program = find()
    return _languages(program) if program else ()


def version() -> str:
    """Such as "5.3.0".

    Raises:
        ModelLoadError: the program is not there or does not answer.
    """
    lines = _ask(find() or "tesseract", "--version").split("\n")
    return lines[0].removeprefix("tesseract").strip()


def read(image: bytes, *, mode: int, timeout: float) -> list[Word]:
    """
    Args:
        image: a file that Leptonica knows; a TIFF may have several pages.
        mode: its page segmentation mode: 7 is one line, 11 as much text as there is, in no order.
        timeout: seconds.

    Raises:
        ModelLoadError: the program is not there.
        UnitTimeoutError: it took longer; it has been killed.
        UnitError: it failed, with its last line.
    """
    program = find()
    if program is None:
        raise ModelLoadError(f"The program tesseract is not installed. On Debian or Ubuntu: {INSTALL}")
    command = [program, "stdin", "stdout", "-l", "+".join(_languages(program)), "--psm", str(mode), "tsv"]
    # Its threads spin while they wait: on a page with two of them beside other work it took 15 times as long.
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(command, input=image, env=environment, capture_output=True, timeout=timeout, check=False)  # noqa: S603  # its path and our own words
    except subprocess.TimeoutExpired as error:
        raise UnitTimeoutError(f"tesseract took longer than {timeout:.0f} s. Send a smaller page.") from error
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
        raise UnitError(f"tesseract ended with status {done.returncode}: {last}")
    return list(_words(done.stdout.decode("utf-8", "replace")))


def _words(tsv: str) -> Iterator[Word]:
    # By "\n" alone: a text may hold what else Python counts as the end of a line.
    for row in tsv.split("\n")[1:]:
        cells = row.split("\t", 11)
        if len(cells) == 12 and int(cells[0]) == _WORD and cells[11].strip():
            page, block, paragraph, line, _ = map(int, cells[1:6])
            left, top, width, height = map(int, cells[6:10])
            confidence = min(1.0, max(0.0, float(cells[10]) / 100))
            yield Word((page, block, paragraph, line), left, top, width, height, confidence, cells[11].strip())


@cache
def _languages(program: str) -> tuple[str, ...]:
    try:
        installed = set(_ask(program, "--list-langs").split())
    except ModelLoadError:
        return ()
    return tuple(name for name in _READ if name in installed)


def _ask(program: str, option: str) -> str:
    try:
        done = subprocess.run([program, option], capture_output=True, text=True, timeout=_ASK_TIMEOUT, check=False)  # noqa: S603  # its path
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelLoadError(f"The program tesseract cannot be run ({error}). Install it again: {INSTALL}") from error
    return done.stdout or done.stderr
