"""One spelling for a number: 三, Ⅲ, III, 十五, 1.5万 and 二〇二四 become digits, 三分之二 a fraction; in English, where
only the guards ask, twenty-five, third and 30 percent too.
"""

from __future__ import annotations

import re
from functools import lru_cache

_DIGITS = {**{c: i for i, c in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2, "壹": 1, "贰": 2, "叁": 3}
_SCALES = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "亿": 10**8, "万亿": 10**12}
_LONGEST = 24  # characters of a numeral with scales; a longer run is no number
_NUMERAL = "零〇一二三四五六七八九十百千万亿壹贰叁"
# 两 is 2 in front of what it counts (两个, 两百), an ounce of silver behind a number (二百万两).
_CHINESE = re.compile(rf"[两{_NUMERAL}][{_NUMERAL}]*")
_WITH_MYRIAD = re.compile(r"(\d(?<![\d.]\d)\d{0,8}(?:\.\d{1,8})?) ?(万亿|万|亿)")
_ROMAN = re.compile(r"(?<![A-Za-z\\])(?:X{0,3}(?:IX|IV|V?I{2,3}|VI)|X{1,3}I{1,3})(?![A-Za-z])")
_ROMAN_PAIRS = ("II", "IV", "VI", "IX", "XI")  # every Roman numeral of several letters holds one of them
_BRACKETED_ROMAN = re.compile(r"([(（]\s*)([IVX])(\s*[)）])")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}
_RATIO = re.compile(r"(?<![\d./])(\d{1,9}|百|千)分之(?:(\d+(?:\.\d+)?)(?!\d|[./]\d)|百)")
_RATIO_SIGNS = {"百": "%", "千": "‰"}
# 三千米 is 3 kilometres: behind one numeral and before a unit 千 is the unit's prefix.
_KILO = re.compile(r"千(?=[米克瓦伏焦卡帕赫欧安升字牛])")


def plain_numerals(text: str) -> str:
    """`text` with Chinese and Roman numerals as digits; what is no well-formed number stays."""
    if "I" in text or "V" in text or "X" in text:
        text = _BRACKETED_ROMAN.sub(lambda m: f"{m[1]}{_ROMAN_VALUES[m[2]]}{m[3]}", text)
        if any(pair in text for pair in _ROMAN_PAIRS):
            text = _ROMAN.sub(lambda m: str(_roman_value(m.group())), text)
    if not text.isascii():
        text = _CHINESE.sub(_spell_chinese, text)
    if "分之" in text:
        text = _RATIO.sub(_spell_ratio, text)
    return _WITH_MYRIAD.sub(_scaled, text) if "万" in text or "亿" in text else text


def _roman_value(numeral: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in numeral]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


def _spell_ratio(ratio: re.Match[str]) -> str:
    """2/3 for 3分之2, 5% for 百分之5."""
    below, above = ratio[1], ratio[2] or "100"
    return above + _RATIO_SIGNS[below] if below in _RATIO_SIGNS else f"{above}/{below}"


def _spell_chinese(numeral: re.Match[str]) -> str:
    around, (start, end) = numeral.string, numeral.span()
    before = around[start - 1 : start]
    if around[start] == "两" and (before.isdecimal() or (before and before in _NUMERAL)):
        return "两" + (_spelled(around, start + 1, end) if start + 1 < end else "")
    return _spelled(around, start, end)


def _spelled(around: str, start: int, end: int) -> str:
    """Digits for the numeral around[start:end]; a gap keeps them from running into digits beside it."""
    text = around[start:end]
    if len(text) == 2 and text[0] in _DIGITS and _KILO.match(around, end - 1):
        return f"{_DIGITS[text[0]]}千"
    value = _chinese_value(text)
    if not value.isascii():
        return value
    return " " * around[start - 1 : start].isdigit() + value + " " * around[end : end + 1].isdigit()


@lru_cache(maxsize=4096)
def _chinese_value(numeral: str) -> str:
    """Digits of a numeral (positional 二〇二四 or with scales 二百一十), or the numeral itself when it is neither."""
    if all(character in _DIGITS for character in numeral):
        return "".join(str(_DIGITS[character]) for character in numeral)
    if len(numeral) > _LONGEST or (numeral[0] not in _DIGITS and numeral[0] != "十"):
        return numeral
    total = section = digit = 0
    last_scale = 10**9
    for character in numeral:
        if character in _DIGITS:
            if digit:
                return numeral
            digit = _DIGITS[character]
        elif character in _SCALES:
            if _SCALES[character] >= last_scale or (digit == 0 and section + total and character != "十"):
                return numeral
            last_scale = _SCALES[character]
            section += (digit or 1) * last_scale
            digit = 0
        else:
            below = section + digit if character == "万" else total + section + digit
            if below == 0:
                return numeral
            total = below * _MYRIADS[character] + (total if character == "万" else 0)
            section, digit, last_scale = 0, 0, 10**9
    return str(total + section + digit)


def _scaled(number: re.Match[str]) -> str:
    whole, _, fraction = number[1].partition(".")
    zeros = len(str(_MYRIADS[number[2]])) - 1
    digits = whole + fraction.ljust(zeros, "0")
    if len(fraction) > zeros:
        return number.group()
    return digits.lstrip("0") or "0"


_UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_POWERS = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_ORDINALS = {
    **{f"{word}th": value for word, value in _UNITS.items()},
    **{f"{word[:-1]}ieth": value for word, value in _TENS.items()},
    "first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12,
}  # fmt: skip
_NUMBER_WORDS = frozenset([*_UNITS, *_TENS, *_POWERS, *_ORDINALS])
_NUMBER_WORDS_AS_BYTES = frozenset(word.encode() for word in _NUMBER_WORDS)
_LETTERS_ONLY = bytes(code if ord("a") <= code <= ord("z") else ord(" ") for code in range(256))
_ENGLISH_WORD = "|".join(sorted(_NUMBER_WORDS, key=lambda word: (-len(word), word)))
_ENGLISH = re.compile(
    rf"(?<![a-z])(?:{_ENGLISH_WORD})(?:(?:(?<=hundred) and |(?<=thousand) and |[ -])(?:{_ENGLISH_WORD}))*(?![a-z])"
)
_ENGLISH_PART = re.compile(r"([a-z]+)( and |[ -]|$)")
_PERCENT = re.compile(r"(?<=\d) ?per ?cent(?![a-z])")


def plain_english_numerals(text: str) -> str:
    """A canonical text with its English numerals as digits: two hundred and five, twenty-first, 30 percent."""
    if not _NUMBER_WORDS_AS_BYTES.isdisjoint(latin_words(text)):
        text = _ENGLISH.sub(_spell_english, text)
    return _PERCENT.sub("%", text) if "cent" in text else text


def latin_words(text: str) -> list[bytes]:
    """The runs of lower-case Latin letters in a text; a pattern takes twice as long to find them."""
    return text.encode("utf-8", "surrogatepass").translate(_LETTERS_ONLY).split()


def _spell_english(numeral: re.Match[str]) -> str:
    """Digits for a run of number words; words that do not make one number (two three, one-fourth) stay apart."""
    spelled: list[str] = []
    total = section = last = 0
    before, is_open = "", False
    for word, gap in _ENGLISH_PART.findall(numeral.group()):
        value = _UNITS.get(word) or _TENS.get(word) or _ORDINALS.get(word) or 0
        if is_open and not _continues(word, value, last):
            spelled += [str(total + section), before]
            total = section = 0
        if word in _POWERS and _POWERS[word] > 100:
            total, section = total + (section or 1) * _POWERS[word], 0
        else:
            section = (section or 1) * 100 if word == "hundred" else section + value
        last = _POWERS.get(word, value)
        is_open = word not in _ORDINALS
        if not is_open:
            spelled += [_with_ending(total + section), gap]
            total = section = last = 0
        before = gap
    return "".join([*spelled, str(total + section)] if is_open else spelled[:-1])


def _continues(word: str, value: int, last: int) -> bool:
    """Whether a number word goes on with the number before it: twenty | five, two | hundred, hundred | five."""
    if word in _POWERS:
        return word != "hundred" or 0 < last < 100
    return last >= 100 or (last in _TENS.values() and 0 < value < 10)


def _with_ending(ordinal: int) -> str:
    ending = "th" if 10 < ordinal % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(ordinal % 10, "th")
    return f"{ordinal}{ending}"
