"""A synthetic bank of any size, made from real questions by seeded edits: what a grown bank looks like."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

from services.dedup.pipeline import QuestionText

_NUMBER = re.compile(r"\d+")
_SHARES = (("exact", 0.05), ("near", 0.10), ("variant", 0.10))
_NOISE = {"e": "c", "a": "o", "i": "l", "n": "u", "h": "b", "的": "", "了": "", "成": "戍", "人": "入"}


def real_questions(folder: Path) -> list[QuestionText]:
    """The 12,111 questions of the shared data's `questions` folder."""
    rows = []
    for path in sorted((folder / "questions").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    return [QuestionText(n, row["stem"], tuple(row["options"]), row["answer"] or "") for n, row in enumerate(rows)]


def synthetic_bank(real: list[QuestionText], size: int, seed: int = 1) -> list[QuestionText]:
    """`size` questions: the real ones, then 75 % new texts (clauses of real ones anew) and 25 % edited copies.

    Of what is added 5 % are exact copies, 10 % have the noise of a scan, 10 % other numbers.
    """
    chance = random.Random(seed)
    bank = list(real[:size])
    clauses = [
        clause for question in real for clause in re.split(r"(?<=[.。?？!])\s*", question.stem) if len(clause) > 12
    ]
    for made in _new_questions(chance, bank, clauses):
        if len(bank) >= size:
            break
        bank.append(QuestionText(len(bank), made.stem, made.options, made.answer))
    return bank


def _new_questions(chance: random.Random, bank: list[QuestionText], clauses: list[str]) -> Iterator[QuestionText]:
    while True:
        origin = bank[chance.randrange(len(bank))]
        kind = chance.random()
        if kind < _SHARES[0][1]:
            yield origin
        elif kind < _SHARES[0][1] + _SHARES[1][1]:
            yield QuestionText(0, scanned(chance, origin.stem), origin.options, origin.answer)
        elif kind < sum(share for _, share in _SHARES):
            stem = _NUMBER.sub(lambda number: str(int(number.group()[:9]) + chance.randrange(1, 9)), origin.stem)
            yield QuestionText(0, stem, origin.options, str(chance.randrange(1000)))
        else:
            stem = " ".join(chance.choice(clauses) for _ in range(chance.randrange(2, 5)))
            yield QuestionText(0, stem, (), str(chance.randrange(1000)))


def scanned(chance: random.Random, stem: str) -> str:
    """`stem` with look-alikes for about 2 % of its characters."""
    return "".join(_NOISE.get(c, c) if chance.random() < 0.06 else c for c in stem)
