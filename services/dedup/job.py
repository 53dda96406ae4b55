"""The dedup job: a small group is a unit; a large one is cut into several, in three stages.

    stage 0   prints    a range of rows: canonical form and fingerprints, stored
    stage 1   compare   a share of the candidate pairs, verified
    stage 2   merge     the clusters of the group, written

A large group whose earlier findings still hold needs the last one only, which then computes what has changed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from models import DuplicateGroup, Question, Task, TaskUnit
from services.dedup.candidates import Share
from services.dedup.canonical import Canonical
from services.dedup.forms import Forms
from services.dedup.groups import Group, digest_of, groups_of, names_of, settings_of
from services.dedup.handover import Stage, discard, hand_over
from services.dedup.ledger import VERDICTS, Ledger, OvertakenError, Standing
from services.dedup.pipeline import Cluster, QuestionText, Report, deduplicate, no_collection
from services.dedup.search import Search, bring_up_to_date, compare_share, compared_shares
from services.dedup.settled import decided
from services.dedup.state import Ids, State
from services.dedup.store import TEXT_COLUMNS, Prints, Span, load, refresh, spans
from services.dedup.version import method_version
from services.runners.base import Job, PlannedUnit, Unit, UnitContext

_SUMMED = ("questions", "clusters", *VERDICTS, "unique")
LARGE = 15_000
"""Questions from which on a group is cut."""
_GROWTH = 5  # a group that has grown by a fifth is searched by all cores again
_SHARED = 2_000_000  # questions whose pairs are shared among the cores, each taking one share; of more it takes several
_TURNS = 10  # times a unit begins anew before it is given up
_FOUND = 0.6  # of a unit is the search, the rest the writing
# How the work of a large group is spread over its stages, as measured on 100,000 questions.
_WORK = {"prints": 0.37, "compare": 0.35, "merge": 0.28}


class DedupJob(Job):
    """params: bank_id, filters {type_name?, subject_name?, channel_code?}, options (DedupOptions.from_params)."""

    def plan(self, context: UnitContext) -> Iterable[PlannedUnit]:
        """The groups, the largest first: begun last, it would keep one worker busy while the others idle."""
        kept, statement = groups_of(context.params)
        for row in context.database.fetch_all(statement):
            values, count = row[:-1], row[-1]
            if count:
                yield from _units(names_of(context.params, dict(zip(kept, values, strict=True))), count, context)

    def run_unit(self, unit: Unit, context: UnitContext) -> dict[str, Any]:
        group = Group.of(context.params, unit.spec["group"])
        step = unit.spec.get("step")
        with no_collection():
            if step not in _EARLIER:
                return _settle(group, unit, context)
            began = time.monotonic()
            result = _EARLIER[step](group, unit, context)
            return result | {"seconds": round(time.monotonic() - began, 3)}

    def finish(self, results: Sequence[Mapping[str, Any]], context: UnitContext) -> dict[str, Any]:
        groups = [result for result in results if "group" in result]
        sums = {name: sum(result[name] for result in groups) for name in _SUMMED}
        discard(context)
        with context.database.transaction() as session:
            context.guard(session)
            began = session.get_one(Task, context.task_id).started_at or time.time()
        return {**sums, "groups": len(groups), "seconds": round(time.time() - began, 3)}


def _units(names: Mapping[str, str], count: int, context: UnitContext) -> Iterator[PlannedUnit]:
    group = Group.of(context.params, names)
    if count <= LARGE:
        yield PlannedUnit({}, work=count, group=names)
    elif _is_known(group, count, context):
        yield PlannedUnit({"step": "merge"}, work=count, group=names)
    else:
        yield from _stages(group, count, context)


def _stages(group: Group, count: int, context: UnitContext) -> Iterator[PlannedUnit]:
    """`digest` is of before the first row is read: what changes from here on is new to the next run."""
    digest, _ = digest_of(context.database, group)
    parts = spans(context.database, group)
    for span in parts:
        spec = {"step": "prints", "first": span.first, "until": span.until, "rows": count // len(parts)}
        yield PlannedUnit(
            spec, size=0, work=count * _WORK["prints"] / len(parts), stage=Stage.PRINTS, group=group.names
        )
    shares = max(2, os.cpu_count() or 1) * (1 + count // _SHARED)
    for share in range(shares):
        spec = {"step": "compare", "part": share, "parts": shares}
        yield PlannedUnit(spec, size=0, work=count * _WORK["compare"] / shares, stage=Stage.COMPARE, group=group.names)
    spec = {"step": "merge", "digest": digest, "questions": count}
    yield PlannedUnit(spec, work=count * _WORK["merge"], stage=Stage.MERGE, group=group.names)


def _is_known(group: Group, count: int, context: UnitContext) -> bool:
    """Whether earlier findings hold for most of the group."""
    settings = settings_of(context.params, group)
    statement = select(DuplicateGroup.questions).filter_by(bank_id=group.bank_id, settings=settings, **group.names)
    known = statement.where(DuplicateGroup.version == method_version(), DuplicateGroup.state.is_not(None))
    rows = context.database.fetch_all(known)
    return bool(rows) and count - rows[0].questions < rows[0].questions // _GROWTH


def _prints(group: Group, unit: Unit, context: UnitContext) -> dict[str, Any]:
    span = Span(unit.spec["first"], unit.spec["until"])
    rows = unit.spec.get("rows") or 1
    forms: list[Forms] = []

    def keep(prints: Prints, canonicals: Sequence[Canonical]) -> None:
        forms.append(Forms.of(prints.ids, prints.texts, canonicals))

    prints = refresh(group, span, context, lambda done: context.report(done / rows, "fingerprint"), keep)
    if forms:
        hand_over(unit, Forms.joined(forms).to_bytes(), context)
    return {"rows": len(prints)}


def _compare(group: Group, unit: Unit, context: UnitContext) -> dict[str, Any]:
    search = Search(group, decided(context.database, group), context)
    share = Share(unit.spec["part"], unit.spec["parts"])
    data = compare_share(search, load(context.database, group), share)
    hand_over(unit, data, context)
    return {"bytes": len(data)}


_EARLIER = {"prints": _prints, "compare": _compare}


def _settle(group: Group, unit: Unit, context: UnitContext) -> dict[str, Any]:
    """Brings the findings of a group up to date; begins anew where somebody else wrote or decided meanwhile."""
    began = time.monotonic()
    ledger = Ledger(group, settings_of(context.params, group), unit, context)
    for turn in range(1, _TURNS + 1):
        try:
            standing = _brought_up_to_date(group, unit, ledger, context)
            break
        except OvertakenError:
            if turn == _TURNS:
                raise
    counts = ledger.counts(standing)
    unique = standing.questions - counts["exact"] - counts["near"]
    seconds = round(time.monotonic() - began + _seconds_before(unit, context), 3)
    return {
        "group": dict(group.names), "questions": standing.questions, **counts, "unique": unique, "seconds": seconds,
    }  # fmt: skip


def _brought_up_to_date(group: Group, unit: Unit, ledger: Ledger, context: UnitContext) -> Standing:
    """The findings now in force. What they are of is looked at before the questions are read: a change in between is
    news to the next run.
    """
    standing = ledger.read()
    search = Search(group, decided(context.database, group), context)
    digest = unit.spec.get("digest") or digest_of(context.database, group)[0]
    in_force = {"version": method_version(), "digest": f"{digest} {search.decisions.digest}"}
    if (standing.version, standing.digest) == (in_force["version"], in_force["digest"]):
        ledger.show(standing)
        return standing
    find = _merge if "step" in unit.spec else _find
    clusters, touched, more = find(search, standing, ledger, unit)
    values = in_force | more
    ledger.write(standing, clusters, touched, values, _reporting(context, _FOUND, 1.0, "write"))
    return replace(standing, questions=more["questions"])


Findings = tuple[Sequence[Cluster], Ids | None, dict[str, Any]]
"""Clusters, the ids whose clusters they replace (None: all), and what is to be known of the group."""


def _find(search: Search, _standing: Standing, _ledger: Ledger, _unit: Unit) -> Findings:
    """A small group: all of it, in memory."""
    texts = select(*TEXT_COLUMNS).where(*search.group.conditions()).order_by(Question.id)
    rows = search.context.database.stream(texts)
    questions = [QuestionText(row.id, row.stem, tuple(row.options), row.answer) for row in rows]
    report = _staging(search.context)
    found = deduplicate(questions, search.options, report, search.decisions.settled)
    return found.clusters, None, {"questions": len(questions), "state": None}


def _merge(search: Search, standing: Standing, ledger: Ledger, unit: Unit) -> Findings:
    """A large group: what earlier units, or the last run, have compared, and what has changed since."""
    context, is_cut = search.context, "digest" in unit.spec
    known = None
    if is_cut:
        prints = load(context.database, search.group)
        known = compared_shares(search, prints)
    else:
        parts = spans(context.database, search.group)
        prints = Prints.joined([refresh(search.group, span, context) for span in parts])
    if known is None and standing.version == method_version() and (data := ledger.state(standing)):
        known = State.from_bytes(data)
    everything = is_cut or known is None
    found = bring_up_to_date(search, prints, known or State.nothing(), standing.pending, everything=everything)
    return found.clusters, found.touched, {"questions": len(prints), "state": found.state.to_bytes()}


def _staging(context: UnitContext) -> Report:
    def report(stage: str, fraction: float) -> None:
        context.report(fraction * _FOUND, stage)  # the rest is the writing

    return report


def _reporting(context: UnitContext, begin: float, end: float, message: str) -> Callable[[float], None]:
    return lambda fraction: context.report(begin + (end - begin) * fraction, message)


def _seconds_before(unit: Unit, context: UnitContext) -> float:
    """What the earlier stages of a group took, all together."""
    if "digest" not in unit.spec:
        return 0.0
    statement = select(TaskUnit.spec, TaskUnit.result).where(TaskUnit.task_id == context.task_id, TaskUnit.size == 0)
    units = context.database.fetch_all(statement)
    return sum(float(row.result["seconds"]) for row in units if row.result and row.spec["group"] == unit.spec["group"])
