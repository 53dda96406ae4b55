"""`make` as a newcomer meets it: what it would install, and what it says when something is missing."""

import os
import shutil
import subprocess

import pytest

from tests.conftest import ROOT, absent

NOT_KEPT = ("CI", "EASYOCR", "MAKE", "MFLAGS", "ARGS")  # this may run inside a `make test`


@pytest.fixture
def make(tmp_path):
    """Runs make in a copy of the project where nothing is installed yet."""
    if shutil.which("make") is None:
        absent("make is not installed")
    locks = ("web/client/package-lock.json", "web/dashboard/package-lock.json")
    names = ("Makefile", "requirements.txt", "requirements-core.txt", "requirements-dev.txt", "tests/node", *locks)
    for name in names:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("node_modules"))
        else:
            shutil.copy(source, target)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_KEPT)}

    def run(*arguments):
        return subprocess.run(
            ["make", *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def test_run_installs_the_core_migrates_and_serves(make):
    plan = make("-n", "run").stdout

    steps = ["-m venv .venv", "-r requirements-core.txt", "app.py migrate", "app.py serve"]
    assert sorted(steps, key=plan.index) == steps
    assert "-r requirements.txt" not in plan


@pytest.mark.parametrize("asked", ["EASYOCR=1", "CI=true"])
def test_the_optional_engine_is_installed_when_asked_for_and_in_ci(make, asked):
    assert "-r requirements.txt" in make("-n", "run", asked).stdout


def test_test_installs_what_tests_need_before_they_run(make):
    plan = make("-n", "test", "ARGS=-k dedup").stdout

    steps = ["-r requirements-core.txt", "-r requirements-dev.txt", "npm ci", "-m pytest -n 3 --dist loadfile -k dedup"]
    assert sorted(steps, key=plan.index) == steps


def test_nothing_is_installed_twice(make, tmp_path):
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for name in ("bin/python", ".installed-core", ".installed-dev", ".installed-node", ".node-ready"):
        (tmp_path / ".venv" / name).touch()
    for name in ("web/client", "web/dashboard"):
        (tmp_path / name / "node_modules").mkdir()
        (tmp_path / name / "node_modules" / ".installed").touch()

    plan = make("-n", "test").stdout
    assert "pytest" in plan
    assert "pip install" not in plan
    assert "npm ci" not in plan

    os.utime(tmp_path / "requirements-core.txt", (2**32, 2**32))
    assert "-r requirements-core.txt" in make("-n", "test").stdout


def test_a_machine_without_python_is_told_what_it_needs(make):
    done = make("run", "PYTHON=")

    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stdout


def test_a_python_without_ensurepip_is_told_the_package(make, tmp_path):
    python = tmp_path / "python-without-ensurepip"
    python.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexit 0\n')
    python.chmod(0o755)

    done = make("run", f"PYTHON={python}")

    assert done.returncode != 0
    assert "apt install python3-venv" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_make_alone_lists_the_targets(make):
    listed = [line.split()[1] for line in make().stdout.splitlines()]

    assert listed == ["help", "run", "test", "check", "bench", "format", "clean", "dashboard"]
