"""What a dedup task found, as files: its clusters, or the bank as it is without the duplicates.

Composed in a worker process (services/dedup/output.py); here it is settled what becomes of which request.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from models import Database, Task
from services.banks.formats import MIME_TYPES, SUFFIXES
from services.banks.formats.layout import Layout
from services.banks.question_service import Export
from services.errors import FieldProblem, InvalidInputError
from services.exports import WorkerFiles
from services.runners.worker_pool import WorkerPool
from services.tasks.lifecycle import TaskStatus
from services.tasks.service import TaskService

ORIGINAL = "original"  # the format, headers and delimiter of the file that most of the bank came from
FORMATS = {
    "clusters": ("jsonl", "csv", "xlsx"),
    "unique": ("jsonl", "json", "csv", "xlsx", "gift", "aiken", ORIGINAL),
}
_TARGET = "services.dedup.output:write_export"
_PLAIN = Layout("jsonl")  # of a bank that came from no file


class DuplicateExport:
    def __init__(self, database: Database, tasks: TaskService, pool: WorkerPool, data_dir: Path) -> None:
        self._database, self._tasks, self._files = database, tasks, WorkerFiles(pool, data_dir)

    def export(self, task_id: int, file_format: str, what: str) -> Export:
        """A file of the finished groups, written while it is read; formulas in it are guarded.

        Args:
            task_id: a dedup task.
            file_format: as FORMATS has it for `what`.
            what: `clusters`, a line per member; or `unique`, the questions that remain once each automatic merge
                that nobody decided otherwise is carried out: a file that an import takes back.

        Raises:
            NotFoundError: there is no such dedup task.
            InvalidInputError: there is no such file.
        """
        _check(file_format, what)
        params = self._tasks.get(task_id, kind="dedup")["params"]
        layout = self._original(params["bank_id"]) if file_format == ORIGINAL else None
        argument = {
            "database_url": self._database.url.render_as_string(hide_password=False),
            "task_id": task_id,
            "params": params,
            "what": what,
            "format": file_format,
            "layout": layout.as_json() if layout else None,
        }
        written_as = layout.format if layout else file_format
        name = f"dedup-{task_id}-{what}{SUFFIXES[written_as]}"
        mime_type = MIME_TYPES[written_as]
        if layout is not None and layout.format == "csv":
            mime_type = f"text/csv; charset={layout.encoding}"
        return Export(name, mime_type, self._files.chunks(_TARGET, argument))

    def _original(self, bank_id: int) -> Layout:
        """Of the import that brought most into the bank."""
        imports = (
            select(Task.result["layout"])
            .where(Task.kind == "import", Task.status == TaskStatus.COMPLETED)
            .where(Task.params["bank_id"].as_integer() == bank_id)
            .order_by(Task.result["imported"].as_integer().desc(), Task.id.desc())
            .limit(1)
        )
        rows = self._database.fetch_all(imports)
        stored: dict[str, Any] | None = rows[0][0] if rows else None
        return Layout.from_json(stored) if stored else _PLAIN


def _check(file_format: str, what: str) -> None:
    if what not in FORMATS:
        text = f"It is one of: {', '.join(FORMATS)}."
        raise InvalidInputError(f"There is no {what!r} to export. {text}", [FieldProblem("what", text)])
    if file_format not in FORMATS[what]:
        text = f"With what={what} it is one of: {', '.join(FORMATS[what])}."
        raise InvalidInputError(f"There is no format {file_format!r} here. {text}", [FieldProblem("format", text)])
