"""Verification: what one question is to another, with the evidence.

The fourth stage of the method. The guards read every difference; the answers confirm or contradict. Only a pair in
which each difference is explained as noise or as an interchangeable wording, and whose answers agree or are absent,
is `near`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rapidfuzz.distance import Levenshtein, Postfix, Prefix

from services.dedup.answers import same_value
from services.dedup.canonical import Canonical, compact
from services.dedup.guards import Findings, read_differences
from services.dedup.options import DedupOptions
from services.dedup.wording import plain_wording

_LONGEST_AGREEING_TEXT = 20_000
_ALIGNABLE = 64_000_000
"""Product of two lengths up to which texts are aligned character by character (the matrix takes a quarter byte a
cell).
"""
_ALIKE_ANSWER = 0.9
_CONTEXT = 60
_LISTED, _SHOWN = 40, 400  # differences of a kind, and characters of each, that the evidence holds at most


class Verdict(StrEnum):
    EXACT = "exact"
    NEAR = "near"
    REVIEW = "review"
    VARIANT = "variant"


PLACES = {verdict: place for place, verdict in enumerate(Verdict)}
"""Of each verdict in their order, the surest first."""


class Agreement(StrEnum):
    AGREE = "agree"
    ABSENT = "absent"
    DISAGREE = "disagree"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome for one pair; `evidence` is ready for JSON.

    `contradicts` says that the two are two questions for certain: they never stand in one cluster, whoever represents
    it.
    """

    verdict: Verdict
    similarity: float
    contradicts: bool = False
    evidence: dict[str, Any] = field(default_factory=dict)

    def flipped(self) -> Comparison:
        """The same seen from the other question."""
        if not self.evidence:
            return self
        differs = {name: [pair[::-1] for pair in pairs] for name, pairs in self.evidence.get("differs", {}).items()}
        if "answer" in differs:  # one pair, not a list of pairs
            differs["answer"] = self.evidence["differs"]["answer"][::-1]
        evidence = {**self.evidence, "differs": differs}
        return Comparison(self.verdict, self.similarity, self.contradicts, evidence)


def compare(a: Canonical, b: Canonical, settings: DedupOptions) -> Comparison | None:
    """What `b` is to `a`, or None when they are not alike. Symmetric: only the evidence's pairs change sides.

    An alignment has ties, and which one wins depends on the side; so each pair is aligned in one order.
    """
    stem_similarity = Levenshtein.normalized_similarity(a.stem, b.stem, score_cutoff=_least_stem(a, b, settings.floor))
    if not stem_similarity and a.stem and b.stem:
        return None  # nearly all pairs that are not alike
    if (b.stem, b.options, b.answer) < (a.stem, a.options, a.answer):
        comparison = _compare(b, a, stem_similarity, settings)
        return comparison and comparison.flipped()
    return _compare(a, b, stem_similarity, settings)


def _compare(a: Canonical, b: Canonical, stem_similarity: float, settings: DedupOptions) -> Comparison | None:
    options = match_options(a.options, b.options)
    similarity = _overall(a, b, stem_similarity, options)
    if similarity < settings.floor:
        return None
    agreement = answers_agree(a, b, options)
    stem, is_reworded = _read_stems(a.stem, b.stem)
    verdict = _decide(stem, options, agreement, similarity, settings)
    evidence = _evidence(stem_similarity, stem, options, agreement, (a.answer, b.answer), is_reworded=is_reworded)
    contradicts = (
        verdict is Verdict.VARIANT
        or agreement is Agreement.DISAGREE
        or stem.is_certain
        or any(found.is_certain for found in options.findings)
    )
    return Comparison(verdict, round(similarity, 4), contradicts, evidence)


def _least_stem(a: Canonical, b: Canonical, floor: float) -> float:
    """The stem's similarity below which no likeness of the options lifts the whole to the floor."""
    if not a.options or not b.options:
        return floor
    stem = max(len(a.stem), len(b.stem), 1)
    options = max(sum(map(len, a.options)), sum(map(len, b.options)))
    return max(0.0, floor - (1 - floor) * options / stem)


@dataclass(slots=True)
class OptionMatch:
    """How the options of two questions pair up.

    Attributes:
        pairs: (option of a, option of b) that stand for each other.
        only: options that found no partner, as (of a, of b).
        findings: what the paired ones differ in.
        similarity: 0 to 1, weighted by length; 1 when neither has options.
    """

    pairs: list[tuple[str, str]] = field(default_factory=list)
    only: list[tuple[str, str]] = field(default_factory=list)
    findings: list[Findings] = field(default_factory=list)
    similarity: float = 1.0
    is_one_sided: bool = False

    @property
    def is_clean(self) -> bool:
        return not self.only and not self.is_one_sided and all(found.is_clean for found in self.findings)


def match_options(a: Sequence[str], b: Sequence[str]) -> OptionMatch:
    """Pair the options of two questions as sets: equal ones first, then the most alike."""
    match = OptionMatch()
    if not a and not b:
        return match
    if not a or not b:
        match.is_one_sided = True
        return match
    left, right = list(a), list(b)
    by_text = {compact(option): option for option in right}
    for option in list(left):
        twin = by_text.get(compact(option))
        if twin is not None and twin in right:
            match.pairs.append((option, twin))
            left.remove(option)
            right.remove(twin)
    _pair_rest(left, right, match)
    total = sum(max(len(x), len(y)) for x, y in match.pairs) + sum(len(x) + len(y) for x, y in match.only)
    alike = sum(max(len(x), len(y)) * Levenshtein.normalized_similarity(x, y) for x, y in match.pairs)
    match.similarity = alike / total if total else 1.0
    return match


def _pair_rest(left: list[str], right: list[str], match: OptionMatch) -> None:
    ranked = sorted(
        ((Levenshtein.normalized_similarity(x, y), min(x, y), max(x, y), x, y) for x in left for y in right),
        reverse=True,
    )
    for similarity, _, _, x, y in ranked:
        if similarity >= 0.5 and x in left and y in right:
            match.pairs.append((x, y))
            match.findings.append(_read_texts(x, y)[0])
            left.remove(x)
            right.remove(y)
    match.only.extend([(x, "") for x in left] + [("", y) for y in right])


def answers_agree(a: Canonical, b: Canonical, options: OptionMatch) -> Agreement:
    """Whether two questions have the same answer: the correct options' texts, not their letters."""
    if not a.answer or not b.answer:
        return Agreement.ABSENT
    if a.answer == b.answer or same_value(a.answer, b.answer):
        return Agreement.AGREE
    partner = {compact(y): compact(x) for x, y in options.pairs}
    translated = "\n".join(sorted(partner.get(line, line) for line in b.answer.split("\n")))
    if translated == a.answer:
        return Agreement.AGREE
    return Agreement.AGREE if not options.pairs and _same_long_answer(a.answer, b.answer) else Agreement.DISAGREE


def _same_long_answer(a: str, b: str) -> bool:
    if min(len(a), len(b)) < 12 or max(len(a), len(b)) > _LONGEST_AGREEING_TEXT:
        return False
    alike = Levenshtein.normalized_similarity(a, b, score_cutoff=_ALIKE_ANSWER)
    return alike >= _ALIKE_ANSWER and read_differences(a, b).is_clean


def _overall(a: Canonical, b: Canonical, stem: float, options: OptionMatch) -> float:
    """Similarity of the whole question: stem and options by their share of the text."""
    stem_length = max(len(a.stem), len(b.stem))
    option_length = max(sum(map(len, a.options)), sum(map(len, b.options)))
    if not option_length or options.is_one_sided:
        return stem
    return (stem * stem_length + options.similarity * option_length) / (stem_length + option_length)


def _read_stems(a: str, b: str) -> tuple[Findings, bool]:
    """Differences of the stems, and whether interchangeable wordings were needed to explain them."""
    a, b = _core(a, b)
    if len(a) * len(b) > _ALIGNABLE:
        return _too_long(a, b), False
    return _read_texts(a, b)


def _read_texts(a: str, b: str) -> tuple[Findings, bool]:
    found = read_differences(a, b)
    if found.is_clean or any(x.isdecimal() and y.isdecimal() for x, y in found.numbers):
        return found, False
    reworded_a, reworded_b = plain_wording(a), plain_wording(b)
    if (reworded_a, reworded_b) == (a, b):
        return found, False
    again = read_differences(reworded_a, reworded_b)
    return (again, True) if again.is_clean or again.differences < found.differences else (found, False)


def _core(a: str, b: str) -> tuple[str, str]:
    """Two long texts without their common ends, but for as much as the guards look around a difference."""
    if len(a) * len(b) <= _ALIGNABLE:
        return a, b
    start = max(0, Prefix.similarity(a, b) - _CONTEXT)
    end = max(0, Postfix.similarity(a[start:], b[start:]) - _CONTEXT)
    return a[start : len(a) - end], b[start : len(b) - end]


def _too_long(a: str, b: str) -> Findings:
    found = Findings()
    if a != b:
        found.words.append((f"{len(a)} characters", f"{len(b)} characters"))
    return found


def _decide(
    stem: Findings, options: OptionMatch, agreement: Agreement, similarity: float, settings: DedupOptions
) -> Verdict:
    if _is_variant(stem, options, agreement, settings):
        return Verdict.VARIANT
    if agreement is Agreement.DISAGREE or not stem.is_clean or not options.is_clean or similarity < settings.threshold:
        return Verdict.REVIEW
    return Verdict.NEAR


def _is_variant(stem: Findings, options: OptionMatch, agreement: Agreement, settings: DedupOptions) -> bool:
    return bool(
        (settings.guard_numbers and stem.numbers)
        or (settings.guard_symbols and (stem.symbols or stem.units))
        or (settings.guard_words and (stem.negation or (stem.words and agreement is Agreement.DISAGREE)))
        or (settings.guard_options and _options_changed(options))
        or _other_picture(stem)
    )


def _options_changed(options: OptionMatch) -> bool:
    """Another option for certain: one without a partner, another number or sign. Odd words in an option are for
    review.
    """
    return bool(options.only) or any(
        found.numbers or found.symbols or found.units or found.negation for found in options.findings
    )


def _other_picture(stem: Findings) -> bool:
    return any(here and there for here, there in stem.pictures)


def _evidence(
    stem_similarity: float,
    stem: Findings,
    options: OptionMatch,
    agreement: Agreement,
    answers: tuple[str, str],
    *,
    is_reworded: bool,
) -> dict[str, Any]:
    named = {name: getattr(stem, name) for name in ("numbers", "symbols", "units", "negation", "words", "pictures")}
    differs: dict[str, Any] = {
        name: [[x[:_SHOWN], y[:_SHOWN]] for x, y in pairs[:_LISTED]] for name, pairs in named.items() if pairs
    }
    if not options.is_clean:
        changed = [list(pair) for pair in options.pairs if pair[0] != pair[1]]
        differs["options"] = changed + [list(pair) for pair in options.only]
    if agreement is Agreement.DISAGREE:
        differs["answer"] = [answer[:_SHOWN] for answer in answers]
    return {
        "stem_similarity": round(stem_similarity, 4),
        "options_similarity": round(options.similarity, 4),
        "answers": str(agreement),
        "differs": differs,
        "noise": stem.noise + sum(found.noise for found in options.findings),
        "reworded": is_reworded,
    }
