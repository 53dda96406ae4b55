"""Guards: what the differences between two texts mean. Similarity cannot tell a slip of the scanner from another
question; these can.

Each stretch in which two canonical texts differ gets one reading: another number, symbol, unit, negation or content
word, or noise that changes nothing (gaps, marks, look-alike shapes, a lost character). What no rule explains is a
content word: a doubt never merges.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from itertools import product

from services.dedup.answers import same_value
from services.dedup.canonical import DIGIT_GAP
from services.dedup.lexicon import critical_words, elements, units
from services.dedup.markup import BLANK
from services.dedup.scan import (
    alike,
    are_contrasts,
    are_nouns,
    changed_places,
    has_other_ending,
    is_critical,
    is_name,
    is_word,
    is_word_zh,
    makes_another_word,
    replaces_word,
    same_digits,
    same_shape,
)
from services.dedup.stretches import LETTER, Stretch, kind, stretches

Pair = tuple[str, str]

_MARKS = frozenset(" .,;:!?'\"`~·丶()[]<>{}-_|\\#&@⋯‹›" + BLANK + DIGIT_GAP)
_SYMBOLS = frozenset("+×÷=<>≤≥≠≈≡±∓∩∪⊂⊃⊆⊇⊊∈∉∥⊥%‰°∠√^_∞→←↑↓⇌∑∏∫*/|¥€£℃℉∅∁∀∃∴∵△□○◇☆★∝∽≌⊙{}")
_BRACKETS = frozenset("()[]{}")
_DIGITS = re.compile(r"\d+(?:\.\d+)?|[❶-❿⓫-⓴]")  # a label counts: ❶❷ is another choice than ❶❸
_LATIN_WORD = re.compile(r"[a-z]+")
_OF_A_SENTENCE = re.compile(r"[a-z]{3,}")
_PLAIN_LATIN = re.compile(r"[a-z .,;:?!']*")  # its units are whole words, which the reader of words knows
_PICTURE = re.compile(r"⟦[^⟧]*⟧")
_NUMBER_PARTS = frozenset("0123456789./%")
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+")
_LETTER_SHAPES = str.maketrans("01", "ol")
_WORD_ENDS = frozenset(["", *" .,;:?!'\""])
"""What may stand beside a word of a sentence; anything else beside one or two letters makes them a formula."""
_WORDS_OF_A_LETTER = frozenset("ai")
_LONGEST_UNIT = 5
_SHORTEST_WORD = 4
"""Outside of prose a shorter run of Latin letters is a formula: every letter counts."""
_LONGEST_WORD = 4
_LONGEST_KEPT = 40
"""What longer words mean is worked out each time: 65,536 of any length would fill the memory."""
_ENOUGH_NOISE = 3
"""So many explained changes for each doubtful one make a text scanned badly enough to explain that, too."""


@dataclass(slots=True)
class Findings:
    """What differs, as (this text, that text); `noise` counts the stretches that a scan explains."""

    numbers: list[Pair] = field(default_factory=list)
    symbols: list[Pair] = field(default_factory=list)
    units: list[Pair] = field(default_factory=list)
    negation: list[Pair] = field(default_factory=list)
    words: list[Pair] = field(default_factory=list)
    pictures: list[Pair] = field(default_factory=list)
    noise: int = 0
    is_certain: bool = False
    """A changed word is certain where one word of the language stands for another, unlike one."""

    @property
    def is_clean(self) -> bool:
        return not (self.numbers or self.symbols or self.units or self.negation or self.words or self.pictures)

    @property
    def differences(self) -> int:
        """How many stretches are not explained."""
        return sum(map(len, (self.numbers, self.symbols, self.units, self.negation, self.words, self.pictures)))


@dataclass(slots=True)
class Trace:
    """What single stretches cannot show: what a scan did to each text, all over it.

    Attributes:
        suspects: look-alike changes that may be content.
        unknown: look-alike changes between two strings of letters that are no words.
        lost: Chinese characters only the first text has, and only the second, each with its place in the first.
    """

    suspects: list[Pair] = field(default_factory=list)
    unknown: list[Pair] = field(default_factory=list)
    lost: tuple[list[tuple[int, str]], list[tuple[int, str]]] = field(default_factory=lambda: ([], []))


def read_differences(a: str, b: str) -> Findings:
    """The meaning of every difference between two canonical texts. Symmetric but for the order inside the pairs."""
    findings = Findings()
    a, b = _compare_pictures(a, b, findings)
    trace = Trace()
    for stretch in stretches(a, b):
        pair = (a[stretch.i : stretch.j], b[stretch.k : stretch.l])
        if _LATIN_WORD.fullmatch("".join(pair)):  # the commonest by far
            _read_latin(a, b, stretch, pair, findings, trace)
        else:
            _read_stretch(a, b, stretch, findings, trace)
    _read_traces(a, b, trace, findings)
    _settle(trace.suspects, findings)
    return findings


def _compare_pictures(a: str, b: str, findings: Findings) -> tuple[str, str]:
    if "⟦" not in a and "⟦" not in b:
        return a, b
    here, there = _PICTURE.findall(a), _PICTURE.findall(b)
    if here != there:
        findings.pictures.append((" ".join(here), " ".join(there)))
    return _PICTURE.sub("", a), _PICTURE.sub("", b)


@lru_cache(maxsize=4096)
def _is_prose(text: str) -> bool:
    """Whether the text is sentences in Latin letters, not Chinese or formulas with letters in them."""
    return len("".join(_OF_A_SENTENCE.findall(text))) * 2 > len(text)


def _read_stretch(a: str, b: str, stretch: Stretch, findings: Findings, trace: Trace) -> None:
    x, y = a[stretch.i : stretch.j], b[stretch.k : stretch.l]
    pair = (x, y)
    if x.isdecimal() and y.isdecimal():
        findings.numbers.append(pair)
        return
    if _has_digit(x + y):
        if _numbers(x) != _numbers(y):
            _read_number(a, b, stretch, findings)
            return
        x, y = _without_numbers(x), _without_numbers(y)
    if not _PLAIN_LATIN.fullmatch(x + y) and _units_around(a, b, stretch):
        findings.units.append(pair)
        return
    bare_x, bare_y = _bare(x), _bare(y)
    if x + y == "_":
        _read_lost_subscript(a if x else b, stretch.i if x else stretch.k, pair, findings)
    elif _changes_symbols(a, b, stretch):
        findings.symbols.append(pair)
    elif bare_x == bare_y:
        findings.noise += bool(x.strip() or y.strip())
    elif _LATIN_WORD.fullmatch(bare_x + bare_y):
        _read_latin(a, b, stretch, (x, y), findings, trace)
    elif _HAN.fullmatch(bare_x + bare_y):
        _read_chinese(a, b, stretch, findings, trace)
    else:
        findings.words.append(pair)


def _read_number(a: str, b: str, stretch: Stretch, findings: Findings) -> None:
    pair = (a[stretch.i : stretch.j], b[stretch.k : stretch.l])
    if same_digits(*pair) or _is_word_with_digits(*pair):
        findings.noise += 1
    elif same_value(_number_at(a, stretch.i, stretch.j), _number_at(b, stretch.k, stretch.l)):
        findings.words.append(pair)  # 50% and 0.5: one value, but perhaps not what is asked for
    else:
        findings.numbers.append(pair)


def _number_at(text: str, start: int, end: int) -> str:
    """The number, with its point, fraction bar or sign of percent, that holds text[start:end]."""
    while start and text[start - 1] in _NUMBER_PARTS:
        start -= 1
    while end < len(text) and text[end] in _NUMBER_PARTS:
        end += 1
    return text[start:end].rstrip(".")


def _is_word_with_digits(x: str, y: str) -> bool:
    """Whether a scan read letters of a word as digits (p1zza); a number that stands alone is never a word."""
    if any(token.isdecimal() for token in (x + " " + y).split()) or min(len(x), len(y)) < _SHORTEST_WORD:
        return False
    one, other = x.translate(_LETTER_SHAPES), y.translate(_LETTER_SHAPES)
    return not _has_digit(one + other) and alike(one, other)


def _read_lost_subscript(text: str, at: int, pair: Pair, findings: Findings) -> None:
    """H_2O typed as H2O is the same formula; x_2 typed as x2 may stand for a square."""
    symbol = re.search(r"[a-z]{1,2}$", text[max(0, at - 2) : at])
    if symbol and text[at + 1 : at + 2].isdecimal() and (symbol[0] in elements() or symbol[0][-1] in elements()):
        findings.noise += 1
    else:
        findings.words.append(pair)


def _has_digit(text: str) -> bool:
    return _DIGITS.search(text) is not None


def _without_numbers(text: str) -> str:
    return _DIGITS.sub("", text)


def _bare(text: str) -> str:
    return "".join([c for c in text if c not in _MARKS and not c.isdecimal()])


def _numbers(text: str) -> list[str]:
    return [_plain_value(number) for number in _DIGITS.findall(text)]


def _plain_value(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


def _changes_symbols(a: str, b: str, stretch: Stretch) -> bool:
    """Another operator, a mark between two digits, a minus, another kind of bracket round values."""
    x, y = a[stretch.i : stretch.j], b[stretch.k : stretch.l]
    if [c for c in x if c in _SYMBOLS] != [c for c in y if c in _SYMBOLS]:
        return True
    before, after = a[stretch.i - 1 : stretch.i], a[stretch.j : stretch.j + 1]
    is_between_digits = before.isdecimal() and after.isdecimal()
    if is_between_digits and x.strip() != y.strip() and not _bare(x) and not _bare(y):
        return True
    if x.count("!") != y.count("!") and (
        _is_operand(before, after) or _ends_in_variable(a[: stretch.i]) or _is_negated(a, stretch)
    ):
        return True
    if x.count("'") != y.count("'") and _ends_in_variable(a[: stretch.i]) and not kind(after):
        return True
    if x.count("-") != y.count("-"):
        return not (_is_word_edge(before) and _is_word_edge(after)) or _is_variable(a, stretch)
    here, there = [c for c in x if c in _BRACKETS], [c for c in y if c in _BRACKETS]
    return bool(here and there and here != there and (after.isalnum() or before.isalnum()))


def _is_operand(before: str, after: str) -> bool:
    """An exclamation mark here is a factorial or a negation in a program."""
    return before.isdecimal() or before == ")" or (not before.isalnum() and after.isalnum() and before != "")


def _is_negated(text: str, stretch: Stretch) -> bool:
    """Whether an exclamation mark here would stand before a name of a program or a formula: !x is not x."""
    word = _LATIN_WORD.match(text, stretch.j)
    if word is None:
        return False
    if _is_prose(text):
        return len(word.group()) == 1 and word.group() not in _WORDS_OF_A_LETTER
    return kind(text[stretch.i - 1 : stretch.i]) != LETTER


def _is_word_edge(character: str) -> bool:
    """A hyphen beside these is punctuation; beside a digit, bracket or operator it is a minus."""
    return character in {"", " ", ",", "."} or character.isalpha()


def _is_variable(text: str, stretch: Stretch) -> bool:
    after = _LATIN_WORD.match(text, stretch.j)
    return bool(after and len(after.group()) == 1) or _ends_in_variable(text[: stretch.i])


def _ends_in_variable(text: str) -> bool:
    return kind(text[-1:]) == LETTER and kind(text[-2:-1]) != LETTER


def _units_around(a: str, b: str, stretch: Stretch) -> bool:
    here, there = _unit_at(a, stretch.i, stretch.j), _unit_at(b, stretch.k, stretch.l)
    return bool(here and there and here != there)


def _unit_at(text: str, start: int, end: int) -> str:
    """The longest unit of measure that holds text[start:end] (or, when that is empty, touches it)."""
    for length in range(max(end - start, _LONGEST_UNIT * 2), max(end - start, 1) - 1, -1):
        for first in range(max(0, end - length), min(start, len(text) - length) + 1):
            word = text[first : first + length]
            if word in units() and _stands_alone(text, first, first + length):
                return word
    return ""


def _stands_alone(text: str, first: int, end: int) -> bool:
    """Latin units are whole words; Chinese ones follow a number or a question for one."""
    if text[first].isascii():
        return kind(text[first - 1 : first]) != LETTER and kind(text[end : end + 1]) != LETTER
    return bool(re.search(r"(?:\d|几|多少|每|若干) ?$", text[max(0, first - 3) : first]))


def _read_latin(a: str, b: str, stretch: Stretch, letters: Pair, findings: Findings, trace: Trace) -> None:
    """Read a stretch in which Latin letters differ: these ones."""
    here, there = (_LATIN_WORD.findall(side) for side in letters)
    if len(here) != len(there):
        here, there = ["".join(here)], ["".join(there)]
    if not all(map(_is_long_word, here + there)) and not (_is_prose(a) and _is_prose(b)):
        findings.symbols.append(letters)
        return
    ends = (a[stretch.i - 1 : stretch.i], a[stretch.j : stretch.j + 1])
    for pair in zip(here, there, strict=True):
        if pair[0] != pair[1]:
            _read_word(pair, ends, findings, trace)


def _is_long_word(word: str) -> bool:
    return len(word) >= _SHORTEST_WORD or (len(word) == _SHORTEST_WORD - 1 and is_word(word))


def _read_word(pair: Pair, ends: Pair, findings: Findings, trace: Trace) -> None:
    if max(map(len, pair)) <= 2 and not _WORD_ENDS.issuperset(ends):  # a formula
        findings.symbols.append(pair)
        return
    read = _common_word_reading if max(map(len, pair)) <= _LONGEST_KEPT else _word_reading
    reading = read(*pair)
    if reading is _Word.NOISE:
        findings.noise += 1
    elif reading is _Word.SUSPECT:
        trace.suspects.append(pair)
    elif reading is _Word.UNKNOWN:
        trace.unknown.append(pair)
    elif reading is _Word.NEGATION:
        findings.negation.append(pair)
    elif reading is _Word.UNIT:
        findings.units.append(pair)
    else:
        findings.words.append(pair)
        findings.is_certain |= reading is _Word.CERTAIN


class _Word(Enum):
    """What it is when a word stands for another; UNKNOWN and SUSPECT as in Trace, CERTAIN as in Findings."""

    NOISE, SUSPECT, UNKNOWN, NEGATION, UNIT, WORD, CERTAIN = range(7)


def _word_reading(one: str, other: str) -> _Word:
    if not one or not other:
        return _lost_word(one or other)
    if one in units() and other in units():
        return _Word.UNIT
    if (is_word(one) or is_name(one)) and (is_word(other) or is_name(other)):
        return _known_words(one, other)
    if not alike(one, other) or has_other_ending(one, other):
        return _Word.WORD
    if (is_word(one) or is_word(other)) and not (is_name(one) or is_name(other)):
        return _Word.NOISE
    # Noise turns a word into none; two strings that are no words may well be two terms or names.
    return _Word.UNKNOWN


_common_word_reading = lru_cache(maxsize=65536)(_word_reading)
"""Common words are misread again and again, in the same way."""


def _known_words(one: str, other: str) -> _Word:
    if one in critical_words() or other in critical_words():
        return _Word.NEGATION
    is_alike = same_shape(one, other) and not (is_name(one) and is_name(other))
    return _Word.SUSPECT if is_alike else _Word.CERTAIN


def _lost_word(word: str) -> _Word:
    if word in critical_words():
        return _Word.NEGATION
    return _Word.NOISE if len(word) == 1 else _Word.WORD


def _read_chinese(a: str, b: str, stretch: Stretch, findings: Findings, trace: Trace) -> None:
    x, y = a[stretch.i : stretch.j], b[stretch.k : stretch.l]
    bare_x, bare_y = _bare(x), _bare(y)
    places = changed_places(bare_x, bare_y)
    if places is None:
        findings.words.append((x, y))
        findings.is_certain |= replaces_word(a, stretch.i + _lead(x), bare_x, b, stretch.k + _lead(y), bare_y)
        return
    lost = ([bare_x[i] for i, k in places if k < 0], [bare_y[k] for i, k in places if i < 0])
    swapped = [(bare_x[i], bare_y[k]) for i, k in places if i >= 0 and k >= 0]
    loses_word = any(is_word_zh("".join(side)) for side in lost)
    offset_x, offset_y = stretch.i + _lead(x), stretch.k + _lead(y)
    swapped_at = [(offset_x + i, offset_y + k) for i, k in places if min(i, k) >= 0]
    for side in (0, 1):
        trace.lost[side].extend((stretch.i, character) for character in lost[side])
    if any(is_critical(character) for character in lost[0] + lost[1]):
        findings.negation.append((x, y))
    elif any(is_critical(one) and is_critical(other) for one, other in swapped) or any(
        are_contrasts(a, i, b, k) for i, k in swapped_at
    ):
        findings.words.append((x, y))
    elif any(are_nouns(a, i, b, k) for i, k in swapped_at) or (
        loses_word
        or (any(lost) and swapped)
        or any(makes_another_word(a, offset_x, b, offset_y, place) for place in places)
    ):
        trace.suspects.append((x, y))
    else:
        findings.noise += 1


def _read_traces(a: str, b: str, trace: Trace, findings: Findings) -> None:
    """A scan does not move a character to another place, nor misread an unknown word alike wherever it stands."""
    if not (trace.unknown or all(trace.lost)):
        return
    for (at, one), (where, other) in product(*trace.lost):
        # Side by side a lost and a gained character are a changed word: 线程, 程序.
        if one == other or abs(at - where) <= _LONGEST_WORD:
            findings.words.append((one, other))
    unknown = Counter(trace.unknown)
    here, there = (frozenset(_LATIN_WORD.findall(text)) if unknown else frozenset() for text in (a, b))
    for (one, other), count in unknown.items():
        if (other, one) in unknown:
            findings.words.append((one, other))  # two names have changed places
        elif one in there or other in here:
            findings.noise += count  # the term stands in both texts: here it was misread
        elif count > 1:
            findings.words.append((one, other))
        elif is_name(one) or is_name(other):
            findings.noise += 1
        else:
            trace.suspects.append((one, other))


def _lead(text: str) -> int:
    """How many marks stand before the first bare character."""
    return next((n for n, c in enumerate(text) if c not in _MARKS), 0)


def _settle(suspects: Iterable[Pair], findings: Findings) -> None:
    """A look-alike change between two words is noise among noise, but content where all else is clean."""
    suspects = list(suspects)
    if findings.noise >= _ENOUGH_NOISE * len(suspects):
        findings.noise += len(suspects)
    else:
        findings.words.extend(suspects)
