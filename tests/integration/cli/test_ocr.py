"""`ocr`: from pictures to text, and from scans to the duplicates among their questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Taskbeam
from tests.pages import draw_text_page

PAPER = [
    "1. What is the capital of France?",
    "A. Paris  B. London",
    "2. How many legs has a spider?",
    "A. six  B. eight",
]
AGAIN = ["7. What is the capital of France?", "A. Paris  B. London", "8. Which planet is the largest one?"]


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.png"
    path.write_bytes(draw_text_page(PAPER))
    return path


def test_text_goes_to_stdout_and_everything_else_to_stderr(taskbeam: Taskbeam, paper: Path) -> None:
    done = taskbeam("ocr", str(paper))
    assert done.returncode == 0, done.stderr
    assert "What is the capital of France?" in done.stdout
    assert "Read 1 page" in done.stderr
    assert "Read 1 page" not in done.stdout


def test_an_export_is_written_to_a_file(taskbeam: Taskbeam, paper: Path, tmp_path: Path) -> None:
    done = taskbeam("ocr", str(paper), "--format", "pdf", "--output", str(tmp_path / "paper.pdf"))
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF-")
    assert not list(tmp_path.glob(".*.part"))


def test_scans_become_questions_and_their_duplicates_are_found(taskbeam: Taskbeam, paper: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.png"
    again.write_bytes(draw_text_page(AGAIN))
    done = taskbeam("ocr", str(paper), str(again), "--to-bank", "default", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["task"]["result"]["questions"] == 4
    (cluster,) = found["clusters"]
    assert [member["question"]["stem"] for member in cluster["members"]] == ["What is the capital of France?"] * 2


def test_an_empty_page_is_read_and_says_nothing(taskbeam: Taskbeam, tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(draw_text_page([]))
    done = taskbeam("ocr", str(tmp_path / "empty.png"))
    assert done.returncode == 0, done.stderr
    assert "0 characters; 0 failed" in done.stderr


def test_a_file_that_is_no_picture_ends_with_what_to_do(taskbeam: Taskbeam, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("only words")
    done = taskbeam("ocr", str(tmp_path / "notes.txt"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("ocr: ")


def test_a_file_among_others_that_cannot_be_read_is_listed(taskbeam: Taskbeam, paper: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(paper.read_bytes()[:300])
    done = taskbeam("ocr", str(paper), str(tmp_path / "broken.png"))
    assert done.returncode == 0, done.stderr
    assert "broken.png" in done.stderr
    assert "INVALID_IMAGE" in done.stderr
