"""`doctor`, asked for over REST: in a process of its own, so that neither its waits nor its faults are ours."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import eventlet
import orjson
from eventlet.green import subprocess as green_subprocess

from services.config import Settings
from services.errors import TaskbeamError, UnitTimeoutError

EXAMINER = "taskbeam.examiner"

_APP = Path(__file__).resolve().parent.parent / "app.py"
_PATIENCE = 120.0  # seconds; every check has a limit of its own, well below
_FRESH = 5.0  # seconds for which an answer is given again


class Examiner:
    """One examination at a time, whoever asks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = eventlet.semaphore.Semaphore()
        self._latest: Mapping[str, Any] = {"findings": [], "examined_at": 0.0}

    def examine(self) -> Mapping[str, Any]:
        """Its findings, at most five seconds old.

        Raises:
            UnitTimeoutError: it did not come to an end.
            TaskbeamError: it said nothing that could be read.
        """
        asked_at = time.time()
        with self._turn:
            if self._latest["examined_at"] < asked_at - _FRESH:
                self._latest = {"findings": _findings(self._settings), "examined_at": time.time()}
            return self._latest


def _findings(settings: Settings) -> list[dict[str, str]]:
    # Status 1 says that something is amiss, which is an answer like any other.
    command = [sys.executable, str(_APP), "doctor", "--json"]
    # It reads the same environment as we did; these two may have been given to us in another way.
    given = {"TASKBEAM_DATA_DIR": str(settings.data_dir), "TASKBEAM_DATABASE_URL": settings.database_url or ""}
    try:
        done = green_subprocess.run(
            command, env=os.environ | given, capture_output=True, check=False, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired as error:
        raise UnitTimeoutError(f"The checks took longer than {_PATIENCE:.0f} s. Try: python app.py doctor") from error
    try:
        findings: list[dict[str, str]] = orjson.loads(done.stdout)
    except orjson.JSONDecodeError as error:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise TaskbeamError(f"doctor ended with status {done.returncode}: {said[-1] if said else ''}") from error
    return findings
