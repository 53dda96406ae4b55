from __future__ import annotations

from pathlib import Path

import pytest

from services.banks import staging
from services.banks.staging import Slice, Stager, read_slice
from services.errors import UnitError


def staged(folder: Path, count: int, text: str = "x") -> list[Slice]:
    with (folder / "f").open("wb") as sink:
        stager = Stager(sink, "f")
        full = [stager.add({"n": n, "text": text}) for n in range(1, count + 1)]
        return [part for part in [*full, stager.cut()] if part]


def test_slices_hold_every_row_once(tmp_path: Path) -> None:
    parts = staged(tmp_path, 4_100)
    assert [(part.first, part.count) for part in parts] == [(1, 2_000), (2_001, 2_000), (4_001, 100)]
    rows = [row for part in parts for row in read_slice(tmp_path, part, skip=0)]
    assert [number for number, _ in rows] == list(range(1, 4_101)) == [row["n"] for _, row in rows]


def test_a_slice_is_cut_by_bytes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "SLICE_BYTES", 1_000)
    assert [part.count for part in staged(tmp_path, 5, "x" * 600)] == [2, 2, 1]


def test_reading_goes_on_behind_what_is_skipped(tmp_path: Path) -> None:
    (part,) = staged(tmp_path, 10)
    assert [number for number, _ in read_slice(tmp_path, part, skip=7)] == [8, 9, 10]


def test_a_staged_file_that_was_cut_or_is_gone_is_said_to_be(tmp_path: Path) -> None:
    (part,) = staged(tmp_path, 10)
    (tmp_path / "f").write_bytes((tmp_path / "f").read_bytes()[: part.length // 2])
    with pytest.raises(UnitError, match="damaged"):
        list(read_slice(tmp_path, part, skip=0))
    (tmp_path / "f").unlink()
    with pytest.raises(UnitError, match="gone"):
        list(read_slice(tmp_path, part, skip=0))
