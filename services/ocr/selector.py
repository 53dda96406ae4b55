"""From what a client asks for to the engines and the size at which the page is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.errors import InvalidInputError, ModelLoadError
from services.ocr.requirements import Requirements

SPEED, BALANCE, ACCURACY = 736, 960, 1280  # pixels of the longer side, as the detector sees it
WEAK_BELOW = 0.90

# By the accuracy, then the speed that is asked.
_SIDES = {
    "low": {"fast": SPEED, "medium": SPEED, "slow": BALANCE},
    "medium": {"fast": SPEED, "medium": BALANCE, "slow": ACCURACY},
    "high": {"fast": BALANCE, "medium": ACCURACY, "slow": ACCURACY},
}
# A card fills its picture with few lines in large type. A receipt does not: it is long, and its side measures that.
_CARDS = {"id_card", "business_card"}

# The order in which engines stand in for each other, and give a second opinion on lines of a language.
_BY_QUALITY = ("rapidocr", "easyocr", "tesseract")
_SECOND = {"english": ("tesseract", "easyocr", "rapidocr")}


@dataclass(frozen=True, slots=True)
class Strategy:
    """How a page is to be read.

    Attributes:
        engines: the first finds and reads the lines; with `fusion` the second reads the weak ones once more.
        detector_side: pixels to which the page's longer side is reduced for finding lines.
        weak_below: confidence under which a line is weak.
        reason: a sentence for people.
    """

    engines: tuple[str, ...]
    detector_side: int
    fusion: bool
    weak_below: float
    reason: str


def select(requirements: Requirements, available: Mapping[str, str | None]) -> Strategy:
    """Chooses; what is asked for by name is honoured in its order.

    Args:
        requirements: what the client asks.
        available: of `registry.available()`: {engine: None, or why it cannot be used}.

    Raises:
        ModelLoadError: an engine asked for by name, or every engine, cannot be used here.
        InvalidInputError: an engine asked for by name does not exist here.
    """
    if requirements.engines:
        engines, reason = _named(requirements.engines, available), "asked for by name"
    else:
        engines, reason = _chosen(requirements, available)
    side = _side(requirements)
    return Strategy(engines, side, len(engines) > 1, WEAK_BELOW, f"{' + '.join(engines)} at {side} px: {reason}")


def _named(names: Sequence[str], available: Mapping[str, str | None]) -> tuple[str, ...]:
    """At most two: nobody asks a third opinion."""
    engines = tuple(dict.fromkeys(names))[:2]
    for name in engines:
        if name not in available:
            raise InvalidInputError(f"There is no OCR engine {name!r} here. Choose from: {', '.join(available)}.")
        if why_not := available[name]:
            raise ModelLoadError(why_not)
    return engines


def _chosen(requirements: Requirements, available: Mapping[str, str | None]) -> tuple[tuple[str, ...], str]:
    usable = [name for name in _BY_QUALITY if name in available and available[name] is None]
    if not usable:
        reasons = " ".join(available[name] or "" for name in _BY_QUALITY if name in available)
        raise ModelLoadError(f"No OCR engine can be used. {reasons}")
    first = usable[0]
    if requirements.real_time:
        return (first,), "the answer is wanted at once"
    if requirements.accuracy_requirement != "high":
        return (first,), "one engine is enough for the accuracy asked"
    by_quality = _SECOND.get(requirements.language, _BY_QUALITY)
    second = next((name for name in by_quality if name in usable and name != first), None)
    if second is None:
        return (first,), "high accuracy is asked, and no second engine can be used here"
    return (first, second), "high accuracy is asked, so weak lines are read twice"


def _side(requirements: Requirements) -> int:
    if requirements.real_time:
        return SPEED
    side = _SIDES[requirements.accuracy_requirement][requirements.speed_requirement]
    return min(side, BALANCE) if requirements.document_type in _CARDS else side
