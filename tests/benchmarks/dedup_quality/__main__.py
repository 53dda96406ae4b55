"""Quality of the dedup method on the labelled set, beside engines that know similarity only:
`python -m tests.benchmarks.dedup_quality [--errors KIND] [--json] [--alone]`.

Rows: what an automatic merge got right and wrong, then the share of each kind that was merged with its base (for the
kinds that must not merge, the share of false merges). `--alone` leaves the engines out. The results on record are in
RESULTS.md beside this file.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.dedup.options import DedupOptions
from services.dedup.pipeline import GroupResult, QuestionText, deduplicate
from tests.benchmarks.dedup_quality import engines
from tests.benchmarks.shared_data import shared_data

Row = dict[str, Any]
Figures = dict[str, Any]

_THRESHOLDS = (0.8, 0.9)


def main() -> int:
    arguments = _arguments()
    folder = shared_data()
    labelled = Path(arguments.labelled) if arguments.labelled else folder and folder / "dedup-labelled" / "dev.jsonl.gz"
    if folder is None or labelled is None or not labelled.exists():
        print(
            "Skipped: the labelled set is not here. Set TASKBEAM_SHARED_DATA to the folder that holds dedup-labelled."
        )
        return 0
    rows = _read(labelled)
    evaluate = _evaluator(folder / "dedup-labelled" / "evaluate.py")
    started = time.perf_counter()
    predictions = predict(rows, DedupOptions())
    seconds = time.perf_counter() - started
    if arguments.errors:
        _print_errors(rows, predictions, arguments.errors)
    columns = {"taskbeam": evaluate(rows, predictions)}
    if not arguments.alone:
        columns |= _engine_columns(rows, evaluate)
    print(json.dumps(columns, ensure_ascii=False, indent=1) if arguments.json else _table(columns))
    print(f"{len(rows)} questions in {seconds:.1f} s, one process, {os.cpu_count()} cores")
    if not arguments.labelled:
        _print_real_banks(folder / "questions")
    return 0


def predict(rows: Sequence[Row], options: DedupOptions) -> list[Row]:
    """The lines evaluate.py reads: one for each member of each cluster."""
    predictions: list[Row] = []
    for result in _deduplicated(rows, options):
        predictions += _lines(rows, result)
    return predictions


def _deduplicated(rows: Iterable[Row], options: DedupOptions) -> list[GroupResult]:
    """The result of each group; a question's id is its place in `rows`."""
    groups: dict[tuple[str, ...], list[QuestionText]] = collections.defaultdict(list)
    for number, row in enumerate(rows):
        question = QuestionText(number, row["stem"], tuple(row["options"]), row["answer"] or "")
        groups[row["type_name"], row["subject_name"], row["channel_code"]].append(question)
    return [deduplicate(group, options, lambda _stage, _fraction: None) for group in groups.values()]


def _lines(rows: Sequence[Row], result: GroupResult) -> list[Row]:
    return [
        {
            "external_id": rows[member.question_id]["external_id"],
            "cluster_id": cluster.representative_id,
            "verdict": "representative" if n == 0 else str(member.verdict),
            "evidence": member.evidence,
        }
        for cluster in result.clusters
        for n, member in enumerate(cluster.members)
    ]


def _engine_columns(rows: Sequence[Row], evaluate: Callable[..., Figures]) -> dict[str, Figures]:
    return {
        f"{engine} {threshold:.2f}": evaluate(rows, engines.predict(engine, rows, threshold))
        for engine in engines.installed()
        for threshold in _THRESHOLDS
    }


def _table(columns: Mapping[str, Figures]) -> str:
    """One column for each method: figures over all, then the share merged of each kind."""
    width = max(map(len, columns))
    lines = ["".join([f"{'':36}", *(f"  {name:>{width}}" for name in columns)])]
    lines += [
        _line(name.replace("_", " "), [f"{figures[name]:.4f}" for figures in columns.values()], width)
        for name in ("f1", "precision", "recall", "recall_with_review")
    ]
    says = {"core": "merge", "shown": "merge or review", "review": "review", "split": "never merge", "free": "reported"}
    for kind, first in next(iter(columns.values()))["kinds"].items():
        shares = [f"{100 * figures['kinds'][kind]['merged_share']:.1f} %" for figures in columns.values()]
        lines.append(_line(f"{kind} ({says[first['role']]})", shares, width))
    return "\n".join(lines)


def _line(name: str, values: Iterable[str], width: int) -> str:
    return "".join([f"{name[:36]:36}", *(f"  {value:>{width}}" for value in values)])


def _print_real_banks(folder: Path) -> None:
    """Natural pairs of the real banks, of which no label is known: how many merge, how many are for review."""
    for path in sorted(folder.glob("*.jsonl.gz")):
        rows = _read(path)
        counts: collections.Counter[str] = collections.Counter()
        for result in _deduplicated(rows, DedupOptions()):
            for cluster in result.clusters:
                for member in cluster.members[1:]:
                    counts[member.verdict] += 1
                    if member.verdict == "near":
                        counts["agree"] += member.evidence["answers"] == "agree"
        print(
            f"{path.name}: {len(rows)} questions; exact {counts['exact']}, near {counts['near']} (answers agree in"
            f" {counts['agree']}), review {counts['review']}, variant {counts['variant']}"
        )


def _evaluator(script: Path) -> Callable[..., Figures]:
    """The labelled set's own judge."""
    spec = importlib.util.spec_from_file_location("evaluate", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    evaluate: Callable[..., Figures] = module.evaluate
    return evaluate


def _read(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _print_errors(rows: Sequence[Row], predictions: Sequence[Row], kind: str) -> None:
    """Members of one kind with what they are said to be, for reading."""
    by_external = {row["external_id"]: row for row in rows}
    placed = collections.defaultdict(list)
    for line in predictions:
        placed[line["external_id"]].append(line)
    for row in rows:
        if row["kind"] == kind:
            for line in placed.get(row["external_id"], [{"verdict": "none", "cluster_id": None, "evidence": {}}]):
                base = by_external[row["base_id"]]["stem"][:60]
                print(
                    line["verdict"], json.dumps(line["evidence"].get("differs"), ensure_ascii=False)[:300], repr(base)
                )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labelled", help="another labelled set than dev.jsonl.gz")
    parser.add_argument("--errors", metavar="KIND", help="list the members of one kind and their verdicts")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--alone", action="store_true", help="without the engines beside it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
