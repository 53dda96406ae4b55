"""What a decision does to questions, inside a caller's transaction, for one cluster or for many together.

A merge marks questions `merged` and remembers which, so that its undoing gives exactly these back; nothing is deleted.
A finding that no longer holds (a question edited since, merged by another decision) is never merged unseen.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, CursorResult, bindparam, delete, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from models import ClusterDecision, DuplicateCluster, DuplicateMember, FoundCluster, Question, Task, TaskUnit
from services.batches import ROWS, chunks
from services.dedup.conflicts import QuestionDeletedError, QuestionEditedError, QuestionMergedError
from services.errors import FieldProblem, InvalidInputError, NotFoundError

T = TypeVar("T")

MERGED_BY_ITSELF = ("exact", "near")


@dataclass(frozen=True, slots=True)
class Decision:
    """What shall become of a cluster.

    Attributes:
        action: merge, keep_all or not_duplicate.
        keep_id: the member the others are merged into; None: the representative.
        exclude: members that stay as they are.
        include: members with verdict `review` that are merged as well; without it a merge takes exact and near ones.
        allow_edited: whether questions may be merged that were edited after the task compared them.
    """

    action: str
    keep_id: int | None = None
    exclude: Sequence[int] = ()
    include: Sequence[int] = ()
    allow_edited: bool = False


class Member(NamedTuple):
    """A question of a cluster as it is now; `status` is "" when it went with its bank."""

    question_id: int
    position: int
    verdict: str
    status: str
    merged_into: int | None
    is_edited: bool


class Plan(NamedTuple):
    """Which question stays (None: nothing is merged), and which are merged into it."""

    keep_id: int | None
    targets: Sequence[int]


class TakenBack(NamedTuple):
    """A decision that was in force."""

    cluster_id: int
    action: str
    by: str
    at: float
    act_id: int | None


def compared_at(session: Session, task_id: int) -> float:
    """When the task began to read: a question edited later may no longer be what was compared."""
    return session.scalar(select(func.coalesce(Task.started_at, Task.created_at)).where(Task.id == task_id)) or 0.0


def is_edited(since: float) -> ColumnElement[bool]:
    """Whether a question's text was changed after `since`; one that is only new was read as it is."""
    return (Question.updated_at > since) & (Question.updated_at > Question.created_at)


def lock(session: Session, task_id: int | None, cluster_ids: Sequence[int]) -> None:
    """Two people who decide one cluster at once follow each other; so do two tasks that found the same questions.

    On PostgreSQL: clusters first, then questions, each by ascending id, or two decisions could wait for each other
    for ever. SQLite has one writer at a time.

    Raises:
        NotFoundError: the task (None: any) has no such cluster, or it is in a group that is not done.
    """
    statement = (
        select(DuplicateCluster.id)
        .join(TaskUnit, TaskUnit.id == DuplicateCluster.unit_id)
        .where(DuplicateCluster.id.in_(cluster_ids), TaskUnit.status == "done")
        .order_by(DuplicateCluster.id)
        .with_for_update(of=FoundCluster.__table__)
    )
    if task_id is not None:
        statement = statement.where(DuplicateCluster.task_id == task_id)
    missing = set(cluster_ids) - set(session.scalars(statement))
    if missing:
        raise NotFoundError("cluster", min(missing))
    if session.get_bind().dialect.name != "sqlite":
        members = select(DuplicateMember.question_id).where(DuplicateMember.cluster_id.in_(cluster_ids))
        questions = select(Question.id).where(Question.id.in_(members)).order_by(Question.id)
        session.execute(questions.with_for_update()).close()


def members_of(session: Session, cluster_ids: Sequence[int], since: float) -> Mapping[int, list[Member]]:
    """By cluster, the representative first; read in pieces, between which others run."""
    key = (DuplicateMember.cluster_id, DuplicateMember.question_id)
    columns = (*key, DuplicateMember.position, DuplicateMember.verdict)
    statement = (
        select(*columns, Question.status, Question.merged_into, is_edited(since).label("is_edited"))
        .outerjoin(Question, Question.id == DuplicateMember.question_id)
        .where(DuplicateMember.cluster_id.in_(cluster_ids))
        .order_by(*key)
        .limit(ROWS)
    )
    found: dict[int, list[Member]] = defaultdict(list)
    last = (0, 0)
    while rows := session.execute(statement.where(tuple_(*key) > last)).all():
        for row in rows:
            state = (row.status or "", row.merged_into, bool(row.is_edited))
            found[row.cluster_id].append(Member(row.question_id, row.position, row.verdict, *state))
        last = (rows[-1].cluster_id, rows[-1].question_id)
        time.sleep(0)
    for members in found.values():
        members.sort(key=lambda member: member.position)
    return found


def plan(members: Sequence[Member], decision: Decision) -> Plan:
    """What the decision comes to.

    A member that was deleted since is passed over, unless it was asked for by name.

    Raises:
        InvalidInputError: a question is named that is no member, or cannot be merged.
        QuestionMergedError, QuestionDeletedError, QuestionEditedError: the finding no longer holds.
    """
    if decision.action != "merge":
        return Plan(None, ())
    by_id = {member.question_id: member for member in members}
    included, excluded = set(decision.include), set(decision.exclude)
    mergeable = {key for key, member in by_id.items() if member.verdict in MERGED_BY_ITSELF} | included
    keep_id = decision.keep_id if decision.keep_id is not None else members[0].question_id
    _check_names(by_id, decision, mergeable, keep_id)
    concerned = [by_id[key] for key in sorted(mergeable - excluded)]
    _check_state(concerned, keep_id, included, allow_edited=decision.allow_edited)
    return Plan(keep_id, [each.question_id for each in concerned if each.status == "active" and each[0] != keep_id])


def _check_names(by_id: Mapping[int, Member], decision: Decision, mergeable: set[int], keep_id: int) -> None:
    problems = [
        FieldProblem("exclude", f"Question {key} is not a member of this cluster.")
        for key in decision.exclude
        if key not in by_id
    ]
    problems += [
        FieldProblem("include", f"Question {key} is not a member with verdict review; a variant is never merged.")
        for key in decision.include
        if key not in by_id or by_id[key].verdict != "review"
    ]
    if keep_id not in mergeable or keep_id in decision.exclude:
        text = f"Question {keep_id} is not among those that would be merged; name one of {sorted(mergeable)[:20]}."
        problems.append(FieldProblem("keep_id", text))
    if problems:
        raise InvalidInputError("The decision names questions it cannot be about.", problems)


def _check_state(concerned: Sequence[Member], keep_id: int, included: set[int], *, allow_edited: bool) -> None:
    if merged := [(each.question_id, each.merged_into) for each in concerned if each.status == "merged"]:
        raise QuestionMergedError(merged)
    by_name = included | {keep_id}
    gone = [each.question_id for each in concerned if each.status != "active" and each.question_id in by_name]
    if gone:
        raise QuestionDeletedError(gone)
    edited = [each.question_id for each in concerned if each.is_edited and each.status == "active"]
    if edited and not allow_edited:
        raise QuestionEditedError(edited)


def record(session: Session, plans: Mapping[int, Plan], decision: Decision, by: str, act_id: int) -> int:
    """Puts the decision in force on clusters that have none, and merges; gives how many questions that were.

    No circle can come of it: a kept question is active, and what is merged no longer is.
    """
    common = {"action": decision.action, "exclude": sorted(set(decision.exclude)), "decided_by": by, "act_id": act_id}
    rows = [
        {"cluster_id": key, "keep_id": one.keep_id, "merged": list(one.targets), "decided_at": time.time(), **common}
        for key, one in plans.items()
    ]
    session.execute(insert(ClusterDecision), rows)
    merging = update(Question).where(Question.id == bindparam("question"), Question.status == "active")
    merging = merging.values(status="merged", merged_into=bindparam("into"))
    _revise(session, list(plans))
    return _each(
        session, merging, [{"question": t, "into": one.keep_id} for one in plans.values() for t in one.targets]
    )


def take_back(session: Session, cluster_ids: Sequence[int], act_id: int | None = None) -> tuple[list[TakenBack], int]:
    """Undoes what is in force on these clusters (with `act_id`: only what came of that act).

    Returns:
        What was in force, and how many questions were given back.

    A question that was deleted since stays deleted, and one that a person merged elsewhere stays there.
    """
    statement = select(ClusterDecision).where(ClusterDecision.cluster_id.in_(cluster_ids))
    if act_id is not None:
        statement = statement.where(ClusterDecision.act_id == act_id)
    decisions = session.scalars(statement.order_by(ClusterDecision.cluster_id)).all()
    giving_back = (
        update(Question)
        .where(Question.id == bindparam("question"), Question.status == "merged")
        .where(Question.merged_into == bindparam("into"))
        .values(status="active", merged_into=None)
    )
    merged = [{"question": key, "into": each.keep_id} for each in decisions for key in each.merged]
    taken = [
        TakenBack(each.cluster_id, each.action, each.decided_by, each.decided_at, each.act_id) for each in decisions
    ]
    session.expunge_all()  # they go by a statement, which the session would compare with each
    ids = [each.cluster_id for each in taken]
    session.execute(delete(ClusterDecision).where(ClusterDecision.cluster_id.in_(ids)))
    _revise(session, ids)
    return taken, _each(session, giving_back, merged)


def _revise(session: Session, cluster_ids: Sequence[int]) -> None:
    revised = update(FoundCluster).where(FoundCluster.id.in_(cluster_ids)).values(revision=FoundCluster.revision + 1)
    session.execute(revised, execution_options={"synchronize_session": False})


def _each(session: Session, statement: Any, parameters: Sequence[dict[str, Any]]) -> int:
    """The rows that were changed; piece by piece, between which others run."""
    changed = 0
    for some in chunks(parameters):
        # The connection's own execute: the session's would look for a primary key among the values.
        result = session.connection().execute(statement, some)
        assert isinstance(result, CursorResult)
        changed += result.rowcount
        time.sleep(0)
    return changed
