"""From pages to a bank: their text is cut into questions, and these are imported as any file of questions is."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models import Database
from services.auth import Principal
from services.banks.service import BankService, ImportOptions
from services.banks.uploads import UPLOADS
from services.errors import ConflictError, InvalidInputError
from services.ocr.corrections import Compute
from services.tasks.lifecycle import ACTIVE
from services.tasks.service import TaskService
from services.tasks.view import TaskObject

_TARGET = "services.ocr.output:write_questions"


class ToBank:
    """`compute` runs a target in a worker process."""

    def __init__(
        self, database: Database, tasks: TaskService, banks: BankService, compute: Compute, data_dir: Path
    ) -> None:
        self._database, self._tasks, self._banks = database, tasks, banks
        self._compute, self._data_dir = compute, data_dir

    def make_questions(
        self, task_id: int, bank_id: int, *, defaults: Mapping[str, str], task_name: str | None, by: Principal
    ) -> TaskObject:
        task = self._tasks.get(task_id, kind="ocr")
        self._banks.get(bank_id)
        if task["status"] in ACTIVE:
            raise ConflictError(f"Task {task_id} still reads. Make questions of it when it has ended.")
        path = self._data_dir / UPLOADS / f"{uuid.uuid4().hex}.upload"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if not self._compute(_TARGET, self._argument(task_id, path))["questions"]:
                raise InvalidInputError("No numbered questions were found in the text that was read.")
            options = ImportOptions("jsonl", dict(defaults), task_name)
            return self._banks.start_import(bank_id, path, f"{task['task_name']}.jsonl", options, by=by)
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _argument(self, task_id: int, path: Path) -> dict[str, Any]:
        return {
            "database_url": self._database.url.render_as_string(hide_password=False),
            "task_id": task_id,
            "path": str(path),
        }
