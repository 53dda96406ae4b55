"""Files that were sent to be looked at, kept for an hour so that an import need not send them again.

A kept file's name is made of hashes of its owner and of its token: who does not know both cannot name it, and nothing
else needs to be remembered. BankService.discard_orphans deletes what was left.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from services.auth import Principal
from services.banks.staging import YOUNG
from services.errors import NotFoundError, TaskbeamError

UPLOADS = "uploads"  # below the data directory
KEPT_SECONDS = YOUNG
MOST_KEPT = 3  # of one principal; the oldest goes


class UploadGoneError(NotFoundError):
    code = "UPLOAD_GONE"

    def __init__(self, _message: str = "") -> None:
        TaskbeamError.__init__(self, "The file is not kept any more, or was never sent. Send it again.")


class KeptUploads:
    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / UPLOADS

    def keep(self, path: Path, by: Principal) -> str:
        """Takes the file over; gives the token under which its owner finds it."""
        for old in self._oldest_beyond(MOST_KEPT - 1, by):
            old.unlink(missing_ok=True)
        token = secrets.token_urlsafe(24)
        path.rename(self._place(token, by))
        return token

    def find(self, token: str, by: Principal) -> Path:
        """The file, kept for another hour.

        Raises:
            UploadGoneError: there is none, or it is another's.
        """
        path = self._place(token, by)
        try:
            if path.stat().st_mtime < time.time() - KEPT_SECONDS:
                raise UploadGoneError
            os.utime(path)
        except FileNotFoundError as error:
            raise UploadGoneError from error
        return path

    @contextmanager
    def taken(self, token: str, by: Principal) -> Iterator[Path]:
        """The file under a name of its own, out of every other's reach; kept again if what is done with it fails."""
        kept = self.find(token, by)
        path = self._folder / f"{secrets.token_hex(16)}.upload"
        try:
            kept.rename(path)
        except FileNotFoundError as error:
            raise UploadGoneError from error
        try:
            yield path
        except BaseException:
            path.rename(kept)
            raise

    def _oldest_beyond(self, most: int, by: Principal) -> list[Path]:
        found = []
        for path in self._folder.glob(f"{_owner(by)}-*.upload"):
            try:
                found.append((path.stat().st_mtime_ns, path))
            except FileNotFoundError:  # deleted meanwhile
                continue
        return [path for _, path in sorted(found, reverse=True)[most:]]

    def _place(self, token: str, by: Principal) -> Path:
        return self._folder / f"{_owner(by)}-{sha256(token.encode()).hexdigest()[:40]}.upload"


def _owner(by: Principal) -> str:
    return f"kept-{sha256(by.id.encode()).hexdigest()[:24]}"
