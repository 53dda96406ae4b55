"""Files on their way into a bank: looked at first if somebody wants to, then imported."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.auth import Principal
from services.banks.formats import UnreadableFileError, check_format, checked_mapping
from services.banks.service import BankService, ImportOptions
from services.banks.uploads import KEPT_SECONDS, KeptUploads, UploadGoneError
from services.config import Settings
from services.errors import (
    FieldProblem,
    InvalidInputError,
    TaskbeamError,
    TooLargeError,
    UnitError,
    UnitTimeoutError,
    UnsupportedFormatError,
    WorkerLostError,
)
from services.runners.worker_pool import CancelToken, WorkerPool
from services.tasks.view import TaskObject

_TARGET = "services.banks.preview:preview"
_PRIORITY = 10  # somebody waits; the units of tasks have 0
_TIMEOUT = 120.0  # seconds in a worker; a workbook of the most texts allowed took 35 on two busy cores
_RAISED = (InvalidInputError, UnreadableFileError, UnsupportedFormatError, TooLargeError, UploadGoneError)
_BY_CODE: dict[str, type[TaskbeamError]] = {kind.code: kind for kind in _RAISED}


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that came with the request, on our disk. `sha256`: hex, "" if not known."""

    path: Path
    file_name: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that was sent before to be looked at."""

    token: str
    file_name: str = ""


class ImportService:
    def __init__(self, banks: BankService, pool: WorkerPool, settings: Settings) -> None:
        self._banks, self._pool = banks, pool
        self._uploads = KeptUploads(settings.data_dir)
        self._timeout = min(_TIMEOUT, settings.unit_timeout or _TIMEOUT)

    def preview(
        self, file: SentFile | KeptFile, options: ImportOptions, *, by: Principal, cancel: CancelToken | None = None
    ) -> dict[str, Any]:
        """What an import of the file would begin with, and a token under which it is kept for an hour.

        Raises:
            UploadGoneError: there is no such kept file.
            UnsupportedFormatError, UnreadableFileError, TooLargeError: the file as a whole cannot be read.
            InvalidInputError: the options do not fit.
            UnitTimeoutError: it would take too long.
        """
        path = self._uploads.find(file.token, by) if isinstance(file, KeptFile) else file.path
        argument = {
            "path": str(path.resolve()),
            "file_name": file.file_name,
            "format": check_format(options.format) if options.format else None,
            "mapping": checked_mapping(options.mapping),
            "defaults": options.defaults,
        }
        found = self._look(argument, cancel)
        token = file.token if isinstance(file, KeptFile) else self._uploads.keep(path, by)
        return {**found, "upload": {"token": token, "expires_at": time.time() + KEPT_SECONDS}}

    def start(self, bank_id: int, file: SentFile | KeptFile, options: ImportOptions, *, by: Principal) -> TaskObject:
        """As BankService.start_import. A kept file is used up by it; where it raises, it stays kept."""
        if isinstance(file, SentFile):
            return self._banks.start_import(bank_id, file.path, file.file_name, options, by=by, sha256=file.sha256)
        with self._uploads.taken(file.token, by) as path:
            return self._banks.start_import(bank_id, path, file.file_name or "upload", options, by=by)

    def _look(self, argument: dict[str, Any], cancel: CancelToken | None) -> dict[str, Any]:
        try:
            return self._pool.run(_TARGET, argument, cancel=cancel, timeout=self._timeout, priority=_PRIORITY).value
        except UnitTimeoutError as error:
            message = f"The beginning of the file could not be read within {self._timeout:g} s. Import it unseen."
            raise UnitTimeoutError(message) from error
        except WorkerLostError as error:
            raise UnreadableFileError("Reading the file ended the process that read it. Is it damaged?") from error
        except UnitError as error:
            if kind := _BY_CODE.get(error.code):
                raise kind(error.message) from error
            raise


def file_of(sent: SentFile | None, token: str | None, file_name: str | None) -> SentFile | KeptFile:
    """The one of both that a request has.

    Raises:
        InvalidInputError: it has none, or both.
    """
    if sent is not None and token is None:
        return sent
    if sent is None and token is not None:
        return KeptFile(token, file_name or "")
    message = "Send exactly one of: a file in the field 'file', or the token of an earlier preview in 'upload'."
    raise InvalidInputError(message, [FieldProblem("file", message)])
