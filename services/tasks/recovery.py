"""Leases: who computes a task, and what becomes of it when that process dies."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Sequence

import psutil
from sqlalchemy import select, update

from models import Database, Task
from services.errors import TaskbeamError
from services.tasks.lifecycle import Action, TaskStatus
from services.tasks.recorder import Lease, Recorder

log = logging.getLogger(__name__)

_START_TOLERANCE = 2.0  # seconds; the time of the boot is only known in whole ones
LEASE_SECONDS = 15.0  # a computer on another host that is silent for so long is taken for dead


class Leases:
    """The leases of this process, whose name is `owner`, and the watch over those of others."""

    def __init__(self, database: Database, recorder: Recorder) -> None:
        self._database, self._recorder, self.owner = database, recorder, owner_of(psutil.Process())

    def renew(self, leases: Sequence[Lease]) -> frozenset[str]:
        """Prolongs them; gives the tokens of those that still hold."""
        if not leases:
            return frozenset()
        ours = update(Task).where(
            Task.lease_token.in_([lease.token for lease in leases]), Task.status == TaskStatus.RUNNING
        )
        with self._database.transaction() as session:
            session.connection()  # the time is taken after the wait for the database, which may use up all of it
            renewed = ours.values(lease_expires_at=time.time() + LEASE_SECONDS).returning(Task.lease_token)
            return frozenset(token for token in session.scalars(renewed) if token is not None)

    def release(self, lease: Lease) -> None:
        """Gives a task back to the queue, unless its status was changed meanwhile."""
        self._requeue(lease.task_id, lease.token)

    def recover(self) -> list[int]:
        """Queues the tasks whose computer is gone; gives their ids."""
        running = select(Task.id, Task.lease_owner, Task.lease_token, Task.lease_expires_at).where(
            Task.status == TaskStatus.RUNNING, Task.lease_token.is_not(None)
        )
        with self._database.reader() as session:
            leased = session.execute(running).all()
        orphans = [row for row in leased if _is_orphan(row.lease_owner or "", row.lease_expires_at or 0.0)]
        for row in orphans:
            log.warning("Its process is gone; it goes on from its last committed unit.", extra={"task_id": row.id})
            self._requeue(row.id, row.lease_token or "")
        return [row.id for row in orphans]

    def _requeue(self, task_id: int, token: str) -> None:
        try:
            self._recorder.change(task_id, Action.REQUEUE, token=token)
        except TaskbeamError as error:  # paused, cancelled, completed, or requeued by another process: all is well
            log.debug("Task %d was not queued again: %s", task_id, error)


def owner_of(process: psutil.Process) -> str:
    """Names a process so that another one on the same host can see whether it still lives: host, pid, start.

    The start is told in seconds since the boot: that does not change when somebody sets the clock.
    """
    return f"{socket.gethostname()}:{process.pid}:{process.create_time() - psutil.boot_time():.2f}"


def _is_orphan(owner: str, expires_at: float) -> bool:
    return expires_at < time.time() or not _lives(owner)


def _lives(owner: str) -> bool:
    """Whether the process may still live; of another host only its lease can tell."""
    host, pid, started = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return True
    try:
        now = owner_of(psutil.Process(int(pid))).rpartition(":")[2]
        return abs(float(now) - float(started)) < _START_TOLERANCE
    except psutil.NoSuchProcess:
        return False
