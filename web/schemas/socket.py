"""What travels over Socket.IO, namespace `/`: the payloads of both directions, and the catalogue of events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from services.auth import Scope
from web.schemas.base import MAX_INT, NO_NUL, Answer, Count, Text, storable
from web.schemas.dedup import Action, ActState, ReplacedOut
from web.schemas.tasks import GroupOut, Status, TaskOut

MAX_EXTRA_BYTES = 32_000  # of a report's own fields, which every event of its task carries
MAX_RESULT_BYTES = 256_000
_MAX_DEPTH = 20
_DIGITS = re.compile(r"\d{1,19}", re.ASCII)


def _number_of_digits(value: Any) -> Any:
    """Ids often come out of a page's address as text."""
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value


def _text_of_number(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _modest(value: Any, limit: int) -> Any:
    """Refuses what could not be stored, or sent again and again."""
    try:
        size = len(orjson.dumps(value))
    except TypeError:
        _check_depth(value, _MAX_DEPTH)  # which orjson has a bound for, too
        raise ValueError("it is not JSON; binary data cannot be kept") from None
    if size > limit:
        raise ValueError(f"it has {size} bytes as JSON, more than {limit}")
    _check_depth(value, _MAX_DEPTH)
    storable(value)
    return value


def _check_depth(value: Any, left: int) -> None:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if inner and not left:
        raise ValueError(f"it is nested deeper than {_MAX_DEPTH} levels")
    for each in inner:
        _check_depth(each, left - 1)


TaskId = Annotated[
    int,
    BeforeValidator(
        _number_of_digits, json_schema_input_type=int | Annotated[str, StringConstraints(pattern=r"^\d{1,19}$")]
    ),
    Field(ge=1, le=MAX_INT),
]
OwnId = Annotated[
    str,
    BeforeValidator(_text_of_number, json_schema_input_type=str | int),
    StringConstraints(min_length=1, max_length=200, pattern=NO_NUL),
]
Result = Annotated[Any, AfterValidator(lambda value: _modest(value, MAX_RESULT_BYTES))]


# --- from the client ---------------------------------------------------------------------------------------------


class Asked(BaseModel):
    """A client's payload. A field we do not know is no fault: clients in the wild send more than they must."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class Nothing(Asked):
    """No payload is needed; whatever is sent is not looked at."""


class TaskRef(Asked):
    task_id: TaskId


class JoinTask(TaskRef):
    last_seq: Count | None = Field(
        None,
        description="The last `seq` this client has. Every later event is sent again, in order, before live ones; 0 "
        "sends them all. Without it only the present state and what happens from now on.",
    )


class Report(Asked):
    """What a client says of a task of its own; fields we do not know are kept and given back at the top level."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)

    id: OwnId = Field(description="The reporter's own id on the connection that created the task, or the server's.")

    @model_validator(mode="after")
    def _keeps_modest_fields(self) -> Report:
        _modest(self.own_fields, MAX_EXTRA_BYTES)
        return self

    @property
    def own_fields(self) -> dict[str, Any]:
        return self.model_extra or {}


class ReportCreated(Report):
    """Well-known among the fields of its own: `formData`, `mode`, `startTime`."""

    task_name: Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)] | None = None
    total: Count = Field(0, description="How many steps the task has; 0: unknown.")


class ReportProgress(Report):
    progress: Annotated[float, Field(ge=0, le=100)] = Field(description="Per cent; what is shown never falls.")
    processed: Count | None = None
    message: Text | None = None


class ReportCompleted(Report):
    result: Result = Field(None, description="Anything that is JSON.")


class ReportFailed(Report):
    error: Text | None = Field(None, description="Why, for people.")


# --- acks ----------------------------------------------------------------------------------------------------------


class Done(Answer):
    ok: Literal[True] = True


class Refused(Answer):
    """The same `code` and `message` also come as an `error` event, except for code LEFT."""

    ok: Literal[False] = False
    code: str = Field(description="Stable; what a program should look at.")
    message: str


class Joined(Done):
    last_seq: int = Field(description="Seq of the newest event this client now has.")
    recovered: bool = Field(
        description="Whether every event after the `last_seq` asked for was sent. false: the log does not reach back "
        "that far, or does not know such a `last_seq`; take the snapshot in `task_status`."
    )


class OfTask(Done):
    task_id: int


class Changed(OfTask):
    status: Status = Field(description="The task's new status.")


class Reported(Done):
    id: int = Field(description="The server's id of the task.")


# --- to the client -------------------------------------------------------------------------------------------------


class Connected(Answer):
    message: str
    sid: str
    version: str


class ActiveTasks(Answer):
    tasks: list[TaskOut] = Field(description="All that are queued, running or paused, newest first (1,000 at most).")


class OfLog(Answer):
    """An event of a task's log."""

    seq: int = Field(description="Its place in the task's log: 1, 2, 3 … without gaps.")
    timestamp: float = Field(description="When it was recorded; Unix seconds.")


class TaskCreated(TaskOut, OfLog):
    pass


class _AboutTask(OfLog):
    task_id: int
    id: int
    data: TaskOut


class TaskStatus(_AboutTask):
    status: Status
    seq: int | None = Field(description="null in the answer to `join_task`, which is no event of the log.")  # type: ignore[assignment]


class TaskProgress(OfLog):
    """By its kind also `total_groups, processed_groups` (dedup) or `total_rows, processed_rows` (import)."""

    task_id: int
    id: int
    kind: str
    status: Status
    processed: int
    total: int
    unit: str
    progress_percentage: float
    progress: float = Field(description="The same as `progress_percentage`.")
    current_group: GroupOut | None
    message: str
    eta_seconds: float | None
    rate: float | None


class TaskCompleted(_AboutTask):
    result: Any


class TaskError(_AboutTask):
    error: str
    code: str


class TaskCancelled(_AboutTask):
    pass


class DecisionMade(OfLog):
    """Somebody decided something about a dedup task's clusters, or took it back. Read the cluster for the details."""

    task_id: int
    id: int
    decision_id: int = Field(description="As in `GET /api/dedup/tasks/{id}/decisions`.")
    action: Action | Literal["undo"]
    state: ActState = Field(
        description="Of many at once: `running` when it begins and about once a second, with the figures so far, then "
        "`done` or `stopped`. Of one cluster always `done`."
    )
    cluster_id: int | None = Field(description="null: many at once; read again what you show.")
    revision: int | None = Field(description="The cluster's from now on.")
    keep_id: int | None = Field(description="What the others were merged into.")
    clusters: int
    questions: int = Field(description="Merged, or given back.")
    undoes: int | None = Field(description="The decision that an undoing took back.")
    replaced: ReplacedOut | None = Field(description="What was in force before.")
    by: str
    at: float


class Fault(Answer):
    message: str
    code: str = Field(description="Stable; what a program should look at.")


class Left(Answer):
    message: str
    task_id: int


# --- the catalogue -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event that clients send."""

    payload: type[Asked]
    ack: type[Answer]
    scope: Scope
    summary: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event that clients get; `to` says which."""

    payload: type[Answer]
    to: str
    summary: str


INCOMING: Mapping[str, Incoming] = {
    "join_task": Incoming(
        JoinTask,
        Joined,
        Scope.TASKS_READ,
        "Watch one task. Answers `task_status` at once, then the missed events in order, then the ack. A second join "
        "of the same task starts afresh after the first is done.",
    ),
    "leave_task": Incoming(TaskRef, OfTask, Scope.TASKS_READ, "Watch it no longer; also ends a join under way."),
    "join_lobby": Incoming(
        Nothing, Done, Scope.TASKS_READ, "Watch all tasks; answers `active_tasks` unless the client is there already."
    ),
    "leave_lobby": Incoming(Nothing, Done, Scope.TASKS_READ, "Watch them no longer."),
    "start_task": Incoming(TaskRef, Changed, Scope.TASKS_WRITE, "Start a pending task."),
    "pause_task": Incoming(TaskRef, Changed, Scope.TASKS_WRITE, "Pause a running task."),
    "resume_task": Incoming(TaskRef, Changed, Scope.TASKS_WRITE, "Queue a paused task again."),
    "cancel_task": Incoming(TaskRef, Changed, Scope.TASKS_WRITE, "Cancel a task that has not ended."),
    "retry_task": Incoming(TaskRef, Changed, Scope.TASKS_WRITE, "Queue a failed or cancelled task again."),
    "task_created": Incoming(
        ReportCreated,
        Reported,
        Scope.TASKS_WRITE,
        "Announce a task that this client computes itself. Saying so again with the same `id` while the task runs "
        "changes nothing and gives the same answer.",
    ),
    "task_progress": Incoming(
        ReportProgress,
        Reported,
        Scope.TASKS_WRITE,
        "How far it is. Of reports that come faster than 20 a second the newest counts.",
    ),
    "task_completed": Incoming(ReportCompleted, Reported, Scope.TASKS_WRITE, "It is done."),
    "task_failed": Incoming(ReportFailed, Reported, Scope.TASKS_WRITE, "It failed."),
}

OUTGOING: Mapping[str, Outgoing] = {
    "connected": Outgoing(Connected, "the new client", "You are in."),
    "active_tasks": Outgoing(ActiveTasks, "the new client, and who joins the lobby", "What goes on now."),
    "task_created": Outgoing(TaskCreated, "lobby", "There is a new task."),
    "task_status": Outgoing(TaskStatus, "who joins the task; room and lobby at each change", "Its state changed."),
    "task_progress": Outgoing(
        TaskProgress, "room: each; lobby: at most two a second per task, newest wins", "It got further."
    ),
    "task_completed": Outgoing(TaskCompleted, "room and lobby", "It is done."),
    "task_error": Outgoing(TaskError, "room", "It failed."),
    "task_failed": Outgoing(TaskError, "lobby", "It failed; the same payload as `task_error`."),
    "task_cancelled": Outgoing(TaskCancelled, "room and lobby", "It was cancelled."),
    "decision": Outgoing(DecisionMade, "room", "A reviewer decided about duplicates, or took it back."),
    "error": Outgoing(Fault, "who asked", "An event could not be served."),
    "left": Outgoing(Left, "who left", "You left the task."),
}
