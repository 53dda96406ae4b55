"""Which language a text is in, as far as clients tell languages apart."""

from __future__ import annotations

import re
from typing import Literal

Language = Literal["chinese", "english", "mixed"]

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORD = re.compile(r"(?<![A-Za-z0-9'’])[A-Za-z][A-Za-z'’]++(?![A-Za-z0-9])")
# An English word has five letters and says as much as one and a half Han characters. Letters are counted, not words:
# recognisers lose blanks.
_HAN_PER_LETTER = 0.3
_FEW = 0.2  # of the other language: names, terms, a translated title
# Units and names of functions stand in texts of any language, as numbers and formulas do.
_UNITS = r"[mcdk]m|[mcd]l|[mk]g|[kmg]?hz|[kmgt]b|[km]?pa|kwh?|mol|ph"
_FUNCTIONS = r"sin|cos|tan|cot|log|l[ng]|lim|max|min"
_NEUTRAL = re.compile(f"{_UNITS}|{_FUNCTIONS}", re.IGNORECASE)


def detect(text: str) -> Language:
    """Says "chinese" or "english" where less than a fifth of what is said is in the other one, else "mixed".

    Han characters are weighed against Latin words of two letters and more; digits, single letters, units and formulas
    are neutral. A text with nothing to weigh (empty, or numbers alone) is "mixed": neither language is excluded.
    """
    han = len(_HAN.findall(text))
    latin = _HAN_PER_LETTER * sum(len(word) for word in _WORD.findall(text) if not _NEUTRAL.fullmatch(word))
    if latin < _FEW * (han + latin):
        return "chinese"
    return "english" if han < _FEW * (han + latin) else "mixed"
