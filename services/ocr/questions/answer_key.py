"""The answers at the end of a paper: `1-5 ABCDA`, `6. B`, `7、72 km/h`."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest

_RUN = re.compile(r"(\d{1,3})\s*[-~～—–]\s*(\d{1,3})\s*[.．、:：]?\s*([A-H](?:\s*[A-H])*)(?![A-Za-z])")
_ONE = re.compile(r"(?<![\d.])(\d{1,3})\s*[.．、:：)）]\s*(?!\d)")
_LETTERS = re.compile(r"[A-H]{1,8}(?![A-Za-z])")


def read_key(rows: list[str]) -> dict[int, str]:
    """{number: answer}; a number with two answers, as where sections count anew, is left out: it could be either."""
    answers: dict[int, str] = {}
    twice: set[int] = set()

    def take(number: int, answer: str) -> None:
        if number in answers:
            twice.add(number)
        answers[number] = answer

    for row in rows:
        rest = _RUN.sub(lambda match: _take_run(match, take), row)
        marks = list(_ONE.finditer(rest))
        for mark, following in zip_longest(marks, marks[1:]):
            end = following.start() if following else len(rest)
            if answer := rest[mark.end() : end].strip(" \t;；,，"):
                take(int(mark[1]), answer)
    return {number: answer for number, answer in answers.items() if number not in twice}


def _take_run(match: re.Match[str], take: Callable[[int, str], None]) -> str:
    first, last, letters = int(match[1]), int(match[2]), re.sub(r"\s", "", match[3])
    if last - first + 1 != len(letters):  # a letter was misread away: which one, nobody knows
        return match[0]
    for offset, letter in enumerate(letters):
        take(first + offset, letter)
    return " "
