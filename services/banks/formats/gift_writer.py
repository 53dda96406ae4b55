"""GIFT out: what `gift.read` makes the same question of, as far as the format has a place for it.

Channel and source have none. A text answer that is long or has several lines goes out as an essay's feedback.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_SPECIAL = re.compile(r"[\\~=#{}:]")
_TRUTH = {
    "正确": "T",
    "对": "T",
    "√": "T",
    "T": "T",
    "TRUE": "T",
    "错误": "F",
    "错": "F",
    "×": "F",
    "F": "F",
    "FALSE": "F",
}
_SHORT = 255  # characters; what Moodle takes as a short answer


def write(questions: Iterable[dict[str, object]]) -> Iterator[bytes]:
    category = None
    for question in questions:
        place = "/".join(_one_line(question.get(name)) for name in ("subject_name", "type_name") if question.get(name))
        if place != category:
            category = place
            yield f"$CATEGORY: {place or 'top'}\n\n".encode()
        yield _block(question).encode()


def _block(question: dict[str, object]) -> str:
    title = f"::{_escape(question.get('external_id'))}::" if question.get("external_id") else ""
    answers, feedback = _answers(question)
    lines = [*answers, *([f"####{_escape(feedback)}"] if feedback else [])]
    body = "".join(f"\n\t{line}" for line in lines)
    return f"{title}{_escape(question['stem'])} {{{body}\n}}\n\n"


def _answers(question: dict[str, object]) -> tuple[list[str], str]:
    """The lines of the answer block, and the feedback."""
    answer = str(question.get("answer") or "").strip()
    analysis = str(question.get("analysis") or "")
    options: list[str] = question.get("options") or []  # type: ignore[assignment]
    if options:
        return _choices(options, answer), analysis
    if question.get("type_name") == "判断题" and answer.upper() in _TRUTH:
        return [_TRUTH[answer.upper()]], analysis
    if answer and len(answer) <= _SHORT and "\n" not in answer:
        return [f"={_escape(answer)}"], analysis
    return [], "\n".join(part for part in (answer, analysis) if part)


def _choices(options: list[str], answer: str) -> list[str]:
    right = {ord(letter) - ord("A") for letter in re.findall("[A-Z]", answer.upper())} & set(range(len(options)))
    if len(right) < 2:
        return [f"{'=' if index in right else '~'}{_escape(option)}" for index, option in enumerate(options)]
    share = f"{100 / len(right):.5f}".rstrip("0").rstrip(".")
    return [f"~%{share if index in right else '-100'}%{_escape(option)}" for index, option in enumerate(options)]


def _escape(text: object) -> str:
    escaped = _SPECIAL.sub(lambda match: "\\" + match[0], str(text))
    return escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _one_line(text: object) -> str:
    return " ".join(str(text or "").split()).replace("/", "／")
