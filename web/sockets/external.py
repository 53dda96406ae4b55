"""Clients that compute a task themselves and report on it here."""

from __future__ import annotations

import time
from typing import Any

import eventlet

from services.bootstrap import Services
from services.errors import NotFoundError
from services.tasks.external import Report
from services.tasks.lifecycle import TERMINAL, TaskStatus
from services.tasks.progress import SAMPLES_PER_SECOND
from web.errors import socket_answer
from web.schemas import socket as schemas
from web.sockets.connections import Connection, Reporting
from web.sockets.control import Handler
from web.transport.push import Push

_SAMPLE_SECONDS = 1.0 / SAMPLES_PER_SECOND


class Reporters:
    """Serves each report in its turn; the ack gives the server's id.

    Progress that comes faster than its samples waits for the next one, where the newest counts; what ends the task
    records it first.
    """

    def __init__(self, services: Services, push: Push) -> None:
        self._external, self._tasks, self._push = services.external, services.tasks, push

    def handlers(self) -> dict[str, Handler]:
        return {
            "task_created": self.created,
            "task_progress": self.progress,
            "task_completed": self.completed,
            "task_failed": self.failed,
        }

    def created(self, connection: Connection, said: schemas.ReportCreated) -> dict[str, Any]:
        with connection.turns(("report", said.id)):
            known = connection.reportings.get(said.id)
            if known is not None and self._tasks.get(known.task_id)["status"] not in TERMINAL:
                return {"id": known.task_id}
            name = (said.task_name or "").strip() or f"Task {said.id}"
            task = self._external.create(name, by=connection.principal, total=said.total, meta=said.own_fields)
            connection.note_reporting(said.id, int(task["id"]))
        return {"id": task["id"]}

    def progress(self, connection: Connection, said: schemas.ReportProgress) -> dict[str, Any]:
        report = Report(
            progress=said.progress, processed=said.processed, message=said.message, meta=said.own_fields or None
        )
        with connection.turns(("report", said.id)):
            reporting = _reporting(connection, said.id)
            wait = reporting.next_sample - time.monotonic()
            if wait <= 0:
                self._record(connection, reporting, report)
            elif reporting.waiting is None:
                reporting.waiting = report
                eventlet.spawn_after(wait, self._record_later, connection, said.id, reporting)
            else:
                reporting.waiting = report
        return {"id": reporting.task_id}

    def completed(self, connection: Connection, said: schemas.ReportCompleted) -> dict[str, Any]:
        report = Report(status=TaskStatus.COMPLETED, result=said.result, meta=said.own_fields or None)
        return self._end(connection, said.id, report)

    def failed(self, connection: Connection, said: schemas.ReportFailed) -> dict[str, Any]:
        report = Report(status=TaskStatus.FAILED, error=said.error, meta=said.own_fields or None)
        return self._end(connection, said.id, report)

    def _end(self, connection: Connection, own_id: str, report: Report) -> dict[str, Any]:
        with connection.turns(("report", own_id)):
            reporting = _reporting(connection, own_id)
            self._record_waiting(connection, reporting)
            self._external.report(reporting.task_id, report, by=connection.principal)
        return {"id": reporting.task_id}

    def _record(self, connection: Connection, reporting: Reporting, report: Report) -> None:
        self._external.report(reporting.task_id, report, by=connection.principal)
        reporting.next_sample = time.monotonic() + _SAMPLE_SECONDS

    def _record_waiting(self, connection: Connection, reporting: Reporting) -> None:
        report, reporting.waiting = reporting.waiting, None
        if report is not None:
            self._record(connection, reporting, report)

    def _record_later(self, connection: Connection, own_id: str, reporting: Reporting) -> None:
        """It was acked when it was taken, so its refusal (somebody cancelled the task) comes as an `error` event."""
        try:
            with connection.turns(("report", own_id)):
                self._record_waiting(connection, reporting)
        except Exception as error:  # noqa: BLE001 (the edge of this greenthread: `socket_answer` logs the unforeseen)
            self._push.emit("error", socket_answer(error), sids=[connection.sid])


def _reporting(connection: Connection, own_id: str) -> Reporting:
    """The reporter's own id where this connection knows it, else the server's."""
    known = connection.reportings.get(own_id)
    if known is not None:
        return known
    if not own_id.isascii() or not own_id.isdigit() or len(own_id) > 18:
        raise NotFoundError("external task", own_id)
    return connection.note_reporting(own_id, int(own_id))
