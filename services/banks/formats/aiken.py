"""Moodle's Aiken: a stem, options `A.` or `A)`, then `ANSWER: A`. Single-choice questions and nothing else.

The format: https://docs.moodle.org/en/Aiken_format. A stem of several lines is taken although Moodle's is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from services.banks.formats.base import NO_MAPPING, BadRow, ColumnMapping, Item, Limits, Row, excerpt
from services.banks.formats.blocks import Block, read_blocks

_OPTION = re.compile(r"\s*([A-Z])[.)]\s+(.*)", re.DOTALL)
_ANSWER = re.compile(r"\s*ANSWER:\s*([A-Z](?:\s*,?\s*[A-Z])*)\s*", re.IGNORECASE)


def read(path: Path, limits: Limits, mapping: ColumnMapping = NO_MAPPING) -> Iterator[Item]:  # noqa: ARG001  # no columns
    for block in read_blocks(path, limits):
        if isinstance(block, BadRow):
            yield block
        else:
            yield from _questions(block)


def write(questions: Iterable[dict[str, object]]) -> Iterator[bytes]:
    """Aiken has one line for a stem and one letter for an answer: line breaks become spaces, what is not single-choice
    has no place in it and is left out.
    """
    for question in questions:
        options = [_one_line(option) for option in question.get("options") or []]  # type: ignore[attr-defined]
        answer = str(question.get("answer") or "").strip().upper()
        letters = [chr(ord("A") + index) for index in range(len(options))]
        if len(options) > 26 or answer not in letters:
            continue
        lines = [
            _one_line(question["stem"]),
            *(f"{letter}) {text}" for letter, text in zip(letters, options, strict=True)),
        ]
        yield "\n".join([*lines, f"ANSWER: {answer}", "", ""]).encode("utf-8")


def _questions(block: Block) -> Iterator[Item]:
    """Usually one; files without blank lines between the questions are cut after each ANSWER."""
    part = Block()
    for line in block.lines:
        part.lines.append(line)
        if _ANSWER.fullmatch(line.text):
            yield _question(part)
            part = Block()
    if part.lines:
        yield BadRow(part.line, "no_answer", "The question has no line ANSWER: …", excerpt(part.text))


def _question(part: Block) -> Row | BadRow:
    *body, last = (line.text for line in part.lines)
    stem: list[str] = []
    options: list[str] = []
    for text in body:
        option = _OPTION.match(text)
        if option and option[1] == chr(ord("A") + len(options)):
            options.append(option[2])
        elif options:
            options[-1] += "\n" + text
        else:
            stem.append(text)
    answer = _ANSWER.fullmatch(last)
    assert answer is not None
    letters = "".join(re.findall("[A-Z]", answer[1].upper()))
    if not options:
        return BadRow(part.line, "no_options", "The question has no options A) … B) …", excerpt(part.text))
    fields: dict[str, object] = {
        "type_name": "多选题" if len(letters) > 1 else "单选题",
        "stem": "\n".join(stem),
        "options": options,
        "answer": letters,
    }
    return Row(part.line, fields)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
