"""Dates and times as they are printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from services.ocr.fields.rows import digits_mended

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_NAME = "(" + "|".join(_MONTHS) + r")[a-z]*\.?"
_DAY = r"(\d{2}|\d(?!\d))"
_YEAR_FIRST = re.compile(rf"(?<!\d)((?:19|20)\d\d)\s?[-/.年]\s?(\d{{1,2}})\s?[-/.月]\s?{_DAY}")
_COMPACT = re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])([0-3]\d)(?!\d)")
_DAY_NAME = re.compile(rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?[\s.-]*{_NAME}[\s,.-]*(\d{{4}})", re.IGNORECASE)
_NAME_DAY = re.compile(rf"{_NAME}\s*(\d{{1,2}})(?:st|nd|rd|th)?[\s,.]+(\d{{4}})", re.IGNORECASE)
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2((?:20)?\d\d)(?!\d)")
_TIME = re.compile(
    r"(?<![\d:])([01]?\d|2[0-3])\s?[::]\s?([0-5]\d)(?:\s?[::]\s?([0-5]\d))?(?![\d:])\s?([ap]m)?", re.IGNORECASE
)


def dates_in(text: str, *, month_first: bool | None = None) -> list[str]:
    """`YYYY-MM-DD` of each date, in order.

    `month_first` says how 03/04/2024 is to be read; with None it is left out, as it may be either of two days.
    """
    text = digits_mended(text)
    found = sorted(_found(text, month_first))
    return [day for k, (_, day) in enumerate(found) if day not in [other for _, other in found[:k]]]


def _found(text: str, month_first: bool | None) -> Iterator[tuple[int, str]]:
    for pattern in (_YEAR_FIRST, _COMPACT):
        for match in pattern.finditer(text):
            yield from _valid(match.start(), match[1], match[2], match[3])
    for match in _DAY_NAME.finditer(text):
        yield from _valid(match.start(), match[3], _MONTHS[match[2][:3].lower()], match[1])
    for match in _NAME_DAY.finditer(text):
        yield from _valid(match.start(), match[3], _MONTHS[match[1][:3].lower()], match[2])
    for match in _YEAR_LAST.finditer(text):
        yield from _year_last(match, month_first)


def _year_last(match: re.Match[str], month_first: bool | None) -> Iterator[tuple[int, str]]:
    first, mark, second, year = int(match[1]), match[2], int(match[3]), match[4]
    year = year if len(year) == 4 else "20" + year
    if first > 12 or mark == ".":
        month_first = False
    elif second > 12:
        month_first = True
    if month_first is not None:
        yield from _valid(match.start(), year, *((first, second) if month_first else (second, first)))


def _valid(at: int, year: str, month: str | int, day: str | int) -> Iterator[tuple[int, str]]:
    try:
        yield at, date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return


def time_in(text: str) -> str | None:
    """`HH:MM:SS` or `HH:MM` of the first time; a blank between date and time may be lost."""
    text = _YEAR_FIRST.sub(" ", digits_mended(text))
    found = _TIME.search(text)
    if not found:
        return None
    hour = int(found[1])
    if found[4]:
        hour = hour % 12 + (12 if found[4].lower() == "pm" else 0)
    return ":".join([f"{hour:02}", *(part for part in found.groups()[1:3] if part)])
