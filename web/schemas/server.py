"""How the server is doing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from web.schemas.base import Answer


class WorkersOut(Answer):
    workers: int = Field(description="Worker processes that are ready.")
    busy: int
    waiting: int = Field(description="Units that wait for a worker.")
    respawned: int = Field(description="Replaced since the start.")
    crashed: int = Field(description="Lost since the start.")


class ConnectionsOut(Answer):
    open: int = Field(description="Live connections of every kind.")
    most: int
    clients: int = Field(description="Who holds them: principals, or addresses where no keys are asked for.")


class ServerOut(Answer):
    version: str
    uptime: float = Field(description="Seconds.")
    database: str = Field(description="Its kind: sqlite or postgresql.")
    redis: bool = Field(description="Whether it is used.")
    auth_required: bool
    runner: str
    workers: WorkersOut
    connections: ConnectionsOut
    tasks: dict[str, int] = Field(description="How many there are in each status.")


class FindingOut(Answer):
    check: str
    state: Literal["ok", "note", "warn", "fail"]
    detail: str
    remedy: str = Field(description="Empty when all is well.")


class ExaminationOut(Answer):
    """What `python app.py doctor` finds."""

    findings: list[FindingOut]
    examined_at: float
