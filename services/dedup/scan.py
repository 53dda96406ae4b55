"""What a scan can do to a word: exchange look-alike shapes, run letters together, lose a character.

The rule behind both scripts: noise turns a word into something that is no word; a person turns it into another word.
So a change is explained by the scan only when its shapes are alike *and* it does not lead from one word of the
language to another.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.dedup.lexicon import (
    contrasting_endings,
    contrasts_zh,
    critical_characters,
    lookalike_groups,
    lookalikes,
    names_en,
    nouns_zh,
    words_en,
    words_zh,
)

_LOST, _GROUPED, _UNLIKE = 1.0, 0.25, 4.0
_LONGEST_WORD_ZH = 4
_LONG_WORD = 9
"""From this length on a Latin word may lose two letters and still be known."""
_LONGEST_ALIGNED = 40
_DIGIT_SHAPES = str.maketrans("oOlI|i", "001111")

Change = tuple[int, int]
"""One changed place of an alignment: indices into both texts, -1 where that side lost the character."""


def same_digits(a: str, b: str) -> bool:
    """Whether 0/O and 1/l/I are all that differs."""
    return a.translate(_DIGIT_SHAPES) == b.translate(_DIGIT_SHAPES)


def alike(a: str, b: str) -> bool:
    """Whether the scan alone can have made one of two short texts from the other."""
    if a == b:
        return True
    if len(a) == len(b) and all(x == y or x + y in lookalikes() for x, y in zip(a, b, strict=True)):
        return True
    longest = max(len(a), len(b))
    allowed = _LOST if longest < _LONG_WORD else 2 * _LOST
    return abs(len(a) - len(b)) <= 4 and longest <= _LONGEST_ALIGNED and _cost(a, b) <= allowed


def same_shape(a: str, b: str) -> bool:
    """Whether two words are one to the eye: only look-alikes and touching letters, nothing lost."""
    return max(len(a), len(b)) <= _LONGEST_ALIGNED and _cost(a, b) < _LOST


def is_word(text: str) -> bool:
    return len(text) == 1 or text in words_en()


def is_name(text: str) -> bool:
    return text in names_en()


def is_word_zh(text: str) -> bool:
    """Whether the text is a Chinese word of two characters or more."""
    return text in words_zh()


def has_other_ending(one: str, other: str) -> bool:
    """Whether two words differ in nothing but an ending that names another thing: propane, propene."""
    return any(
        one.endswith(a) and other.endswith(b) and one[: -len(a)] == other[: -len(b)] for a, b in contrasting_endings()
    )


def changed_places(a: str, b: str) -> list[Change] | None:
    """The changed characters of two aligned pieces of Chinese text, or None when their shapes do not explain the
    change.
    """
    if len(a) == len(b):
        places = [(i, i) for i in range(len(a)) if a[i] != b[i]]
        return places if all(a[i] + b[i] in lookalikes() for i, _ in places) else None
    shorter, longer = sorted((a, b), key=len)
    if len(longer) - len(shorter) > 2 or len(longer) > 12:
        return None
    for lost in _choices(len(longer), len(longer) - len(shorter)):
        kept = [i for i in range(len(longer)) if i not in lost]
        pairs = list(zip(kept, range(len(shorter)), strict=True))
        if all(longer[i] == shorter[j] or longer[i] + shorter[j] in lookalikes() for i, j in pairs):
            places = [(i, j) for i, j in pairs if longer[i] != shorter[j]] + [(i, -1) for i in lost]
            return places if longer is a else [(j, i) for i, j in places]
    return None


def makes_another_word(a: str, i: int, b: str, k: int, place: Change) -> bool:
    """Whether a changed Chinese character leads from one word to another.

    Of lost characters only those at the head of a word count: 加速度 without 加 is another quantity, because a Chinese
    modifier stands before what it modifies; without its tail a word is mostly the same word, or none.

    The differing pieces begin at a[i] and b[k]; `place` is the changed character inside them.
    """
    in_a, in_b = place
    if in_a < 0:
        return _lost_makes_word(b, k + in_b)
    if in_b < 0:
        return _lost_makes_word(a, i + in_a)
    here, there = i + in_a, k + in_b
    words = words_zh()
    for start, length in _windows(len(a), here):
        other = there - (here - start)
        if other >= 0 and a[start : start + length] in words and b[other : other + length] in words:
            return True
    return False


def replaces_word(a: str, i: int, x: str, b: str, k: int, y: str) -> bool:
    """Whether `x` at a[i] and `y` at b[k] are two words, or make two words of what stands around them."""
    words = words_zh()
    if x in words and y in words:
        return True
    return len(x) == len(y) and any(makes_another_word(a, i, b, k, (at, at)) for at in range(len(x)) if x[at] != y[at])


def are_contrasts(a: str, i: int, b: str, k: int) -> bool:
    """Whether two Chinese characters, a[i] and b[k], contrast (远, 近) or are names (小明, 小刚; 张某, 王某)."""
    return a[i] + b[k] in contrasts_zh() or (_is_name(a, i) and _is_name(b, k))


def are_nouns(a: str, i: int, b: str, k: int) -> bool:
    """Whether two Chinese characters, a[i] and b[k], name two things by themselves, inside no longer word (肝, 肺)."""
    return {a[i], b[k]} <= nouns_zh() and not _is_inside_word(a, i) and not _is_inside_word(b, k)


def _is_name(text: str, at: int) -> bool:
    """Whether a character is a name by its place: behind the 小 of a pet name or before 某."""
    if text[at + 1 : at + 2] == "某":
        return True
    is_pet_name = text[max(0, at - 1) : at] in {"小", "阿"} and text[at - 1 : at + 1] not in words_zh()
    return is_pet_name and text[max(0, at - 2) : at] not in words_zh()


def _is_inside_word(text: str, at: int) -> bool:
    return any(text[start : start + length] in words_zh() for start, length in _windows(len(text), at))


def is_critical(character: str) -> bool:
    return character in critical_characters()


def _lost_makes_word(text: str, at: int) -> bool:
    words = words_zh()
    return any(
        text[at : at + length] in words and text[at + 1 : at + length] in words
        for length in range(3, _LONGEST_WORD_ZH + 1)
        if at + length <= len(text)
    )


def _windows(size: int, at: int) -> Iterator[tuple[int, int]]:
    """(start, length) of every stretch of two to four characters around one."""
    for length in range(2, _LONGEST_WORD_ZH + 1):
        for start in range(max(0, at - length + 1), min(at, size - length) + 1):
            yield start, length


def _choices(size: int, count: int) -> Iterator[tuple[int, ...]]:
    if count == 1:
        yield from ((i,) for i in range(size))
    else:
        yield from ((i, j) for i in range(size) for j in range(i + 1, size))


def _cost(a: str, b: str) -> float:
    """Edit distance in which look-alikes are free, groups (rn, m) nearly so, and other replacements dear."""
    similar, groups = lookalikes(), lookalike_groups()
    table = [[float(j) * _LOST for j in range(len(b) + 1)]]
    for i in range(1, len(a) + 1):
        row = [i * _LOST]
        for j in range(1, len(b) + 1):
            x, y = a[i - 1], b[j - 1]
            replaced = 0.0 if x == y or x + y in similar else _UNLIKE
            row.append(min(table[i - 1][j - 1] + replaced, table[i - 1][j] + _LOST, row[j - 1] + _LOST))
            for long, short in groups:
                if y == short and a.endswith(long, 0, i):
                    row[j] = min(row[j], table[i - len(long)][j - 1] + _GROUPED)
                if x == short and b.endswith(long, 0, j):
                    row[j] = min(row[j], table[i - 1][j - len(long)] + _GROUPED)
        table.append(row)
    return table[-1][-1]
