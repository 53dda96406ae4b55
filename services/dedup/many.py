"""One decision on many clusters, chosen by a filter: counted before, carried out, taken back. Runs in a worker process.

In short transactions, each of which first looks whether the act still runs: whoever undoes it stops it between two.
What was decided up to there stands in the database with the act's id, so that it can be taken back as a whole, also
after a crash.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, update
from sqlalchemy.orm import Session

from models import ClusterDecision, Database, DuplicateCluster, DuplicateMember, FoundCluster, Question, ReviewAct
from services.batches import PAUSE
from services.dedup.acts import RUNNING
from services.dedup.decisions import (
    MERGED_BY_ITSELF,
    Decision,
    Plan,
    compared_at,
    is_edited,
    lock,
    members_of,
    plan,
    record,
    take_back,
)
from services.dedup.findings import ClusterQuery, matching_clusters
from services.errors import ConflictError
from services.runners.steps import database_at
from services.runners.worker import WorkerContext

CLUSTERS_AT_ONCE, MEMBERS_AT_ONCE = 200, 2_000  # in one transaction, though always one cluster at least

OUTSIDE, NOTHING, CHANGED = "outside_similarity", "nothing_to_merge", "changed"
LEFT_OPEN = (OUTSIDE, NOTHING, CHANGED)


@dataclass(slots=True)
class Effect:
    """What a decision on many does, or did.

    Attributes:
        clusters: how many clusters it decides.
        merged: how many questions it merges.
        left: matching open clusters that it leaves to a person, by reason: a member outside the bounds of similarity;
            nothing that is merged by itself; or changed since the task compared them (a question edited, deleted, or
            merged by another decision).
        decision_id: by which it can be undone; None of a preview.
    """

    clusters: int = 0
    merged: int = 0
    left: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LEFT_OPEN, 0))
    decision_id: int | None = None


def preview(argument: Mapping[str, Any], _worker: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """Target of the worker pool: {database_url, task_id, query, action} -> the Effect it would have."""
    return asdict(count(database_at(argument["database_url"]), *_asked(argument)))


def decide(argument: Mapping[str, Any], worker: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """Target of the worker pool: {database_url, task_id, query, action, by, act_id} -> {clusters, merged}.

    Ends early when the act no longer runs.
    """
    database, by, act_id = database_at(argument["database_url"]), argument["by"], argument["act_id"]
    task_id, query, action = _asked(argument)
    with database.reader() as session:
        since = compared_at(session, task_id)
    done = {"clusters": 0, "merged": 0}
    for batch in _open_batches(database, task_id, query, action, since):
        with database.transaction() as session:
            if not _still_runs(session, act_id):
                break
            lock(session, task_id, batch)
            plans = _plans(session, batch, Decision(action), since)
            merged = record(session, plans, Decision(action), by, act_id) if plans else 0
            _get_further(session, act_id, len(plans), merged)
        done = {"clusters": done["clusters"] + len(plans), "merged": done["merged"] + merged}
        worker.report(done)
        time.sleep(PAUSE)
    return done


def undo(argument: Mapping[str, Any], worker: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """Target of the worker pool: {database_url, undoes, act_id} -> {clusters, questions} that were given back."""
    database, act_id = database_at(argument["database_url"]), argument["act_id"]
    done = {"clusters": 0, "questions": 0}
    for batch in _batches_of(database, argument["undoes"]):
        with database.transaction() as session:
            lock(session, None, batch)
            taken, questions = take_back(session, batch, argument["undoes"])
            _get_further(session, act_id, len(taken), questions)
        done = {"clusters": done["clusters"] + len(taken), "questions": done["questions"] + questions}
        worker.report(done)
        time.sleep(PAUSE)
    return done


def count(database: Database, task_id: int, query: ClusterQuery, action: str) -> Effect:
    """What the decision would do now."""
    with database.reader() as session:
        since = compared_at(session, task_id)
    chosen = classified(task_id, query, action, since).subquery()
    sums = func.count().label("clusters"), func.sum(chosen.c.targets).label("targets")
    by_reason = {row.why: row for row in database.fetch_all(select(chosen.c.why, *sums).group_by(chosen.c.why))}
    effect = Effect()
    if decided := by_reason.get(""):
        effect.clusters, effect.merged = decided.clusters, int(decided.targets)
    effect.left |= {reason: by_reason[reason].clusters for reason in LEFT_OPEN if reason in by_reason}
    return effect


def classified(task_id: int, query: ClusterQuery, action: str, since: float) -> Select[*tuple[Any, ...]]:
    """Matching clusters that nobody has decided: id, size, `targets` (questions that a merge takes), and `why` each is
    left to a person ("": it is decided).

    Members are counted, not looked for: PostgreSQL would turn an EXISTS into a scan of all questions, once a page.
    """
    targets: Any = _members_such_that(_is_target()) if action == "merge" else literal(0)
    reasons: list[tuple[ColumnElement[bool], str]] = []
    if (outside := _outside(query, action)) is not None:
        reasons.append((outside, OUTSIDE))
    if action == "merge":
        reasons += [(_changed(since), CHANGED), (targets == 0, NOTHING)]
    why: ColumnElement[str] = case(*reasons, else_="") if reasons else literal("")
    columns = DuplicateCluster.id, DuplicateCluster.size, targets.label("targets"), why.label("why")
    open_ones = matching_clusters(task_id, query).where(ClusterDecision.action.is_(None))
    return open_ones.with_only_columns(*columns, maintain_column_froms=True)


def _asked(argument: Mapping[str, Any]) -> tuple[int, ClusterQuery, str]:
    return argument["task_id"], ClusterQuery(**argument["query"]), argument["action"]


def _members_such_that(condition: ColumnElement[bool]) -> Any:
    """How many members of the cluster, with their questions, fulfil a condition."""
    counted = (
        select(func.count()).select_from(DuplicateMember).join(Question, Question.id == DuplicateMember.question_id)
    )
    of_cluster = counted.where(DuplicateMember.cluster_id == DuplicateCluster.id, condition)
    return of_cluster.correlate(DuplicateCluster).scalar_subquery()


def _is_target() -> ColumnElement[bool]:
    """A member that a merge takes without being named."""
    is_merged_by_itself = DuplicateMember.verdict.in_(MERGED_BY_ITSELF)
    return (Question.status == "active") & (DuplicateMember.position > 0) & is_merged_by_itself


def _changed(since: float) -> ColumnElement[bool]:
    """The representative is no longer active, or a member that a merge takes was edited or merged elsewhere."""
    is_kept = (DuplicateMember.position == 0) & (Question.status == "active")
    is_other = (Question.status == "merged") | (is_edited(since) & (Question.status == "active"))
    is_concerned = DuplicateMember.verdict.in_(MERGED_BY_ITSELF)
    return or_(_members_such_that(is_kept) == 0, _members_such_that(is_concerned & is_other) > 0)


def _outside(query: ClusterQuery, action: str) -> ColumnElement[bool] | None:
    """Whether a member that the decision concerns lies outside the similarity that was asked for."""
    bounds = []
    if query.min_similarity is not None:
        bounds.append(DuplicateMember.similarity < query.min_similarity)
    if query.max_similarity is not None:
        bounds.append(DuplicateMember.similarity > query.max_similarity)
    if not bounds:
        return None
    is_concerned = DuplicateMember.position > 0
    if action == "merge":
        is_concerned &= DuplicateMember.verdict.in_(MERGED_BY_ITSELF)
    strays: ColumnElement[int] = _members_such_that(is_concerned & or_(*bounds))
    return strays > 0


def _open_batches(
    database: Database, task_id: int, query: ClusterQuery, action: str, since: float
) -> Iterator[list[int]]:
    """The clusters to decide, by id, each time those that are open now."""
    chosen = classified(task_id, query, action, since).order_by(DuplicateCluster.id)
    last = 0
    while rows := database.fetch_all(chosen.where(DuplicateCluster.id > last).limit(CLUSTERS_AT_ONCE)):
        batch: list[int] = []
        members = 0
        for row in rows:
            if batch and members + row.size > MEMBERS_AT_ONCE:
                break
            if row.why == "":
                batch.append(row.id)
                members += row.size
            last = row.id
        if batch:
            yield batch


def _batches_of(database: Database, act_id: int) -> Iterator[list[int]]:
    """The clusters on which an act is in force."""
    statement = (
        select(ClusterDecision.cluster_id, FoundCluster.size)
        .join(FoundCluster, FoundCluster.id == ClusterDecision.cluster_id)
        .where(ClusterDecision.act_id == act_id)
        .order_by(ClusterDecision.cluster_id)
        .limit(CLUSTERS_AT_ONCE)
    )
    last = 0
    while rows := database.fetch_all(statement.where(ClusterDecision.cluster_id > last)):
        batch: list[int] = []
        members = 0
        for row in rows:
            if batch and members + row.size > MEMBERS_AT_ONCE:
                break
            batch.append(row.cluster_id)
            members += row.size
        last = batch[-1]
        yield batch


def _still_runs(session: Session, act_id: int) -> bool:
    """Held until the commit: an undo waits for this batch, and no other follows."""
    state = select(ReviewAct.state).where(ReviewAct.id == act_id).with_for_update()
    return session.scalar(state) == RUNNING


def _plans(session: Session, cluster_ids: Sequence[int], decision: Decision, since: float) -> dict[int, Plan]:
    """Asked again under the lock: where somebody was quicker, or a question changed, their word stands."""
    decided = set(
        session.scalars(select(ClusterDecision.cluster_id).where(ClusterDecision.cluster_id.in_(cluster_ids)))
    )
    plans: dict[int, Plan] = {}
    still_open = [key for key in cluster_ids if key not in decided]
    members = members_of(session, still_open, since) if decision.action == "merge" else {}
    for key in still_open:
        try:
            planned = plan(members[key], decision) if decision.action == "merge" else Plan(None, ())
        except ConflictError:
            continue
        if planned.targets or decision.action != "merge":
            plans[key] = planned
    return plans


def _get_further(session: Session, act_id: int, clusters: int, questions: int) -> None:
    further = update(ReviewAct).where(ReviewAct.id == act_id)
    further = further.values(
        clusters=ReviewAct.clusters + clusters, questions=ReviewAct.questions + questions, seen_at=time.time()
    )
    session.execute(further, execution_options={"synchronize_session": False})
