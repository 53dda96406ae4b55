"""The command line as people run it: a process of its own, in an empty directory, set up by the test alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from web.cli import main

APP = Path(__file__).resolve().parents[3] / "app.py"
TIMEOUT = 90  # seconds; only to notice a hang

Taskbeam = Callable[..., "subprocess.CompletedProcess[str]"]


def clean_environment(data_dir: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TASKBEAM_")}
    return kept | {"TASKBEAM_DATA_DIR": str(data_dir), "TASKBEAM_PORT": "0", "TASKBEAM_WORKERS": "1"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """For every process of a test; tests add their settings to it."""
    return clean_environment(tmp_path / "data")


@pytest.fixture
def data_dir(environment: dict[str, str]) -> Path:
    return Path(environment["TASKBEAM_DATA_DIR"])


@pytest.fixture
def taskbeam(tmp_path: Path, environment: dict[str, str]) -> Taskbeam:
    """Runs `python app.py …` to its end: `taskbeam("keys", "list")`."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(APP), *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    return run


@pytest.fixture
def inside(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs a command in this process, which is quick: (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TASKBEAM_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str) -> tuple[int, str, str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return main(arguments), *capsys.readouterr()

    return run


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `python app.py …` and gives the process; it is killed when the test ends."""
    processes: list[subprocess.Popen[str]] = []
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # So it is in the background of a shell; what we start would inherit it and never hear of Ctrl-C.
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(APP), *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()
