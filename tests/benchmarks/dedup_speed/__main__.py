"""Speed and memory of dedup beside MinHash engines: `python -m tests.benchmarks.dedup_speed [--size 100000]`.

`taskbeam` is a whole task, from its start to its last row in SQLite, on all cores; then a second one over the bank that
has grown by `--grow` questions, and one over what has not changed. `taskbeam method` is what the engines beside it are
to be compared with: from raw texts in memory to clusters in memory, on all cores. The engines do less: signatures and
candidate look-ups on the raw texts (stem and options) in memory, no canonical form, no guards, no clusters. What is not
installed is said and left out. Each row runs in a process of its own, `--rounds` times in turn; the table has the
fastest of each, for a machine that others use, too, is slow at times.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from services.dedup.pipeline import QuestionText
from tests.benchmarks.dedup_speed.bank import real_questions, synthetic_bank
from tests.benchmarks.dedup_speed.in_memory import find_clusters
from tests.benchmarks.dedup_speed.task import run_tasks
from tests.benchmarks.shared_data import shared_data

_ENGINES = ("taskbeam", "taskbeam method", "rensa words", "rensa 3-grams", "datasketch words")
_PERMUTATIONS, _BANDS = 64, 16


def main() -> int:
    arguments = _arguments()
    if shared_data() is None:
        print("Skipped: the questions are not here. Set TASKBEAM_SHARED_DATA to the folder that holds `questions`.")
        return 0
    if arguments.engine:
        print(json.dumps(_measure(arguments.engine, arguments.size, arguments.grow, arguments.seed)))
        return 0
    print(f"{arguments.size:,} questions in one group, {os.cpu_count()} cores; ratio: the method's time to a rival's")
    print(f"{'':18} {'seconds':>8} {'ratio':>6} {'MB':>6}  what it found")
    engines = [engine for engine in arguments.engines if _is_here(engine)]
    rounds = [[_in_a_process(engine, arguments) for engine in engines] for _ in range(arguments.rounds)]
    tables = [min(tables, key=lambda rows: float(rows[0]["seconds"])) for tables in zip(*rounds, strict=True)]
    ours = next((rows[0]["seconds"] for rows in tables if rows[0]["name"] == "taskbeam method"), None)
    for row in (row for rows in tables for row in rows):
        is_rival = not row["name"].startswith(("taskbeam", " "))
        ratio = f"{ours / row['seconds']:6.2f}" if ours and is_rival else " " * 6
        print(f"{row['name']:18} {row['seconds']:8.1f} {ratio} {row['megabytes']:6.0f}  {row['found']}")
    return 0


def _is_here(engine: str) -> bool:
    package = engine.split(maxsplit=1)[0]
    is_here = package == "taskbeam" or importlib.util.find_spec(package) is not None
    if not is_here:
        print(f"{engine:18} not installed: pip install {package}")
    return is_here


def _in_a_process(engine: str, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.benchmarks.dedup_speed", "--engine", engine]
    command += ["--size", str(arguments.size), "--seed", str(arguments.seed), "--grow", str(arguments.grow)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    rows: list[dict[str, Any]] = json.loads(output.splitlines()[-1])
    return rows


def _measure(engine: str, size: int, grow: int, seed: int) -> list[dict[str, Any]]:
    """Rows of the table; memory is all workers' together, an engine's the peak beyond what the bank itself takes."""
    folder = shared_data()
    assert folder is not None
    bank = synthetic_bank(real_questions(folder), size + (grow if engine == "taskbeam" else 0), seed)
    if engine == "taskbeam":
        return _taskbeam(bank, grow)
    if engine == "taskbeam method":
        run = find_clusters(bank)
        found = ", ".join(f"{verdict} {count}" for verdict, count in run.pairs.items() if count)
        found = f"{run.clusters} clusters of pairs: {found}"
        return [{"name": engine, "seconds": run.seconds, "megabytes": run.megabytes, "found": found}]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    texts = [" ".join([question.stem, *question.options]) for question in bank]
    tokens: Callable[[str], Sequence[str]] = str.split if engine.endswith("words") else _trigrams
    began = time.perf_counter()
    found = _rensa(texts, tokens) if engine.startswith("rensa") else _datasketch(texts, tokens)
    seconds = time.perf_counter() - began
    megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return [{"name": engine, "seconds": seconds, "megabytes": megabytes, "found": found}]


def _taskbeam(bank: Sequence[QuestionText], grow: int) -> list[dict[str, Any]]:
    names = ["taskbeam", f"  grown by {grow}", "  unchanged"]
    return [
        {
            "name": name,
            "seconds": run.seconds,
            "megabytes": run.megabytes,
            "found": f"exact {run.result['exact']}, near {run.result['near']}, review {run.result['review']}, "
            f"variant {run.result['variant']} ({run.stages})",
        }
        for name, run in zip(names, run_tasks(bank, grow), strict=False)
    ]


def _rensa(texts: Sequence[str], tokens: Callable[[str], Sequence[str]]) -> str:
    import rensa

    index = rensa.RMinHashLSH(threshold=0.6, num_perm=_PERMUTATIONS, num_bands=_BANDS)
    hashes = []
    for number, text in enumerate(texts):
        hashed = rensa.RMinHash(num_perm=_PERMUTATIONS, seed=1)
        hashed.update(tokens(text))
        index.insert(number, hashed)
        hashes.append(hashed)
    return f"{sum(len(index.query(hashed)) for hashed in hashes) - len(texts)} candidates"


def _datasketch(texts: Sequence[str], tokens: Callable[[str], Sequence[str]]) -> str:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=_PERMUTATIONS, params=(_BANDS, _PERMUTATIONS // _BANDS))
    hashes = []
    for number, text in enumerate(texts):
        hashed = MinHash(num_perm=_PERMUTATIONS, seed=1)
        hashed.update_batch([token.encode("utf-8", "surrogatepass") for token in tokens(text)])
        index.insert(number, hashed)
        hashes.append(hashed)
    return f"{sum(len(index.query(hashed)) for hashed in hashes) - len(texts)} candidates"


def _trigrams(text: str) -> list[str]:
    return [text[i : i + 3] for i in range(max(1, len(text) - 2))]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--grow", type=int, default=1_000, help="questions that a second task finds added")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", nargs="*", default=list(_ENGINES), metavar="NAME", help=", ".join(_ENGINES))
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
