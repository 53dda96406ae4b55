"""Exact copies by fingerprint alone: which rows are one entry, and which of them stands for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.dedup.cluster import Entry, Settled, split_copies
from services.dedup.store import Prints


@dataclass(frozen=True, slots=True)
class Outline:
    """What clusters look at in a question, in a few bytes: a length for the stem, a hash for the answer."""

    stem: range
    options: range
    answer: int


@dataclass(frozen=True, slots=True)
class Heads:
    """The entries of a group.

    Attributes:
        rows: the row that stands for each, ascending.
        copies: the rows of each entry that has several, by the row that stands for it; that one first.
    """

    rows: npt.NDArray[np.int64]
    copies: Mapping[int, list[int]]


def heads_of(prints: Prints, settled: Settled) -> Heads:
    """The entries, as `cluster.exact_entries` makes them from the texts."""
    order = np.argsort(prints.exact, kind="stable")
    exact, answers = prints.exact[order], prints.answers[order]
    starts = np.flatnonzero(np.r_[True, exact[1:] != exact[:-1]]) if len(exact) else np.zeros(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, len(exact)])
    by_row = {row: settled[key] for row, key in enumerate(prints.ids.tolist()) if key in settled} if settled else {}
    is_open = np.r_[False, answers[1:] != answers[:-1]][: len(order)]
    is_open[starts] = False
    if by_row:
        is_open |= np.isin(order, list(by_row))
    copies: dict[int, list[int]] = {}
    alone: list[int] = []
    several = np.flatnonzero(sizes > 1)
    doubtful = np.add.reduceat(is_open, starts)[several] > 0 if len(several) else several
    for start, size, is_doubtful in zip(
        starts[several].tolist(), sizes[several].tolist(), doubtful.tolist(), strict=True
    ):
        rows = order[start : start + size].tolist()
        if not is_doubtful:
            copies[rows[0]] = rows
            continue
        by_answer = dict(zip(rows, answers[start : start + size].tolist(), strict=True))
        for part in split_copies(rows, by_answer, by_row):
            if len(part) == 1:
                alone.append(part[0])
            else:
                copies[part[0]] = part
    rest = np.array([*alone, *copies], dtype=np.int64)
    return Heads(np.sort(np.concatenate([order[starts[sizes == 1]], rest])), copies)


def entries_of(prints: Prints, heads: Heads, rows: npt.NDArray[np.int64]) -> list[Entry]:
    """The entries that these rows, ascending, stand for."""
    ids, answers, shapes = prints.ids[rows].tolist(), prints.answers[rows].tolist(), prints.shapes[rows].tolist()
    lengths = {shape: (range(shape >> 1), range(shape & 1)) for shape in set(shapes)}
    return [
        Entry(
            Outline(*lengths[shape], answer),
            tuple(prints.ids[heads.copies[row]].tolist()) if row in heads.copies else (key,),
            row,
        )
        for row, key, answer, shape in zip(rows.tolist(), ids, answers, shapes, strict=True)
    ]
