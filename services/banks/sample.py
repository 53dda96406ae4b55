"""The sample bank: some 190 questions of ours, with a bit of everything that dedup finds, for a first try."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from services.auth import Principal
from services.banks.service import BankService, ImportOptions
from services.banks.uploads import UPLOADS
from services.tasks.view import TaskObject

SAMPLE = Path(__file__).with_name("sample.jsonl")
_DESCRIPTION = "Questions to try Taskbeam with: copies, near copies, other answers, and variants of a template."


class SampleBank:
    def __init__(self, banks: BankService, data_dir: Path) -> None:
        self._banks, self._uploads = banks, data_dir / UPLOADS

    def start_import(self, name: str, *, by: Principal) -> TaskObject:
        """Makes a bank of that name; the task that fills it, queued.

        Raises:
            ConflictError: there is a bank of that name, perhaps of an earlier try.
        """
        bank = self._banks.create(name, _DESCRIPTION)
        return self._banks.start_import(bank["id"], self._copy(), SAMPLE.name, ImportOptions(format="jsonl"), by=by)

    def _copy(self) -> Path:
        """Of 60 kB: the import deletes its file when it is done."""
        self._uploads.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.NamedTemporaryFile(dir=self._uploads, suffix=SAMPLE.suffix, delete=False) as copy,
            SAMPLE.open("rb") as sample,
        ):
            shutil.copyfileobj(sample, copy)
        return Path(copy.name)
