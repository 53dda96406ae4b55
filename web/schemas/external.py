"""Tasks that other programs compute and report here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, Field

from web.schemas.base import Body, Count, Name, Text, storable
from web.schemas.socket import MAX_EXTRA_BYTES, MAX_RESULT_BYTES


def _at_most(limit: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Bounds what every event of the task carries with it, to every watcher."""

    def check(value: dict[str, Any]) -> dict[str, Any]:
        size = len(orjson.dumps(value))
        if size > limit:
            raise ValueError(f"has {size:,} bytes as JSON, more than {limit:,}")
        return value

    return check


# The size first: to look through the hundreds of thousands of things that a body may hold takes half a second.
Meta = Annotated[dict[str, Any], AfterValidator(_at_most(MAX_EXTRA_BYTES)), AfterValidator(storable)]
Result = Annotated[dict[str, Any], AfterValidator(_at_most(MAX_RESULT_BYTES)), AfterValidator(storable)]


class NewExternalTask(Body):
    task_name: Name
    total: Count = Field(0, description="How many steps it has; 0: unknown.")
    meta: Meta = Field(default={}, description="Fields of your own; they stand at the top level of the task.")


class ExternalReport(Body):
    """What is left out stays as it is."""

    progress: Annotated[float, Field(ge=0, le=100)] | None = Field(None, description="Per cent; it never falls.")
    processed: Count | None = None
    message: Text | None = None
    status: Literal["running", "completed", "failed", "cancelled"] | None = None
    result: Result | None = None
    error: Text | None = Field(None, description="Why it failed.")
