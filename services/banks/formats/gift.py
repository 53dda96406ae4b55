"""Moodle's GIFT. The format: https://docs.moodle.org/en/GIFT_format.

What becomes of it: multiple choice -> 单选题 or 多选题, true/false -> 判断题 (正确, 错误), short answer and numeric ->
填空题 (several answers one a line; a number as GIFT writes it, `3:2` or `1..5`), essay -> 解答题, matching -> 匹配题
(answer lines `left -> right`). A category `高考/英语/单选题` gives type_name where its last part ends in 题, and
subject_name by the rest; a title is the external_id; feedback is the analysis. A text without an answer block is a
description, no question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.banks.formats.base import NO_MAPPING, BadRow, ColumnMapping, Item, Limits, Row, excerpt
from services.banks.formats.blocks import Block, read_blocks

# Escaped characters stand as Unicode noncharacters until the structure has been read.
_ESCAPED = {"\\" + char: chr(0xFDD0 + index) for index, char in enumerate("\\~=#{}:n")}
_PLAIN = {mark: "\n" if pair == "\\n" else pair[1] for pair, mark in _ESCAPED.items()}
_MARK = re.compile("[\ufdd0-\ufdd7]")
_ESCAPE = re.compile(r"\\[\\~=#{}:n]")
_TITLE = re.compile(r"\s*::(.*?)::", re.DOTALL)
_MARKUP = re.compile(r"\s*\[(?:html|moodle|plain|markdown)\]", re.IGNORECASE)
_CHOICE = re.compile(r"([=~])\s*(?:%(-?\d+(?:\.\d+)?)%)?([^=~]*)")
_TRUTH = re.compile(r"(T|TRUE|F|FALSE)\s*(?:#|$)", re.IGNORECASE)
_NOWHERE = re.compile(r"\$\w+\$|top", re.IGNORECASE)  # Moodle's own roots of a category's path
_BLANK = "_____"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer as written: `mark` is "=" or "~", `weight` its percentage if it has one."""

    mark: str
    weight: float | None
    text: str
    feedback: str

    @property
    def is_right(self) -> bool:
        return self.weight > 0 if self.weight is not None else self.mark == "="


class _NotGiftError(Exception):
    """Carries the code and the reason of a bad row."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def read(path: Path, limits: Limits, mapping: ColumnMapping = NO_MAPPING) -> Iterator[Item]:  # noqa: ARG001  # no columns
    place: dict[str, object] = {}  # what the category in force says
    for block in read_blocks(path, limits):
        if isinstance(block, BadRow):
            yield block
            continue
        lines = []
        for line in block.lines:
            bare = line.text.lstrip()
            if bare.startswith("$CATEGORY:"):
                place = _place(bare.removeprefix("$CATEGORY:"))
            elif not bare.startswith("//"):
                lines.append(line)
        if lines:
            yield _question(Block(lines), place)


def _question(block: Block, place: dict[str, object]) -> Row | BadRow:
    try:
        fields = _fields(_ESCAPE.sub(lambda match: _ESCAPED[match[0]], block.text))
    except _NotGiftError as error:
        return BadRow(block.line, error.code, error.reason, excerpt(block.text))
    return Row(block.line, {**fields, **place})


def _fields(text: str) -> dict[str, object]:
    fields: dict[str, object] = {}
    if title := _TITLE.match(text):
        fields["external_id"] = _unescape(title[1])
        text = text[title.end() :]
    text = _MARKUP.sub("", text, count=1) if _MARKUP.match(text) else text
    before, body, after = _around_answers(text)
    stem = f"{before.rstrip()} {_BLANK} {after.lstrip()}" if after.strip() else before
    body, _, general = body.partition("####")
    answers, feedback = _answers(body.strip())
    analysis = "\n".join(part for part in (_unescape(general), *feedback) if part)
    return {**fields, "stem": _unescape(stem), **answers, **({"analysis": analysis} if analysis else {})}


def _around_answers(text: str) -> tuple[str, str, str]:
    before, opening, rest = text.partition("{")
    if not opening:
        raise _NotGiftError("no_answer", "There is no answer block { }: this is a description, not a question.")
    body, closing, after = rest.partition("}")
    if not closing:
        raise _NotGiftError("cut_off", "The answer block { is never closed (a blank line ends a question).")
    if "{" in body or re.search("[{}]", after):
        raise _NotGiftError("malformed", "A brace stands in the text: write it \\{ or \\}.")
    return before, body, after


def _answers(body: str) -> tuple[dict[str, object], list[str]]:
    """The fields that the answer block decides, and the feedback on its answers."""
    if not body:
        return {"type_name": "解答题"}, []
    if body.startswith("#"):
        return _numeric(body[1:])
    if truth := _TRUTH.match(body):
        feedback = [_unescape(part) for part in body.split("#")[1:]]
        return {"type_name": "判断题", "answer": "正确" if truth[1][0] in "Tt" else "错误"}, feedback
    choices = _choices(body)
    if any(choice.mark == "~" for choice in choices):
        return _multiple_choice(choices)
    if all("->" in choice.text for choice in choices):
        return _matching(choices)
    texts = _full_credit(choices)
    return {"type_name": "填空题", "answer": "\n".join(texts)}, [choice.feedback for choice in choices]


def _choices(body: str) -> list[Choice]:
    if body[0] not in "=~":
        raise _NotGiftError("malformed", "An answer block holds answers that begin with = or ~, or T, F, or #number.")
    choices = []
    for mark, weight, content in _CHOICE.findall(body):
        text, _, feedback = content.partition("#")
        text = _MARKUP.sub("", text, count=1) if _MARKUP.match(text) else text
        choices.append(Choice(mark, float(weight) if weight else None, _unescape(text), _unescape(feedback)))
    return choices


def _multiple_choice(choices: list[Choice]) -> tuple[dict[str, object], list[str]]:
    letters = [chr(ord("A") + index) if index < 26 else "?" for index in range(len(choices))]
    # Beside a fully right answer (=) those of partial credit are not the answer.
    right = [c.mark == "=" and c.weight is None for c in choices]
    if not any(right):
        right = [choice.is_right for choice in choices]
    answer = "".join(letter for letter, is_right in zip(letters, right, strict=True) if is_right)
    feedback = [f"{letter}: {c.feedback}" for letter, c in zip(letters, choices, strict=True) if c.feedback]
    kind = "多选题" if len(answer) > 1 else "单选题"
    return {"type_name": kind, "options": [choice.text for choice in choices], "answer": answer}, feedback


def _matching(choices: list[Choice]) -> tuple[dict[str, object], list[str]]:
    pairs = [choice.text.partition("->") for choice in choices]
    lines = [f"{left.strip()} -> {right.strip()}" for left, _, right in pairs]
    options = [left.strip() for left, _, _ in pairs if left.strip()]
    return {"type_name": "匹配题", "options": options, "answer": "\n".join(lines)}, []


def _numeric(body: str) -> tuple[dict[str, object], list[str]]:
    if body.lstrip().startswith("="):
        choices = _choices(body.strip())
        return {"type_name": "填空题", "answer": "\n".join(_full_credit(choices))}, [c.feedback for c in choices]
    number, _, feedback = body.partition("#")
    return {"type_name": "填空题", "answer": _unescape(number)}, [_unescape(feedback)]


def _full_credit(choices: list[Choice]) -> list[str]:
    full = [choice.text for choice in choices if choice.weight is None or choice.weight >= 100]
    return full or [choice.text for choice in choices]


def _place(path: str) -> dict[str, object]:
    parts = [part.strip() for part in path.strip().split("/")]
    parts = [part for part in parts if part and not _NOWHERE.fullmatch(part)]
    place: dict[str, object] = {}
    if parts and parts[-1].endswith("题"):
        place["type_name"] = parts.pop()
    if parts:
        place["subject_name"] = "/".join(parts)
    return place


def _unescape(text: str) -> str:
    return _MARK.sub(lambda match: _PLAIN[match[0]], text).strip()
