"""Cameras as the server runs them: the tests of watching and of faults again in a patched interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PATCH = "import warnings; warnings.simplefilter('ignore'); import eventlet; eventlet.monkey_patch(); "


@pytest.mark.timeout(300)  # two files of tests
def test_everything_holds_in_a_patched_interpreter() -> None:
    tests = [str(Path(__file__).with_name(name)) for name in ("test_watching.py", "test_faults.py")]
    script = f"{PATCH}import pytest, sys; sys.exit(pytest.main(['-q', '-x', '-p', 'no:cacheprovider', *{tests}]))"
    command = [sys.executable, "-c", script]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
