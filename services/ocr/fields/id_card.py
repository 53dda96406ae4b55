"""Resident identity cards of China (居民身份证), both sides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from services.ocr.fields.dates import dates_in
from services.ocr.fields.rows import Row

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_DIGITS = str.maketrans(
    {"O": "0", "o": "0", "D": "0", "I": "1", "l": "1", "|": "1", "B": "8", "S": "5", "Z": "2", "x": "X"}
)
_NUMBER = re.compile(r"[0-9OoDIl|BSZ]{17}[0-9XxOoDIl|BSZ]")
_LABELS = r"姓名|性别|民族|出生|住址|公民身份号码|公民身份|签发机关|有效期限"
_VALUE = rf"[:.·]?(?P<value>.+?)(?={_LABELS}|\n|$)"
_NAME = re.compile(f"姓名{_VALUE}")
_SEX = re.compile(r"性别[:.]?(?P<value>[男女])")
_ETHNICITY = re.compile(r"民族[:.]?(?P<value>[\u4e00-\u9fff]{1,4}?)族?(?=出生|\n|$)")
_BIRTH = re.compile(f"出生{_VALUE}")
_ADDRESS = re.compile(rf"住址[:.]?\n?(?P<value>.+?)(?=\n?(?:{_LABELS})|\n?[0-9Xx]{{15,18}}|$)", re.DOTALL)
_ISSUER = re.compile(f"签发机关{_VALUE}")
_VALIDITY = re.compile(r"(?P<begin>\d{4}\.?\d{2}\.?\d{2})[-–—~至](?P<end>\d{4}\.?\d{2}\.?\d{2}|长期)")


def read(rows: Sequence[Row]) -> dict[str, Any]:
    """Fields of one or both sides of a card as `services.ocr.fields.extract` names them."""
    page = "\n".join(re.sub(r"\s", "", row.text) for row in rows)
    number = number_in(page)
    validity = _VALIDITY.search(page)
    found = {
        "name": _value(_NAME, page),
        "sex": _value(_SEX, page),
        "ethnicity": _value(_ETHNICITY, page),
        "birth_date": _date(_value(_BIRTH, page)),
        "address": (_value(_ADDRESS, page) or "").replace("\n", "") or None,
        "number": number,
        "number_valid": is_valid(number) if number else None,
        "issuer": _value(_ISSUER, page),
        "valid_from": _date(validity["begin"]) if validity else None,
        "valid_until": (_date(validity["end"]) or validity["end"]) if validity else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def number_in(page: str) -> str | None:
    """The first citizen identification number whose check character is right; else the first that looks like one."""
    candidates = [found[0].translate(_DIGITS) for found in _NUMBER.finditer(re.sub(r"[ \t]", "", page))]
    return next(filter(is_valid, candidates), candidates[0] if candidates else None)


def is_valid(number: str) -> bool:
    """Whether the check character (ISO 7064 MOD 11-2, as GB 11643-1999 has it) and the date of birth are right."""
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _CHECKS[total % 11] == number[17] and _is_day(number[6:14])


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _value(pattern: re.Pattern[str], page: str) -> str | None:
    found = pattern.search(page)
    return found["value"].strip(":.") or None if found else None


def _date(text: str | None) -> str | None:
    return next(iter(dates_in(text)), None) if text else None
