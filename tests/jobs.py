"""A job whose units do what a test's script says, computed by real workers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from models import ImportBadRow
from services.errors import UnitError
from services.runners.base import Job, PlannedUnit, Unit, UnitContext


class ScriptedJob(Job):
    """params: `units`, a list of steps; `marks`, a folder in which each computed unit leaves a line in `log`."""

    def plan(self, context: UnitContext) -> Iterable[PlannedUnit]:
        _die_once("plan", context)
        for step in context.params["units"]:
            group = {"type_name": "单选题", "subject_name": "数学", "channel_code": "default"}
            yield PlannedUnit(spec=step, work=step.get("work", 1), stage=step.get("stage", 0), group=group)

    def run_unit(self, unit: Unit, context: UnitContext) -> dict[str, Any]:
        _mark(context, f"begin {unit.position}")
        _do(unit, context)
        _mark(context, f"end {unit.position}")
        return {"position": unit.position}

    def fail_unit(self, unit: Unit, error: Mapping[str, str], context: UnitContext) -> dict[str, Any]:
        return {"position": -unit.position, **error}

    def finish(self, results: Sequence[Mapping[str, Any]], context: UnitContext) -> dict[str, Any]:
        _die_once("finish", context)
        codes = [result["code"] for result in results if "code" in result]
        return {"positions": [result["position"] for result in results]} | ({"codes": codes} if codes else {})


def _do(unit: Unit, context: UnitContext) -> None:
    spec = unit.spec
    for tick in range(spec.get("ticks", 0)):
        context.report(tick / spec["ticks"], f"tick {tick}")
        time.sleep(0.02)
    if "sleep" in spec:
        context.report(0.5, "sleeping")
        time.sleep(spec["sleep"])
    if spec.get("die") == "always":
        os.kill(os.getpid(), signal.SIGKILL)
    if spec.get("die") == "once":
        _die(f"unit {unit.position}", context)
    if "fail" in spec:
        raise UnitError(spec["fail"], code=spec.get("code", "OUT_OF_INK"))
    if "raise" in spec:
        raise ValueError(spec["raise"])
    if "rows" in spec:
        _write_rows(spec["rows"], context)


def _write_rows(count: int, context: UnitContext) -> None:
    for line in range(count):
        with context.database.transaction() as session:
            context.guard(session)
            row = {"task_id": context.task_id, "line": line, "code": "x", "reason": "x", "excerpt": ""}
            session.execute(insert(ImportBadRow), [row])
        time.sleep(0.02)


def _die_once(step: str, context: UnitContext) -> None:
    if step in context.params.get("die_in", ()):
        _die(step, context)


def _die(step: str, context: UnitContext) -> None:
    """The first time; the mark outlives us."""
    mark = Path(context.params["marks"]) / f"died in {step}"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _mark(context: UnitContext, line: str) -> None:
    if "marks" in context.params:
        with (Path(context.params["marks"]) / "log").open("a") as log:
            log.write(line + "\n")
