"""Nothing is lost or repeated, whatever dies: a few of the kill rounds (tests/load/kill_rounds.py runs fifty)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.load.kill_rounds import run_rounds

ROUNDS, QUESTIONS = 5, 1500


@pytest.mark.timeout(300)
def test_what_is_killed_in_the_middle_ends_as_if_undisturbed_on_sqlite(tmp_path: Path) -> None:
    assert sum(run_rounds(ROUNDS, seed=3, folder=tmp_path, questions=QUESTIONS).values()) == ROUNDS


@pytest.mark.timeout(300)
def test_what_is_killed_in_the_middle_ends_as_if_undisturbed_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    kills = run_rounds(ROUNDS, seed=4, folder=tmp_path, questions=QUESTIONS, TASKBEAM_DATABASE_URL=postgres_url)
    assert sum(kills.values()) == ROUNDS
