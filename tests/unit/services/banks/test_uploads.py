from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from services.auth import LOCAL, NOBODY
from services.banks.staging import discard_orphans
from services.banks.uploads import KEPT_SECONDS, MOST_KEPT, KeptUploads, UploadGoneError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "uploads").mkdir()
    return tmp_path / "uploads"


@pytest.fixture
def uploads(folder: Path) -> KeptUploads:
    return KeptUploads(folder.parent)


def sent(folder: Path, content: str = "x") -> Path:
    path = folder / "sent.upload"
    path.write_text(content, encoding="utf-8")
    return path


def test_a_kept_file_is_found_by_its_token_and_by_its_owner_alone(folder: Path, uploads: KeptUploads) -> None:
    token = uploads.keep(sent(folder), LOCAL)
    assert uploads.find(token, LOCAL).read_text(encoding="utf-8") == "x"
    with pytest.raises(UploadGoneError):
        uploads.find(token, NOBODY)
    with pytest.raises(UploadGoneError):
        uploads.find("../" + token, LOCAL)
    assert token not in "".join(path.name for path in folder.iterdir())


def test_a_kept_file_is_taken_once(folder: Path, uploads: KeptUploads) -> None:
    token = uploads.keep(sent(folder), LOCAL)
    with uploads.taken(token, LOCAL) as path:
        assert path.read_text(encoding="utf-8") == "x"
    with pytest.raises(UploadGoneError), uploads.taken(token, LOCAL):
        pass


def test_what_could_not_be_done_with_it_can_be_tried_again(folder: Path, uploads: KeptUploads) -> None:
    token = uploads.keep(sent(folder), LOCAL)
    with pytest.raises(ValueError, match="no such bank"), uploads.taken(token, LOCAL):
        raise ValueError("no such bank")
    assert uploads.find(token, LOCAL).exists()


def test_a_kept_file_is_gone_after_an_hour(folder: Path, uploads: KeptUploads) -> None:
    token = uploads.keep(sent(folder), LOCAL)
    old = time.time() - KEPT_SECONDS - 1
    os.utime(uploads.find(token, LOCAL), (old, old))
    with pytest.raises(UploadGoneError):
        uploads.find(token, LOCAL)
    assert discard_orphans(folder, set()) == 1


def test_only_the_newest_few_files_of_one_principal_are_kept(folder: Path, uploads: KeptUploads) -> None:
    others = uploads.keep(sent(folder), NOBODY)
    tokens = []
    for number in range(MOST_KEPT + 1):
        tokens.append(uploads.keep(sent(folder), LOCAL))
        os.utime(uploads.find(tokens[-1], LOCAL), (time.time(), time.time() - 100 + number))
    with pytest.raises(UploadGoneError):
        uploads.find(tokens[0], LOCAL)
    assert all(uploads.find(token, by).exists() for token, by in [*((t, LOCAL) for t in tokens[1:]), (others, NOBODY)])
