"""What every format shares: the rows a reader gives, its limits, and the names a field may go by."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.errors import InvalidInputError

# The fields of a question that a file may set, in the order of an export's columns.
FIELDS = (
    "type_name",
    "subject_name",
    "channel_code",
    "stem",
    "options",
    "answer",
    "analysis",
    "source",
    "external_id",
)
# What our own export says beyond that; an import passes over it without a word.
EXPORT_ONLY = frozenset({"id", "bank_id", "status", "merged_into", "created_at", "updated_at"})

_CHINESE = {
    "题型": "type_name",
    "科目": "subject_name",
    "学科": "subject_name",
    "渠道": "channel_code",
    "题干": "stem",
    "题目": "stem",
    "选项": "options",
    "答案": "answer",
    "解析": "analysis",
    "来源": "source",
    "编号": "external_id",
}
CHINESE_NAMES = {field: name for name, field in reversed(_CHINESE.items())}  # of two names the first
_NAMES = {**_CHINESE, **{name: name for name in FIELDS}}
_OPTION = re.compile(r"(?:(?:选项|option)[\s_:-]*)?\(?([a-z])\)?")
_EXCERPT = 200  # characters


@dataclass(frozen=True, slots=True)
class Limits:
    """What a hostile or broken file may cost before it is refused. Sizes in bytes."""

    row_bytes: int = 16 * 2**20  # one record, whatever is in it
    unpacked_bytes: int = 2**30  # an .xlsx, all its parts together
    shared_string_bytes: int = 256 * 2**20  # the one part of an .xlsx that has to be held in memory
    columns: int = 256


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Row:
    """A record as the file has it; `fields` has contract names, and values that nobody has checked yet.

    `line` is the physical line (or the sheet's row) on which it begins, counted from 1. `where` adds what helps to
    find it when that is not the whole truth: "record 3" in a CSV whose cells have line breaks, a sheet's name.
    """

    line: int
    fields: dict[str, object]
    notes: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that cannot be taken. `code` is stable, `reason` a sentence, `excerpt` how the record begins."""

    line: int
    code: str
    reason: str
    excerpt: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Blank:
    """A line with nothing on it: neither a question nor a fault."""

    line: int


Item = Row | BadRow | Blank


# {a column's header or an object's key: a field, an option's letter, or "" for neither}, see mapping.py.
ColumnMapping = Mapping[str, str]
NO_MAPPING: ColumnMapping = {}


class Reader(Protocol):
    def __call__(self, path: Path, limits: Limits, mapping: ColumnMapping = NO_MAPPING) -> Iterator[Item]: ...


class Writer(Protocol):
    def __call__(self, questions: Iterable[dict[str, object]]) -> Iterator[bytes]: ...


class UnreadableFileError(InvalidInputError):
    """The file as a whole cannot be read; no single row is to blame."""

    code = "UNREADABLE_FILE"


def field_of(header: str) -> str | None:
    """The contract's field behind a column's header or an object's key; None if it has none.

    Option columns (`A`, `选项A`, `选项(A)`, `option_a`) are named "A", "B", …
    """
    plain = unicodedata.normalize("NFKC", header).strip().strip("\ufeff").lower()
    if name := _NAMES.get(plain):
        return name
    option = _OPTION.fullmatch(plain)
    return option[1].upper() if option else None


def options_from_letters(cells: dict[str, str]) -> list[str]:
    """{"A": "甲", "C": "丙"} -> ["甲", "", "丙"]: a gap stays, or the answer's letter would name another option."""
    filled = [letter for letter, text in cells.items() if text]
    if not filled:
        return []
    return [cells.get(chr(code), "") for code in range(ord("A"), ord(max(filled)) + 1)]


def excerpt(text: str) -> str:
    """The beginning of a record, fit to be shown and stored anywhere."""
    shown = text[:_EXCERPT].encode("utf-8", "replace").decode("utf-8")
    return "".join(char if char.isprintable() else " " for char in shown).strip()


def ignored_note(names: Iterable[str]) -> str:
    """The note about fields that mean nothing here; bounded, because the names come from outside."""
    listed = [excerpt(name)[:40] for name in names]
    more = f" and {len(listed) - 10} more" if len(listed) > 10 else ""
    return f"Ignored, because unknown: {', '.join(listed[:10])}{more}."
