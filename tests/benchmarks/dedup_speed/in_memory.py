"""The method alone, from raw texts in memory to clusters in memory, on all cores: what the engines beside it do.

The steps and their shares are those of a task. What a task's units hand to each other through the database goes
through files here; nothing is read from it, nothing written to it.
"""

from __future__ import annotations

import gc
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np

from services.dedup.candidates import Share, pair_blocks
from services.dedup.canonical import Canonical
from services.dedup.cluster import Pair, Star, build_stars
from services.dedup.edges import Edges
from services.dedup.entries import Heads, entries_of, heads_of
from services.dedup.forms import Forms, unpack, wanted_forms
from services.dedup.options import DedupOptions
from services.dedup.pipeline import QuestionText
from services.dedup.profiles import may_be_alike
from services.dedup.state import Ids
from services.dedup.store import Prints, TextRows, canonicals_of, prints_of
from services.dedup.verify import Comparison, Verdict, compare
from tests.benchmarks.dedup_speed.bank import scanned
from tests.benchmarks.dedup_speed.watch import most_memory

_BLOCK = 1_000  # rows that are made canonical at once; blocks go to the workers in turn
_OPTIONS = DedupOptions()


@dataclass(frozen=True, slots=True)
class Found:
    """Seconds from the first canonical form to the last cluster, megabytes of the workers, what was found."""

    seconds: float
    megabytes: float
    clusters: int
    pairs: dict[str, int]


def find_clusters(bank: Sequence[QuestionText]) -> Found:
    """The clusters of a bank. The workers have their texts and word lists before the clock runs."""
    parts = os.cpu_count() or 1
    rows = [(each.id, 0.0, each.stem, each.options, each.answer) for each in bank]
    blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workers = [_start(Share(part, parts), blocks[part::parts], folder) for part in range(parts)]
        _meet(workers)
        with most_memory() as megabytes:
            began = time.perf_counter()
            for _ in ("prints", "edges"):
                for _, pipe in workers:
                    pipe.send(True)
                _meet(workers)
            gc.disable()
            stars, edges = _stars(folder)
            seconds = time.perf_counter() - began
            gc.enable()
        for process, pipe in workers:
            pipe.send(False)
            process.join()
    counts = np.bincount(edges.verdicts, minlength=len(Verdict)).tolist()
    return Found(seconds, max(megabytes), len(stars), dict(zip(map(str, Verdict), counts, strict=True)))


def _start(share: Share, blocks: Sequence[TextRows], folder: Path) -> tuple[BaseProcess, Connection]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, share, folder), daemon=True)
    process.start()
    ours.send(blocks)
    return process, ours


def _meet(workers: Sequence[tuple[BaseProcess, Connection]]) -> None:
    for _, pipe in workers:
        pipe.recv()


def _work(pipe: Connection, share: Share, folder: Path) -> None:
    gc.disable()
    blocks: list[TextRows] = pipe.recv()
    _read_word_lists(blocks[0])
    pipe.send("ready")
    pipe.recv()
    forms = _make_canonical(blocks, share, folder)
    pipe.send("prints")
    pipe.recv()
    edges = _alike(_prints(folder), share, forms, folder)
    (folder / f"{share.part}.edges").write_bytes(edges.to_bytes())
    pipe.send("edges")
    pipe.recv()


def _read_word_lists(rows: TextRows) -> None:
    """Each process reads them once in its life."""
    some = canonicals_of(rows[:200])
    noisy = canonicals_of([(*row[:2], scanned(random.Random(1), row[2]), *row[3:]) for row in rows[:200]])
    for one, other in zip(some, noisy, strict=True):
        compare(one, other, _OPTIONS)


def _make_canonical(blocks: list[TextRows], share: Share, folder: Path) -> dict[int, Canonical]:
    forms: dict[int, Canonical] = {}
    for number in range(len(blocks)):
        rows = blocks.pop(0)
        canonicals = canonicals_of(rows)
        prints = prints_of(rows, canonicals)
        name = f"{number * share.parts + share.part:06}"
        (folder / f"{name}.prints").write_bytes(prints.to_bytes())
        (folder / f"{name}.forms").write_bytes(Forms.of(prints.ids, prints.texts, canonicals).to_bytes())
        forms.update(zip(prints.ids.tolist(), canonicals, strict=True))
    return forms


def _read(folder: Path, kind: str) -> Iterator[bytes]:
    return (path.read_bytes() for path in sorted(folder.glob(f"*.{kind}")))


def _prints(folder: Path) -> Prints:
    return Prints.joined([Prints.from_bytes(data) for data in _read(folder, "prints")])


def _alike(prints: Prints, share: Share, forms: dict[int, Canonical], folder: Path) -> Edges:
    """The alike pairs of a share; `forms` are those that the process has made itself."""
    heads = heads_of(prints, {})
    sketches, numbers = prints.sketches().of_rows(heads.rows), prints.numbers[heads.rows]
    met = heads.rows[np.concatenate([pairs for pairs, _ in pair_blocks(sketches, numbers, share)])]
    pairs = met[may_be_alike(prints.shapes, prints.profiles, met, _OPTIONS.floor)]
    forms.update(_forms_of(prints, np.setdiff1d(pairs, np.searchsorted(prints.ids, list(forms))), folder))
    compared = [(a, b, compare(forms[a], forms[b], _OPTIONS)) for a, b in prints.ids[pairs].tolist()]
    return Edges.of([(a, b, comparison) for a, b, comparison in compared if comparison])


def _forms_of(prints: Prints, rows: Ids, folder: Path) -> dict[int, Canonical]:
    packed = wanted_forms(_read(folder, "forms"), prints.ids[rows], prints.texts[rows])
    return {key: unpack(form) for key, form in packed.items()}


def _stars(folder: Path) -> tuple[list[Star], Edges]:
    prints = _prints(folder)
    edges = Edges.joined([Edges.from_bytes(data) for data in _read(folder, "edges")])
    heads = heads_of(prints, {})
    rows = _rows_in_clusters(prints, heads, edges)
    entries = entries_of(prints, heads, rows)
    row_of = {key: row for row, key in enumerate(prints.ids[rows].tolist())}

    def compare_pairs(pairs: Sequence[Pair]) -> list[Comparison | None]:
        forms = _forms_of(prints, np.unique(rows[np.array(pairs, dtype=np.int64)]), folder) if pairs else {}
        ids = [(entries[a].ids[0], entries[b].ids[0]) for a, b in pairs]
        return [compare(forms[a], forms[b], _OPTIONS) for a, b in ids]

    return build_stars(entries, edges.comparisons(row_of, range(len(edges))), compare_pairs), edges


def _rows_in_clusters(prints: Prints, heads: Heads, edges: Edges) -> Ids:
    ends = np.searchsorted(prints.ids, np.concatenate([edges.a, edges.b]))
    return np.unique(np.concatenate([ends, np.array(list(heads.copies), dtype=np.int64)]))
