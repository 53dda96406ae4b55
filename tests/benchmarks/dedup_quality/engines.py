"""What similarity alone makes of the same questions: rensa and datasketch at a threshold, the pairs joined to clusters.

Both are read lazily; an engine that is not installed is left out.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Row = dict[str, Any]
Pairs = Iterator[tuple[int, int, float]]

_PERMUTATIONS, _BANDS = 128, 32
_NGRAM = 3


def installed() -> list[str]:
    return [name for name in _ENGINES if importlib.util.find_spec(name)]


def predict(engine: str, rows: Sequence[Row], threshold: float) -> list[Row]:
    """The lines evaluate.py reads: clusters are the connected pairs of estimated Jaccard similarity >= `threshold`."""
    texts = [" ".join([row["stem"], *row["options"]]) for row in rows]
    parent = list(range(len(rows)))
    for one, other, similarity in _ENGINES[engine](texts):
        if similarity >= threshold:
            parent[_root(parent, other)] = _root(parent, one)
    return [
        {"external_id": row["external_id"], "cluster_id": _root(parent, number), "verdict": "near"}
        for number, row in enumerate(rows)
    ]


def _root(parent: list[int], number: int) -> int:
    while parent[number] != number:
        parent[number] = parent[parent[number]]
        number = parent[number]
    return number


def _grams(text: str) -> list[str]:
    return [text[i : i + _NGRAM] for i in range(max(1, len(text) - _NGRAM + 1))]


def _rensa(texts: Sequence[str]) -> Pairs:
    import rensa

    index = rensa.RMinHashLSH(threshold=0.5, num_perm=_PERMUTATIONS, num_bands=_BANDS)
    hashes: list[Any] = []
    for number, text in enumerate(texts):
        hashed = rensa.RMinHash(num_perm=_PERMUTATIONS, seed=1)
        hashed.update(_grams(text))
        for other in index.query(hashed):
            yield other, number, hashes[other].jaccard(hashed)
        index.insert(number, hashed)
        hashes.append(hashed)


def _datasketch(texts: Sequence[str]) -> Pairs:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=_PERMUTATIONS, params=(_BANDS, _PERMUTATIONS // _BANDS))
    hashes: list[Any] = []
    for number, text in enumerate(texts):
        hashed = MinHash(num_perm=_PERMUTATIONS, seed=1)
        hashed.update_batch([gram.encode("utf-8", "surrogatepass") for gram in _grams(text)])
        for other in index.query(hashed):
            yield other, number, hashes[other].jaccard(hashed)
        index.insert(number, hashed)
        hashes.append(hashed)


_ENGINES: dict[str, Callable[[Sequence[str]], Pairs]] = {"rensa": _rensa, "datasketch": _datasketch}
