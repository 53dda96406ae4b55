"""Fingerprints of a group, kept from run to run in parts: what did not change is read instead of computed.

A part holds the questions from one id up to the next part's first. It says which method made it and which questions it
was made from; where either differs, the rows that changed are computed, and the part is written again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import xxhash
from sqlalchemy import ColumnElement, Row, delete, func, insert, select

from models import Database, FingerprintPart, Question
from services.batches import chunks
from services.dedup.canonical import Canonical, canonicalise_all
from services.dedup.fingerprint import Sketches, fingerprint, text_key
from services.dedup.groups import Group, digest_of
from services.dedup.lookup import places
from services.dedup.packing import packed, unpacked
from services.dedup.profiles import PROFILE, Profiles, Shapes, profiles_of
from services.dedup.version import prints_version
from services.runners.base import UnitContext

PART, _LARGEST_PART, _MOST_PARTS = 5_000, 20_000, 40
"""Questions in a part: less than a second of work, half a megabyte stored; more where a group would have many parts."""
_FETCHED = 2_000  # rows of texts in memory at once
Tell = Callable[[int], None]
"""Told how many rows are done."""
Keep = Callable[["Prints", Sequence[Canonical]], None]
"""Given the canonical forms that had to be made, with their fingerprints."""


@dataclass(slots=True)
class Prints:
    """Fingerprints of n questions, ascending by id; all arrays are of length n but `values`.

    Attributes:
        ids: int64.
        changed: float64, `updated_at` when they were made.
        texts: uint64, hash of the raw stem, options and answer.
        exact: uint64, equal where the canonical questions are.
        numbers: uint64, equal where the numbers are, in their order.
        answers: uint64, hash of the canonical answer, 0 where there is none.
        shapes: uint32, length of the canonical stem, doubled, and one more where there are options.
        profiles: of the canonical stem, see `profiles`.
        sizes: uint8, how many values each sketch has.
        values: uint32, the sketches one after the other.
    """

    ids: npt.NDArray[np.int64]
    changed: npt.NDArray[np.float64]
    texts: npt.NDArray[np.uint64]
    exact: npt.NDArray[np.uint64]
    numbers: npt.NDArray[np.uint64]
    answers: npt.NDArray[np.uint64]
    shapes: Shapes
    profiles: Profiles
    sizes: npt.NDArray[np.uint8]
    values: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.ids)

    def sketches(self) -> Sketches:
        return Sketches(self.values, self.sizes)

    def rows(self, mask: npt.NDArray[Any]) -> Prints:
        """Some rows, by a mask or by ascending or other order of row numbers."""
        kept = np.flatnonzero(mask) if mask.dtype == np.bool_ else mask
        ends = np.cumsum(self.sizes, dtype=np.int64)
        sizes = self.sizes[kept]
        starts = (ends - self.sizes)[kept]
        offsets = np.cumsum(sizes, dtype=np.int64) - sizes
        places = np.repeat(starts - offsets, sizes) + np.arange(int(sizes.sum()), dtype=np.int64)
        singles: dict[str, Any] = {field.name: getattr(self, field.name)[kept] for field in fields(self)[:-1]}
        return Prints(**singles, values=self.values[places])

    def to_bytes(self) -> bytes:
        return packed((len(self), len(self.values)), [getattr(self, field.name) for field in fields(self)])

    @classmethod
    def from_bytes(cls, data: bytes) -> Prints:
        return cls(*unpacked(data, _DTYPES, lambda rows, values: [*[rows] * (len(_DTYPES) - 1), values]))

    @classmethod
    def joined(cls, parts: Sequence[Prints]) -> Prints:
        """Of several, one after the other; an empty one of none."""
        parts = parts or [cls(*(np.zeros(0, dtype) for dtype in _DTYPES))]
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


_DTYPES: tuple[Any, ...] = (
    np.int64, np.float64, np.uint64, np.uint64, np.uint64, np.uint64, np.uint32, PROFILE, np.uint8, np.uint32,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """Ids from `first` on, up to `until` (None: no end)."""

    first: int
    until: int | None

    def conditions(self, column: Any = Question.id) -> list[ColumnElement[bool]]:
        return [column >= self.first, *([column < self.until] if self.until is not None else [])]


def spans(database: Database, group: Group) -> list[Span]:
    """The parts that a group has, and where it has grown, those it will have; together they hold every id."""
    known = select(FingerprintPart.first_id).where(*_of(group)).order_by(FingerprintPart.first_id)
    firsts = [row.first_id for row in database.fetch_all(known)] or [0]
    in_last = Question.id >= firsts[-1]
    sizes = select(func.count(), func.count().filter(in_last)).where(*group.conditions())
    whole, last = tuple(database.fetch_all(sizes)[0])
    part = max(PART, min(whole // _MOST_PARTS, _LARGEST_PART))
    if last > part + part // 2:  # it has room for a half more; only then it is cut
        place = func.row_number().over(order_by=Question.id).label("place")
        numbered = select(Question.id, place).where(*group.conditions(), in_last).subquery()
        cuts = select(numbered.c.id).where(numbered.c.place % part == 1, numbered.c.place > 1).order_by(numbered.c.id)
        firsts += [row.id for row in database.fetch_all(cuts)]
    return [Span(first, until) for first, until in zip(firsts, [*firsts[1:], None], strict=True)]


def load(database: Database, group: Group) -> Prints:
    """What is stored of a group."""
    stored = select(FingerprintPart.data).where(*_of(group), FingerprintPart.version == prints_version())
    parts = [Prints.from_bytes(row.data) for row in database.stream(stored.order_by(FingerprintPart.first_id), 4)]
    return Prints.joined(parts)


def refresh(
    group: Group,
    span: Span,
    context: UnitContext,
    tell: Tell = lambda _done: None,
    keep: Keep = lambda _prints, _forms: None,
) -> Prints:
    """The fingerprints of one part, brought up to date; stored again only where they were not."""
    digest, _ = digest_of(context.database, group, *span.conditions())
    stored = _stored(context.database, group, span)
    if stored is not None and stored.digest == digest and stored.version == prints_version():
        return Prints.from_bytes(stored.data)
    usable = stored is not None and stored.version == prints_version()
    earlier = Prints.from_bytes(stored.data) if stored is not None and usable else Prints.joined([])
    current = _remade(group, span, earlier, context, tell, keep)
    _store(group, span, digest, current, context)
    return current


def _of(group: Group) -> list[ColumnElement[bool]]:
    return [FingerprintPart.bank_id == group.bank_id, FingerprintPart.group_key == group.key]


def _stored(database: Database, group: Group, span: Span) -> Row[Any] | None:
    columns = (FingerprintPart.digest, FingerprintPart.version, FingerprintPart.data)
    rows = database.fetch_all(select(*columns).where(*_of(group), FingerprintPart.first_id == span.first))
    return rows[0] if rows else None


def _remade(group: Group, span: Span, earlier: Prints, context: UnitContext, tell: Tell, keep: Keep) -> Prints:
    conditions = [*group.conditions(), *span.conditions()]
    if not len(earlier):
        statement = select(*TEXT_COLUMNS).where(*conditions).order_by(Question.id)
        return Prints.joined(
            list(_computed(chunks(context.database.stream(statement, _FETCHED), _FETCHED), tell, keep))
        )
    now = context.database.fetch_all(select(Question.id, Question.updated_at).where(*conditions).order_by(Question.id))
    ids = np.array([row.id for row in now], dtype=np.int64)
    changed = np.array([row.updated_at for row in now], dtype=np.float64)
    place, is_known = places(earlier.ids, ids)
    same = is_known & (earlier.changed[place] == changed)
    fresh = list(_computed(texts_of(context.database, ids[~same].tolist()), tell, keep))
    both = Prints.joined([earlier.rows(place[same]), *fresh])
    return both.rows(np.argsort(both.ids, kind="stable"))


def _store(group: Group, span: Span, digest: str, prints: Prints, context: UnitContext) -> None:
    row = {"bank_id": group.bank_id, "group_key": group.key, "first_id": span.first}
    row |= {"version": prints_version(), "digest": digest, "data": prints.to_bytes()}
    with context.database.transaction() as session:
        context.guard(session)
        session.execute(delete(FingerprintPart).where(*_of(group), FingerprintPart.first_id == span.first))
        session.execute(insert(FingerprintPart), [row])


TEXT_COLUMNS = (Question.id, Question.updated_at, Question.stem, Question.options, Question.answer)
_TEXTS = slice(2, None)  # of a row of these
TextRows = Sequence[Any]
"""Rows of these columns, ascending by id."""


def texts_of(database: Database, ids: Sequence[int]) -> Iterator[TextRows]:
    """The raw texts of some questions, chunk by chunk, in the order of their ids."""
    for some in chunks(ids, _FETCHED):
        yield database.fetch_all(select(*TEXT_COLUMNS).where(Question.id.in_(some)).order_by(Question.id))


def stems_of(database: Database, ids: Sequence[int]) -> dict[int, str]:
    """The displayed stems of some questions by id."""
    stems: dict[int, str] = {}
    for some in chunks(ids, _FETCHED):
        rows = database.fetch_all(select(Question.id, Question.stem).where(Question.id.in_(some)))
        stems.update((row.id, row.stem) for row in rows)
    return stems


def canonicals_of(rows: TextRows) -> list[Canonical]:
    return canonicalise_all([row[_TEXTS] for row in rows])


def _computed(chunks: Iterable[TextRows], tell: Tell, keep: Keep) -> Iterator[Prints]:
    done = 0
    for rows in chunks:
        forms = canonicals_of(rows)
        prints = prints_of(rows, forms)
        keep(prints, forms)
        yield prints
        done += len(rows)
        tell(done)


def prints_of(rows: TextRows, canonicals: Sequence[Canonical]) -> Prints:
    """Fingerprints of rows and their canonical forms."""
    found = fingerprint(canonicals)
    # By place: by name a row's column takes longer to find than to hash.
    return Prints(
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array([row[1] for row in rows], dtype=np.float64),
        np.array([xxhash.xxh3_64_intdigest(orjson.dumps(row[_TEXTS])) for row in rows], dtype=np.uint64),
        found.exact,
        found.numbers,
        np.array([text_key(each.answer) if each.answer else 0 for each in canonicals], dtype=np.uint64),
        np.array([2 * len(each.stem) + bool(each.options) for each in canonicals], dtype=np.uint32),
        profiles_of([each.stem for each in canonicals]),
        found.sketches.sizes,
        found.sketches.values,
    )
