"""Which method made a stored result: the versions that its authors raise, and a digest of its code and word lists.

The digest is there because a version that somebody forgot to raise would keep old verdicts in force in silence. It is
of every module that is not known to have no say, so that a new one counts by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path

import xxhash

from services.dedup import canonical, fingerprint

_FOLDER = Path(__file__).parent
_NO_SAY = frozenset(
    [
        *("__init__", "decisions", "export", "findings", "groups", "job", "ledger", "preview", "review", "settled"),
        *("state", "store", "version", "acts", "conflicts", "deciding", "many", "output", "review_figures", "sampling"),
        *("forms", "handover", "heirs", "lookup", "packing"),
    ]
)
_NO_SAY_IN_PRINTS = frozenset(
    ["candidates", "cluster", "edges", "entries", "guards", "pipeline", "scan", "search", "stretches", "verify"]
)


@cache
def prints_version() -> str:
    """Of fingerprints: another one's are computed anew."""
    return f"{canonical.VERSION}.{fingerprint.VERSION}-{_digest(_NO_SAY | _NO_SAY_IN_PRINTS)}"


@cache
def method_version() -> str:
    """Of clusters: a group whose clusters another one found is searched anew; they keep their ids."""
    return f"{prints_version()}-{_digest(_NO_SAY)}"


def _digest(without: Collection[str]) -> str:
    modules = [path for path in sorted(_FOLDER.glob("*.py")) if path.stem not in without]
    lists = sorted(path for path in (_FOLDER / "data").rglob("*") if path.is_file())
    digest = xxhash.xxh3_64()
    for path in [*modules, *lists]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
