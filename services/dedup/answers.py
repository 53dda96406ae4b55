"""What an answer points at: "选B", "(b)", "B. 卵巢", "the correct answer is B" all choose the second option."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

_WORDS_ZH = r"(?:故|所以|因此)?(?:(?:参考|正确|标准)?答案|(?:应|正确)?选[项择]?)"
_WORDS_EN = r"(?:the )?(?:correct |right |best )?(?:answer|option|choice)s?(?: is| are)?|ans"
_LEAD_ZH = re.compile(rf"[\[(]?{_WORDS_ZH}[\])]?[:=是为]*")
_LEAD_EN = re.compile(rf"[\[(]?(?:{_WORDS_EN})[\])]?(?:[:=]| is)*(?: |(?=[^a-z])|(?<=[:=\])]))")
_LETTERS = re.compile(r"""["(\[ ]*([a-z](?:(?: and |["' ,.;/|&和与及]*)[a-z])*)[")\] ]*(?:项|选项)?[.,;]?""")
_BETWEEN = re.compile(r" and |[^a-z]")
_NAMED = re.compile(r"[(\[]?([a-z])[)\]]?[.,:)\]] ?(.+)", re.DOTALL)
_TRUE = frozenset(["对", "正确", "是", "√", "✓", "✔", "t", "true", "yes", "y"])
_FALSE = frozenset(["错", "错误", "否", "×", "✗", "✘", "f", "false", "no", "n", "x", "不正确", "不对"])
_VALUE = re.compile(r"([$¥€£]?)([-+]?\d{1,15}(?:\.\d{1,15})?)(?:/(\d{1,15}))?([^\d.,/+*×÷^=_()-]{0,12})")
_MOST_LEADS = 3
_LEAD_STARTS = frozenset("[(故所因参正标答应选tcrbao")


def without_lead(text: str) -> str:
    """A clean answer without the words that announce it."""
    for _ in range(_MOST_LEADS if text[:1] in _LEAD_STARTS and len(text) > 1 else 0):
        lead = _LEAD_ZH.match(text) or _LEAD_EN.match(text)
        if not lead or not lead.end():
            break
        text = text[lead.end() :].lstrip()
    return text


def chosen(text: str, count: int) -> list[int]:
    """The options (0 to count - 1, ascending) that a clean answer names by their letters; [] when it names none."""
    letters = text if len(text) == 1 and "a" <= text <= "z" else ""
    if not letters and (several := _LETTERS.fullmatch(text)):
        letters = _BETWEEN.sub("", several[1])
    choice = sorted({ord(letter) - ord("a") for letter in letters})
    return choice if choice and choice[-1] < count else []


def named_option(text: str, count: int) -> tuple[int, str] | None:
    """Option and its words where an answer gives both: "B. 卵巢"."""
    named = _NAMED.fullmatch(text)
    if not named or ord(named[1]) - ord("a") >= count:
        return None
    return ord(named[1]) - ord("a"), named[2]


def truth(text: str) -> str:
    """Say true or false where the text says so in any of the usual forms, else ""."""
    return "true" if text in _TRUE else "false" if text in _FALSE else ""


def same_value(a: str, b: str) -> bool:
    """Whether two plain answers are one number: 1/2 and 0.5, 50% and 0.5, 18 and 18元."""
    here, there = _value(a), _value(b)
    if here is None or there is None or here[0] != there[0]:
        return False
    return here[1] == there[1] or not here[1] or not there[1]


@lru_cache(maxsize=4096)
def _value(text: str) -> tuple[Fraction, str] | None:
    """The number of an answer and its unit ("" for none); None when it is more than a number."""
    plain = _VALUE.fullmatch(text)
    if not plain or (plain[3] and not int(plain[3])):
        return None
    value, unit = Fraction(plain[2]) / Fraction(plain[3] or 1), plain[1] + plain[4]
    return (value / 100, "") if unit == "%" else (value, unit)
