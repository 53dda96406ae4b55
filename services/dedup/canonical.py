"""Canonical form: what is left of a question when everything that does not change it is taken away.

The first stage of the method. Width, case, punctuation form, white space, HTML, LaTeX spelling, traditional
characters, written-out numerals, leading numbers and source tags, letters and order of the options: two questions
that differ in these alone get the same key. What may change a question (digits, signs, brackets of an interval) stays.

Canonicalisation is idempotent: the canonical form of a canonical text is that text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from services.dedup.answers import chosen, named_option, truth, without_lead
from services.dedup.bulk import Rules, clean_all
from services.dedup.frame import BULLETS, TRAILING, without_frame
from services.dedup.latex import plain_latex, single_spaced
from services.dedup.lexicon import simplified
from services.dedup.markup import BLANK, plain_entities, plain_markup
from services.dedup.numerals import plain_numerals

VERSION = 2
"""Part of every stored fingerprint: raise it when the canonical form of any text changes."""

DIGIT_GAP = "\u203f"
"""Stands for a gap between two digits: 2 3 is not 23."""

_PUNCTUATION = {
    "。": ".", "｡": ".", "．": ".", "、": ",", "､": ",", "，": ",", "；": ";", "：": ":", "∶": ":", "！": "!",
    "？": "?", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "「": '"', "」": '"', "『": '"', "』": '"',
    "《": "‹", "》": "›", "‘": "'", "’": "'", "′": "'", "`": "'", "´": "'", "″": "''", "【": "[", "】": "]",
    "〔": "[", "〕": "]", "（": "(", "）": ")", "—": "-", "–": "-", "―": "-", "‐": "-", "‑": "-", "‒": "-",
    "−": "-", "﹣": "-", "－": "-", "～": "~", "∼": "~", "〜": "~", "⋅": "·", "∙": "·", "•": "·", "・": "·",
    "‧": "·", "…": "⋯", "⩽": "≤", "≦": "≤", "⩾": "≥", "≧": "≥", "∣": "|", "｜": "|", "ϵ": "ε",
    "ϕ": "φ", "Δ": "△", "∆": "△", "▵": "△", "∘": "°", "º": "°", "˚": "°", "⟶": "→", "⇀": "→", "￥": "¥", "⁄": "/",
    "∕": "/", "÷": "÷", "⊊": "⊊", "µ": "μ", "＿": "_", "\u00ad": None, "\u200b": None, "\u200c": None,
    "〈": "‹", "〉": "›", "\u200d": None, "\u2060": None, "\ufeff": None, "\x00": None, "\ufffe": None,
}  # fmt: skip
# ① is a label, not the number 1; the negative ones have no decomposition that would say otherwise.
_CIRCLED = {chr(0x2460 + i): chr(0x2776 + i if i < 10 else 0x24E1 + i) for i in range(20)}

_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ]+")
_SUBSCRIPT = re.compile("[₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙₓₐ]+")
_DOTS = re.compile(r"\.{3,}")
_BRACKETS = [f"{opening}{gap}{closing}" for opening in "([" for closing in ")]" for gap in ("", " ")]
_SCRIPTS = re.compile(f"{_SUPERSCRIPT.pattern[:-2]}{_SUBSCRIPT.pattern[1:-1]}")
_LINE = re.compile("_{2,}")
_SPACE_RUN = re.compile(r"\s+")
_MAYBE_GROUPED = re.compile(r"[ ,] ?\d{3}")
_GROUPED_DIGITS = re.compile(r"\d(?<!\d\d)(?<!\d[.,]\d)\d{0,2}(?: \d{3}(?: \d{3})*|, ?\d{3}(?:, ?\d{3})*)(?!\d)")
_DIGIT_GAP = re.compile(r" (?<=\d )(?=\d)")
_IDLE_SPACE = re.compile(r" (?:(?![A-Za-z0-9])|(?<![A-Za-z0-9] ))")

# A label that would run into the number behind it (15.一, 15. 1, 3：5) or, with its dash, into the text.
_LABEL = re.compile(
    r"(?:\s|&nbsp;|<[^<>]{0,200}>|[★☆◆◇●■※►✦➤#*])*[1-9１-９][0-9０-９]{0,2}"
    r"(?:\s*[.．、,，:：]\s*(?=[零〇一二三四五六七八九十两])|[.．,，](?:\s|&nbsp;)+(?=[0-9０-９])|[、：](?=[0-9０-９])"
    r"| [-\u2013\u2014] (?=[A-Z]?[a-z]{2}|[A-Z][a-z]|[\u4e00-\u9fff]))"
)
_UNSETTLED = re.compile(
    r"[\\\x00-\x1f]|\{\}|[\^_]\{[^{}]?\}|&[#a-z]|<[a-z/!]|!\[|__|\*\*"
    r"|分之|[零〇一二三四五六七八九十百千万亿两壹贰叁]|[^\x00-\uffff]"
)
_MOST_ROUNDS = 20
"""Taking one thing away can lay bare another (`&amp;lt;`, 0亿亿); people's texts are still after the first round."""

_OPTION_LETTER = re.compile(r"^[(\[]?([a-z])(?:[)\]][.,:]?|[.,:]) ?|^([a-z])(?: |(?=[\u4e00-\u9fff{(]))")


@dataclass(frozen=True, slots=True)
class Canonical:
    """One question in canonical form.

    Attributes:
        stem: canonical text; single spaces only between Latin letters or digits.
        options: canonical options, without letters, in the order they were given.
        answer: the canonical text of the correct options (sorted, joined by a line feed) or of the answer; "" when
            absent.
    """

    stem: str
    options: tuple[str, ...]
    answer: str

    @property
    def text(self) -> str:
        """Stem and options as one text, the options in the order of their compact forms."""
        return "\x1f".join([self.stem, *sorted(self.options, key=compact)]) if self.options else self.stem

    @property
    def key(self) -> str:
        """Equal keys mean: the same question, whatever the answers say."""
        return compact(self.text)


def canonicalise(stem: str, options: Sequence[str], answer: str | None) -> Canonical:
    """The canonical form of one question; never raises, whatever the text holds."""
    plain_options = option_texts(options)
    return Canonical(stem_text(stem), plain_options, answer_text(answer, plain_options))


def canonicalise_all(questions: Sequence[tuple[str, Sequence[str], str | None]]) -> list[Canonical]:
    """The canonical forms of many questions (stem, options, answer), each as `canonicalise` gives it, but faster."""
    stems = _stem_texts([stem for stem, _, _ in questions])
    options = _clean_repeated([option for _, given, _ in questions for option in given])
    answers = _clean_repeated([answer or "" for _, _, answer in questions])
    canonicals = []
    used = 0
    for stem, (_, given, _), answer in zip(stems, questions, answers, strict=True):
        plain_options = _without_letters(options[used : used + len(given)]) if given else ()
        used += len(given)
        canonicals.append(Canonical(stem, plain_options, _answer_meaning(answer, plain_options)))
    return canonicals


def _clean_repeated(texts: Sequence[str]) -> list[str]:
    """`clean` of each text; options and answers are few that come again and again."""
    distinct = list(dict.fromkeys(texts))
    cleaned, _ = clean_all(distinct, RULES)
    return list(map(dict(zip(distinct, cleaned, strict=True)).__getitem__, texts))


def _stem_texts(raws: Sequence[str]) -> list[str]:
    """`stem_text` of each."""
    cleaned, simple = clean_all(raws, RULES)
    stems = [_without_frame(text, raw) for text, raw in zip(cleaned, raws, strict=True)]
    unsettled = [n for n, stem in enumerate(stems) if not simple[n] and _UNSETTLED.search(stem)]
    again, _ = clean_all([stems[n] for n in unsettled], RULES)
    for n, text in zip(unsettled, again, strict=True):
        if (framed := _without_frame(text, stems[n])) != stems[n]:
            stems[n] = _settled(framed, _MOST_ROUNDS - 1)
    return stems


def compact(text: str) -> str:
    """A canonical text without its spaces; a gap between digits stays a character of its own."""
    return _DIGIT_GAP.sub(DIGIT_GAP, text).replace(" ", "") if " " in text else text


def stem_text(raw: str) -> str:
    """Canonical stem: the clean text without leading numbers, marks and tags and without the blank at its end."""
    return _settled(_without_frame(clean(raw), raw))


def _settled(text: str, rounds: int = _MOST_ROUNDS) -> str:
    for _ in range(rounds if _UNSETTLED.search(text) else 0):
        again = _without_frame(clean(text), text)
        if again == text:
            break
        text = again
    return text


def _without_frame(text: str, raw: str) -> str:
    if (text[:1].isdigit() or text[:1] in BULLETS) and (label := _LABEL.match(raw)):
        text = clean(raw[label.end() :])  # neither 15.一 nor 15. 1 is 15.1
    text = without_frame(text)
    # Nothing but marks and blanks: only the literal text can tell such a question from another.
    return text or _SPACE_RUN.sub(" ", raw).strip()


def option_texts(options: Sequence[str]) -> tuple[str, ...]:
    """Canonical options. Letters go only where they count A, B, C … through all of the options."""
    return _without_letters([clean(option) for option in options])


def _without_letters(texts: list[str]) -> tuple[str, ...]:
    if len(texts) > 1 and texts[0][:2].strip("([")[:1] == "a":
        matches = [_OPTION_LETTER.match(text) for text in texts]
        letters = [(match.group(1) or match.group(2)) if match else "" for match in matches]
        if letters == [chr(ord("a") + i) for i in range(len(texts))]:
            bare = [clean(text[match.end() :]) for text, match in zip(texts, matches, strict=True) if match]
            # The points A点, B点 and C点 are told apart by their letters.
            texts = bare if len(set(bare)) == len(bare) else texts
    texts = [text.rstrip(TRAILING) or text for text in texts]
    truths = [truth(text) for text in texts] if len(texts) == 2 else []
    return tuple(truths) if set(truths) == {"true", "false"} else tuple(texts)


_DECIMAL = re.compile(r"[-+]?\d+(?:\.\d+)?")


def answer_text(answer: str | None, options: Sequence[str]) -> str:
    """What the answer says, whatever its letter: the correct options' texts, a plain number, or the canonical text.

    Args:
        answer: as stored; None and blank both mean that there is none.
        options: canonical options in the order the answer's letters count.
    """
    return _answer_meaning(clean(answer or ""), tuple(options))


@lru_cache(maxsize=4096)
def _answer_meaning(cleaned: str, options: tuple[str, ...]) -> str:
    text = without_lead(cleaned).rstrip(TRAILING)
    if not text:
        return ""
    if options and (choice := _choice(text, options)):
        texts = [compact(options[i]) for i in choice]
        return "\n".join(sorted(truth(option) or option for option in texts))
    if said := truth(text):
        return said
    if _DECIMAL.fullmatch(text) and "." in text:
        return text.rstrip("0").rstrip(".")
    return compact(text)


def _choice(text: str, options: Sequence[str]) -> list[int]:
    """The options an answer means, by their words or by their letters."""
    if len(text) > 1:
        words, texts = compact(text), [compact(option) for option in options]
        if words in texts:
            return [texts.index(words)]
        named = named_option(text, len(options))
        if named and compact(named[1].rstrip(TRAILING)) == texts[named[0]]:
            return [named[0]]
    return chosen(text, len(options))


def clean(raw: str) -> str:
    """Everything that holds for any text, be it stem, option or answer."""
    return _clean_folded(fold(raw))


def _clean_folded(text: str) -> str:
    if "&" in text and (plain := plain_entities(text)) != text:
        text = fold(plain)
    text = _close_gaps(_plain_marks(single_spaced(plain_latex(plain_markup(text)))))
    if "=" in text:
        text = text.replace("<=", "≤").replace(">=", "≥")
    lower, spelled = text.lower(), plain_numerals(text)
    changed = _grouped(lower if spelled == text else spelled.lower())
    text = (lower if changed == lower else _close_gaps(changed)).strip()
    # An accent whose gap was closed joins the letter before it.
    return text if unicodedata.is_normalized("NFKC", text) else clean(unicodedata.normalize("NFKC", text))


def _close_gaps(text: str) -> str:
    return _IDLE_SPACE.sub("", text) if " " in text else text


def _grouped(text: str) -> str:
    """1,000 and 1 000 as 1000."""
    if not _MAYBE_GROUPED.search(text):
        return text
    return _GROUPED_DIGITS.sub(lambda number: number.group().replace(" ", "").replace(",", ""), text)


def _plain_marks(text: str) -> str:
    """Of a text with single spaces: blanks and dots, however they are drawn."""
    for brackets in _BRACKETS:
        text = text.replace(brackets, BLANK)
    text = text.replace("□", BLANK)
    if "__" in text:
        text = _LINE.sub(BLANK, text)
    return _DOTS.sub("⋯", text) if "..." in text else text


def _last_touch(text: str) -> str:
    """What is left to do for a text whose characters are folded and whose gaps are closed."""
    return _grouped(_plain_marks(text))


def _last_touch_of_numerals(text: str) -> str:
    """`_last_touch` of a text that holds numerals of several characters."""
    text = _close_gaps(_grouped(plain_numerals(_plain_marks(text))))
    return unicodedata.normalize("NFKC", text)


def fold(text: str) -> str:
    """One character for each of its forms: scripts as ^{} and _{}, then NFKC, punctuation, simplified characters."""
    if text.isascii():
        return text.replace("`", "'").replace("\x00", "")
    if _SCRIPTS.search(text):
        text = _SUPERSCRIPT.sub(lambda run: _script("^", run.group()), text)
        text = _SUBSCRIPT.sub(lambda run: _script("_", run.group()), text)
    text = text.translate(_folds())
    # Only a sequence (letter and accent) is left to compose: single characters are in NFKC after the look-up.
    return text if unicodedata.is_normalized("NFKC", text) else unicodedata.normalize("NFKC", text).translate(_folds())


class _Folds(dict[int, str]):
    """Code point -> what it folds to, worked out when a character is first met."""

    def __init__(self) -> None:
        table: dict[str, str | None] = {**simplified(), **_PUNCTUATION, **_CIRCLED}
        self._own = {ord(character): replacement for character, replacement in table.items()}

    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFKC", chr(code).translate(self._own)).translate(self._own)
        self[code] = plain
        return plain


@cache
def _folds() -> _Folds:
    return _Folds()


def _script(mark: str, run: str) -> str:
    inner = unicodedata.normalize("NFKC", run).replace("−", "-")
    return mark + (inner if len(inner) == 1 else f"{{{inner}}}")


RULES = Rules(fold, _clean_folded, _last_touch, _last_touch_of_numerals)
