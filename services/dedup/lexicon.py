"""What the method knows about writing: words, shapes, units, spellings. Data files with their sources in
data/README.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

_DATA = Path(__file__).parent / "data"


def _lines(name: str) -> Iterator[str]:
    for line in (_DATA / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            yield line


@cache
def words_zh() -> frozenset[str]:
    """Words in canonical characters."""
    folded = str.maketrans(simplified())
    return frozenset("\n".join(_lines("words_zh.txt")).translate(folded).split("\n"))


@cache
def words_en() -> frozenset[str]:
    return frozenset(_lines("words_en.txt"))


@cache
def names_en() -> frozenset[str]:
    """First names, in lower case."""
    return frozenset(_lines("names_en.txt"))


@cache
def nouns_zh() -> frozenset[str]:
    """Characters that are nouns by themselves."""
    folded = str.maketrans(simplified())
    return frozenset("".join(_lines("nouns_zh.txt")).translate(folded))


@cache
def contrasts_zh() -> frozenset[str]:
    """Pairs of characters that contrast with each other, as a string of two, in both orders."""
    scales = [scale for line in _lines("antonyms_zh.txt") for scale in line.split()]
    return frozenset(a + b for scale in scales for a in scale for b in scale if a != b)


@cache
def contrasting_endings() -> frozenset[tuple[str, str]]:
    """Pairs of endings of English words that name different things, in both orders."""
    families = [line.split() for line in _lines("endings_en.txt")]
    return frozenset((a, b) for family in families for a in family for b in family if a != b)


@cache
def simplified() -> dict[str, str]:
    """Traditional character -> simplified character."""
    return {line[0]: line[1] for line in _lines("simplified.txt")}


@cache
def simplified_words() -> tuple[tuple[str, str], ...]:
    """Traditional word -> simplified word, where folding its characters one by one would not lead there."""
    return tuple((a, b) for a, b in (line.split("\t") for line in _lines("simplified_words.tsv")))


@cache
def latex_symbols() -> dict[str, str]:
    """LaTeX command without its backslash -> the character it prints."""
    return dict(line.split("\t") for line in _lines("latex_symbols.tsv"))


@cache
def lookalikes() -> frozenset[str]:
    """Every pair of single characters that a scan confuses, as a string of two, in both orders."""
    pairs = set()
    for line in _lines("lookalikes_zh.txt"):
        pairs |= {line[0] + other for other in line[1:]} | {other + line[0] for other in line[1:]}
    for line in _lines("lookalikes_zh_known.txt"):
        pairs |= {a + b for group in line.split() for a in group for b in group if a != b}
    for line in _lines("lookalikes_latin.txt"):
        single = [shape for shape in line.split() if len(shape) == 1]
        pairs |= {a + b for a in single for b in single if a != b}
    return frozenset(pairs)


@cache
def lookalike_groups() -> tuple[tuple[str, str], ...]:
    """Groups of letters that pass for one letter (`rn`, `m`), longer side first."""
    rows = [line.split() for line in _lines("lookalikes_latin.txt")]
    return tuple((row[0], row[1]) for row in rows if len(row[0]) > 1)


@cache
def units() -> frozenset[str]:
    return frozenset(word for line in _lines("units.txt") for word in line.split())


@cache
def unit_symbols() -> dict[str, str]:
    """Symbol of a unit in canonical characters -> its Chinese name."""
    return dict(line.split("\t") for line in _lines("unit_symbols.tsv"))


@cache
def elements() -> frozenset[str]:
    """Symbols of the chemical elements, in lower case."""
    return frozenset(word for line in _lines("elements.txt") for word in line.split())


@cache
def critical_characters() -> frozenset[str]:
    return frozenset("".join(_lines("critical_zh.txt")))


@cache
def critical_words() -> frozenset[str]:
    return frozenset(word for line in _lines("critical_en.txt") for word in line.split())


@cache
def rewordings() -> tuple[tuple[str, str], ...]:
    """Pairs of wordings that may stand for each other, as written in the data file."""
    return tuple((a, b) for a, b in (line.split("\t") for line in _lines("rewordings.tsv")))
