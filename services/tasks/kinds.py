"""The kinds of task: what their units are called, and where their job is found by a worker process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """`unit` is the word users see; `job` a "module:Class" only worker processes import (None: computed elsewhere).

    `isolates`: a unit that fails for a reason of its own does not fail its task; the job says what becomes of it.
    """

    name: str
    unit: str
    job: str | None
    isolates: bool = False


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("dedup", unit="group", job="services.dedup.job:DedupJob"),
        Kind("import", unit="row", job="services.banks.job:ImportJob"),
        Kind("ocr", unit="page", job="services.ocr.job:OcrJob", isolates=True),
        Kind("external", unit="step", job=None),
    )
}
