"""The groups of a bank: which questions are compared with each other, and how a group is known again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xxhash
from sqlalchemy import ColumnElement, Select, func, select

from models import Database, Question
from services.dedup.options import DedupOptions

GROUP_FIELDS = ("type_name", "subject_name", "channel_code")
WIDENED = "*"  # shown for a field that the group was widened across


@dataclass(frozen=True, slots=True)
class Group:
    """Questions of one bank with the same names; `widened` fields may have any value."""

    bank_id: int
    names: Mapping[str, str]
    widened: tuple[str, ...] = ()

    @classmethod
    def of(cls, params: Mapping[str, Any], names: Mapping[str, str]) -> Group:
        """The group of a task that shows itself by these names."""
        filters = params.get("filters") or {}
        wide = tuple(name for name in across(params) if filters.get(name) is None)
        return cls(params["bank_id"], dict(names), wide)

    @property
    def key(self) -> str:
        """Names the group inside its bank: 32 hex digits, whatever its names are."""
        text = "\x1f".join([*(self.names[name] for name in GROUP_FIELDS), *self.widened])
        return xxhash.xxh3_128_hexdigest(text.encode("utf-8", "surrogatepass"))

    def conditions(self) -> list[ColumnElement[bool]]:
        """What holds for each question of it."""
        fixed = [name for name in GROUP_FIELDS if name not in self.widened]
        in_group = [getattr(Question, name) == self.names[name] for name in fixed]
        return [Question.bank_id == self.bank_id, *in_group, Question.status == "active"]


def selected(params: Mapping[str, Any], of: Any = Question) -> list[ColumnElement[bool]]:
    """The questions a dedup task looks at: the active ones of its bank, within its filters.

    `of` is an alias of Question, for a statement that speaks of questions twice.
    """
    filters = params.get("filters") or {}
    chosen = [of.bank_id == params["bank_id"], of.status == "active"]
    return chosen + [getattr(of, name) == value for name, value in filters.items() if value is not None]


def across(params: Mapping[str, Any]) -> tuple[str, ...]:
    options = DedupOptions.from_params(params.get("options") or {})
    return tuple(name for name in GROUP_FIELDS if name in options.across)


def kept_fields(params: Mapping[str, Any]) -> list[str]:
    """What the questions of one group have in common."""
    return [name for name in GROUP_FIELDS if name not in across(params)]


def groups_of(params: Mapping[str, Any]) -> tuple[list[str], Select[*tuple[Any, ...]]]:
    """The fields that tell groups apart, and the statement that gives their values and counts, the largest first."""
    kept = kept_fields(params)
    columns = [getattr(Question, name) for name in kept]
    questions = func.count()
    statement = select(*columns, questions).where(*selected(params)).order_by(questions.desc(), *columns)
    return kept, statement.group_by(*columns) if columns else statement


def names_of(params: Mapping[str, Any], kept: Mapping[str, str]) -> dict[str, str]:
    """What a group is called: a field it was widened across is `*`, unless a filter holds it fast."""
    filters = {name: value for name, value in (params.get("filters") or {}).items() if value is not None}
    return dict.fromkeys(GROUP_FIELDS, WIDENED) | filters | dict(kept)


def settings_of(params: Mapping[str, Any], group: Group) -> str:
    """What decides a verdict beside the texts, as one line: findings under other settings are other findings."""
    options = DedupOptions.from_params(params.get("options") or {})
    guards = ("guard_numbers", "guard_symbols", "guard_words", "guard_options")
    words = [f"threshold={options.threshold:g}", *(f"no_{name}" for name in guards if not getattr(options, name))]
    return " ".join(words + [f"across={name}" for name in group.widened])


def digest_of(database: Database, group: Group, *within: ColumnElement[bool]) -> tuple[str, int]:
    """What changes with every question that comes, goes or is edited, and how many there are; read from the index."""
    totals = select(
        func.count(), func.sum(Question.id), func.max(Question.updated_at), func.sum(Question.updated_at - 1.0e9)
    ).where(*group.conditions(), *within)
    count, ids, newest, times = tuple(database.fetch_all(totals)[0])
    return f"{count} {ids or 0} {newest or 0:.6f} {times or 0:.3f}", count
