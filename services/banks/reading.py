"""A file's rows held against what a question must be: the same for an import and for a look at a file before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.banks.formats import BadRow, Row
from services.banks.formats.base import excerpt
from services.banks.questions import QuestionInput, Refusal, accept, warning_about

_NOTES = 100  # different ones; each counts its rows


@dataclass(slots=True)
class Findings:
    """What reading a file says beside its good rows."""

    bad: int = 0
    skipped: int = 0  # empty lines
    notes: Counter[str] = field(default_factory=Counter)

    def note(self, text: str) -> None:
        if text in self.notes or len(self.notes) < _NOTES:
            self.notes[text] += 1

    def as_json(self) -> dict[str, Any]:
        return {"bad": self.bad, "skipped": self.skipped, "notes": dict(self.notes)}


def listed_notes(notes: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"note": note, "rows": rows} for note, rows in notes.items()]


def checked(item: Row, defaults: Mapping[str, object], findings: Findings) -> QuestionInput | BadRow:
    """The row as a question, with `defaults` for what it does not say, or why it is none."""
    for note in item.notes:
        findings.note(note)
    question = accept({**defaults, **item.fields})
    if isinstance(question, Refusal):
        return BadRow(item.line, question.code, question.reason, _beginning(item.fields), item.where)
    if warning := warning_about(question):
        findings.note(warning)
    return question


def bad_row(row: BadRow) -> dict[str, Any]:
    """As people are shown it."""
    reason = f"{row.where[0].upper()}{row.where[1:]}: {row.reason}" if row.where else row.reason
    return {"line": row.line, "code": row.code, "reason": reason, "excerpt": row.excerpt}


def _beginning(fields: Mapping[str, object]) -> str:
    """How a refused row begins; its stem first, by which people know it."""
    texts = [fields.get("stem"), *(value for name, value in fields.items() if name not in {"stem", "options"})]
    return excerpt(" ".join(str(text)[:1000] for text in texts if text))
