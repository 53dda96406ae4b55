"""Interchangeable spellings that change too much to be folded into every canonical text: the closed list of wordings,
traditional words whose characters alone do not tell (反覆), English numerals, dates.

Only a pair of texts that differ is brought to one wording, so the bulk of a bank never pays for it.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from services.dedup.canonical import clean
from services.dedup.lexicon import rewordings, simplified_words, unit_symbols
from services.dedup.numerals import latin_words, plain_english_numerals

_DATE = re.compile(
    r"(?<!\d)(?<!\d\.)((?:19|20)\d\d)(?:([-/.])(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(?!\d|\.\d)"
    r"|年0?(\d{1,2})月(?:0?(\d{1,2})[日号])?)"
)
_CHINESE = re.compile("[\u4e00-\u9fff]")


@lru_cache(maxsize=1024)
def plain_wording(text: str) -> str:
    """A canonical text with each interchangeable wording replaced by the first of its pair."""
    chinese, english = _wordings()
    if _chinese_heads().search(text):
        for other, first in chinese:
            if other in text:  # far quicker than one pattern of all of them
                text = text.replace(other, first)
    if not _english_heads().isdisjoint(latin_words(text)):
        text = _english_pattern().sub(lambda found: english[found.group()], text)
    text = plain_english_numerals(text)
    if "19" in text or "20" in text:
        text = _DATE.sub(_spell_date, text)
    return _unit_pattern().sub(lambda unit: unit_symbols()[unit.group()], text) if _has_chinese(text) else text


@cache
def _wordings() -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Canonical (other, first) pairs of Chinese wordings, longest first, and the English ones."""
    pairs = [*rewordings(), *((simplified, word) for word, simplified in simplified_words())]
    table = {clean(other): clean(first) for first, other in pairs}
    chinese = [(other, first) for other, first in table.items() if other != first and not other.isascii()]
    return sorted(chinese, key=lambda pair: -len(pair[0])), {o: f for o, f in table.items() if o.isascii()}


@cache
def _english_pattern() -> re.Pattern[str]:
    # Whole words: "but" is not a part of "butter".
    words = "|".join(re.escape(word) for word in sorted(_wordings()[1], key=len, reverse=True))
    return re.compile(rf"\b(?:{words})\b")


@cache
def _chinese_heads() -> re.Pattern[str]:
    """The first two characters of the wordings; a text with none of them need not be searched."""
    return re.compile("|".join(sorted({re.escape(wording[:2]) for wording, _ in _wordings()[0]})))


@cache
def _english_heads() -> frozenset[bytes]:
    """The first words of the wordings, likewise."""
    return frozenset(latin_words(wording)[0] for wording in _wordings()[1])


def _has_chinese(text: str) -> bool:
    return _CHINESE.search(text) is not None


@cache
def _unit_pattern() -> re.Pattern[str]:
    symbols = "|".join(re.escape(symbol) for symbol in sorted(unit_symbols(), key=len, reverse=True))
    return re.compile(rf"(?<=\d)(?:{symbols})(?![a-z0-9/^_*·{{])")


def _spell_date(date: re.Match[str]) -> str:
    year, month, day = date[1], date[3] or date[5], date[4] or date[6]
    return f"{year}年{int(month)}月" + (f"{int(day)}日" if day else "")
