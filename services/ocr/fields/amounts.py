"""Amounts of money as they are printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.ocr.fields.rows import digits_mended

_SIGNS = {"RMB": "CNY", "元": "CNY", "圆": "CNY", "¥": "CNY", "$": "USD", "€": "EUR", "£": "GBP"}
_SIGNS |= {"HK$": "HKD", "US$": "USD", "NT$": "TWD"}
_SIGNS |= {code: code for code in ("CNY", "USD", "EUR", "GBP", "JPY")}
_SIGN = r"HK\$|US\$|NT\$|RMB|CNY|USD|EUR|GBP|JPY|¥|\$|€|£"
_AMOUNT = re.compile(
    rf"(?<![\d.,/\w-])(?<!\d:)(?P<minus>-\s?)?(?P<sign>{_SIGN})?\s?(?P<minus2>-\s?)?"
    r"(?P<figure>\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d+(?:[.,]\d{1,2})?)(?![\d:/]|[.,-]\d)"
    r"\s?(?P<unit>元|圆|%|[A-Za-z\u4e00-\u9fff]*)",
    re.IGNORECASE,
)
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Amount:
    """`value` as in "1234.50"; `is_money`: it has a currency sign or two decimals; `start`, `end`: where it stands."""

    value: str
    is_money: bool
    start: int
    end: int


def amounts_in(text: str) -> list[Amount]:
    """Plain numbers too, but none with a unit ("550ml", "120抽", "8%"); places are those of the mended text."""
    return [_amount(found) for found in _AMOUNT.finditer(digits_mended(text)) if found["unit"] in {"", "元", "圆"}]


def _amount(found: re.Match[str]) -> Amount:
    figure = found["figure"]
    if re.fullmatch(r"\d+,\d{1,2}", figure):
        figure = figure.replace(",", ".")
    value = ("-" if found["minus"] or found["minus2"] else "") + figure.replace(",", "")
    return Amount(
        value, bool(found["sign"] or found["unit"]) or re.search(r"\.\d\d$", value) is not None, *found.span()
    )


def currency_of(texts: Sequence[str]) -> str | None:
    """The currency whose sign stands at an amount; ¥ is Japanese beside kana, Chinese beside Han characters alone."""
    page = "\n".join(texts)
    for text in texts:
        for found in _AMOUNT.finditer(digits_mended(text)):
            sign = (found["sign"] or found["unit"] or "").upper()
            if sign == "¥" and (re.search(r"[\u3040-\u30ff]", page) or not _HAN.search(page)):
                return "JPY" if re.search(r"[\u3040-\u30ff]", page) else None
            if sign in _SIGNS:
                return _SIGNS[sign]
    return None
