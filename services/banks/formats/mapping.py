"""Which column or key is which field: as somebody says it, else by its own name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from services.banks.formats.base import EXPORT_ONLY, FIELDS, ColumnMapping, excerpt, field_of
from services.errors import FieldProblem, InvalidInputError

IGNORE = ""
TARGETS = (*FIELDS, *ascii_uppercase, IGNORE)
MOST_COLUMNS = 256  # that a mapping may name


@dataclass(frozen=True, slots=True)
class Assignment:
    """`fields`: {field or option's letter: index of its name}; `ignored`: names that nobody knows or spoke of."""

    fields: dict[str, int]
    ignored: tuple[str, ...]


def column_name(header: str) -> str:
    """A header as it is shown to people and named in a mapping: one line of at most 200 characters."""
    return excerpt(header.strip("\ufeff"))


def assign(names: Sequence[str], mapping: ColumnMapping) -> Assignment:
    """What a mapping says goes before what a name says by itself; of two names for one field the first counts."""
    said = [mapping.get(column_name(name)) if mapping else None for name in names]
    fields: dict[str, int] = {}
    for index, target in enumerate(said):
        if target:
            fields.setdefault(target, index)
    ignored = []
    for index, (name, target) in enumerate(zip(names, said, strict=True)):
        if target is not None:
            continue
        field = name if name in FIELDS else field_of(name)
        if field is not None and field not in fields:
            fields[field] = index
        elif name.strip() and name.strip() not in EXPORT_ONLY:
            ignored.append(name)
    return Assignment(fields, tuple(ignored))


def checked_mapping(mapping: ColumnMapping) -> dict[str, str]:
    """The mapping under the names that columns are looked up by.

    Raises:
        InvalidInputError: too many columns, or something that is no field.
    """
    problems = [
        FieldProblem(
            f"mapping.{column_name(name)}", f"{target!r} is no field. It is one of: {', '.join(TARGETS[:-1])}."
        )
        for name, target in mapping.items()
        if target not in TARGETS
    ]
    if len(mapping) > MOST_COLUMNS:
        problems.append(FieldProblem("mapping", f"It may name {MOST_COLUMNS} columns."))
    if problems:
        raise InvalidInputError(f"{problems[0].field}: {problems[0].message}", problems)
    return {column_name(name): target for name, target in mapping.items()}
