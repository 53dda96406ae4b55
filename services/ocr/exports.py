"""What was read on a task's pages, as files; composing the pages of a searchable PDF takes seconds or minutes."""

from __future__ import annotations

from pathlib import Path

from models import Database
from services.banks.question_service import Export
from services.exports import WorkerFiles
from services.ocr.export import EXPORT_FORMATS, check_format
from services.ocr.refusals import as_raised
from services.runners.worker_pool import WorkerPool
from services.tasks.service import TaskService

_TARGET = "services.ocr.output:write_export"


class Exports:
    def __init__(self, database: Database, tasks: TaskService, pool: WorkerPool, data_dir: Path) -> None:
        self._database, self._tasks, self._data_dir = database, tasks, data_dir
        self._files = WorkerFiles(pool, data_dir, as_raised)

    def export(self, task_id: int, file_format: str) -> Export:
        """A file of what is read by now; nothing is written before the first chunk is asked for.

        Raises:
            NotFoundError: there is no such OCR task.
            InvalidInputError: there is no such format.
        """
        kind = EXPORT_FORMATS[check_format(file_format)]
        title = self._tasks.get(task_id, kind="ocr")["task_name"]
        argument = {
            "database_url": self._database.url.render_as_string(hide_password=False),
            "data_dir": str(self._data_dir),
            "task_id": task_id,
            "format": file_format,
            "title": title,
        }
        return Export(f"ocr-{task_id}{kind.suffix}", kind.media_type, self._files.chunks(_TARGET, argument))

    def discard_left(self) -> int:
        """Deletes what downloads left that a dying server cut off; gives their number."""
        return self._files.discard_left()
