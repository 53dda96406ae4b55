"""Where the benchmarks' data lies: never inside the project."""

from __future__ import annotations

import os
from pathlib import Path

_BESIDE_THE_CHECKOUT = Path(__file__).parents[2].parent / "shared" / "data"


def shared_data() -> Path | None:
    """The folder of shared data: `TASKBEAM_SHARED_DATA`, else ../shared/data beside the checkout, else None."""
    folder = Path(os.environ.get("TASKBEAM_SHARED_DATA", _BESIDE_THE_CHECKOUT))
    return folder if folder.is_dir() else None
