"""Processes that a test may count and kill: those of its own, not the servers that its neighbours share."""

from __future__ import annotations

import psutil

WORKER, CAPTURE = "services.runners.worker", "services.cameras.capture_process"


def has_ended(pid: int) -> bool:
    """Whether a process computes no more; one whose parent was killed may wait for a slow init to reap it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def children_running(module: str) -> list[psutil.Process]:
    """Children of this process that run one of our modules. A shared server is a child, too; its workers are not."""
    found = []
    for process in psutil.Process().children():
        try:
            if module in process.cmdline():
                found.append(process)
        except psutil.Error:  # it ends in this moment
            continue
    return found
