"""What a dedup task found, read for people: its groups, its clusters, one cluster with its differences."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from rapidfuzz.distance import Levenshtein, Postfix, Prefix
from sqlalchemy import Row, Select, Subquery, Text, cast, func, select

from models import ClusterDecision, Database, DuplicateCluster, DuplicateMember, Question, TaskUnit
from services.banks.view import QUESTION_COLUMNS, pick
from services.dedup.decisions import compared_at, is_edited
from services.errors import NotFoundError
from services.pagination import Page, decode_cursor, encode_cursor
from services.tasks.service import TaskService

MEMBERS_IN_LIST = 50  # of one cluster; its own page has more
MEMBERS_IN_DETAIL = 500  # four times as many held the hub for half a second under load
TEXT_IN_ANSWER = 2_000_000  # characters: tens of milliseconds to read and to send
# Products of two lengths: up to this a diff costs the hub a few milliseconds, and those of an answer 0.1 s together.
_DIFF_CELLS, _DIFF_CELLS_IN_ANSWER = 4_000_000, 40_000_000

_CLUSTER_COLUMNS: tuple[Any, ...] = (
    DuplicateCluster.id,
    DuplicateCluster.task_id,
    DuplicateCluster.type_name,
    DuplicateCluster.subject_name,
    DuplicateCluster.channel_code,
    DuplicateCluster.representative_id,
    DuplicateCluster.size,
    DuplicateCluster.exact,
    DuplicateCluster.near,
    DuplicateCluster.review,
    DuplicateCluster.variant,
    DuplicateCluster.revision,
    ClusterDecision.action,
    ClusterDecision.keep_id,
    ClusterDecision.exclude,
    ClusterDecision.decided_by,
    ClusterDecision.decided_at,
    ClusterDecision.act_id,
)


@dataclass(frozen=True, slots=True)
class ClusterQuery:
    """Which clusters; every field narrows. `decision` is an action, or "none" for what nobody has decided yet."""

    type_name: str | None = None
    subject_name: str | None = None
    channel_code: str | None = None
    verdict: str | None = None  # some member beside the representative has it
    decision: str | None = None
    min_similarity: float | None = None  # some member is at least so alike
    max_similarity: float | None = None  # some member is at most so alike
    limit: int = 50
    cursor: str | None = None


class Findings:
    def __init__(self, database: Database, tasks: TaskService) -> None:
        self._database, self._tasks = database, tasks

    def groups(self, task_id: int, *, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
        """The groups of a task, the largest first, each with its counts once it is done."""
        self._tasks.get(task_id, kind="dedup")
        units = self._tasks.units(task_id, limit=limit, cursor=cursor)
        return Page([_group(unit) for unit in units.items], units.next_cursor, units.total)

    def clusters(self, task_id: int, query: ClusterQuery) -> Page[dict[str, Any]]:
        """Clusters of finished groups in the order they were found, each with its first members.

        A page has fewer than `limit` where their texts are long: an answer holds TEXT_IN_ANSWER of them.
        """
        self._tasks.get(task_id, kind="dedup")
        since = self._compared_at(task_id)
        matching = matching_clusters(task_id, query)
        page = matching.with_only_columns(*_CLUSTER_COLUMNS, maintain_column_froms=True)
        page = page.order_by(DuplicateCluster.id).limit(query.limit + 1)
        if query.cursor is not None:
            page = page.where(DuplicateCluster.id > decode_cursor(query.cursor))
        counting = matching.with_only_columns(func.count(), maintain_column_froms=True)
        rows = self._database.fetch_all(page)
        total = self._database.fetch_all(counting)[0][0]
        shown = rows[: query.limit]
        members, cut = self._members([row.id for row in shown], MEMBERS_IN_LIST, since)
        if cut is not None:  # the next page begins with it, unless it is the only one of this
            shown = [row for row in shown if row.id < cut] or shown[:1]
        more = encode_cursor(shown[-1].id) if len(rows) > len(shown) else None
        return Page([_cluster(row, _with_conflicts(members[row.id])) for row in shown], more, total)

    def cluster(self, task_id: int, cluster_id: int) -> dict[str, Any]:
        """One cluster with the difference of each member to the representative, stretch by stretch."""
        statement = matching_clusters(task_id, ClusterQuery()).where(DuplicateCluster.id == cluster_id)
        rows = self._database.fetch_all(statement.with_only_columns(*_CLUSTER_COLUMNS, maintain_column_froms=True))
        if not rows:
            raise NotFoundError("cluster", cluster_id)
        members = self._members([cluster_id], MEMBERS_IN_DETAIL, self._compared_at(task_id))[0][cluster_id]
        return _cluster(rows[0], _with_differences(_with_conflicts(members)))

    def _compared_at(self, task_id: int) -> float:
        with self._database.reader() as session:
            return compared_at(session, task_id)

    def _members(
        self, cluster_ids: Sequence[int], most: int, since: float
    ) -> tuple[Mapping[int, list[dict[str, Any]]], int | None]:
        """Of each cluster its first members, and the cluster at which the answer was full, if it was."""
        weighed = _weighed(cluster_ids, most)
        columns = (
            DuplicateMember.cluster_id,
            DuplicateMember.position,
            DuplicateMember.verdict,
            DuplicateMember.similarity,
            DuplicateMember.evidence,
            is_edited(since).label("is_edited"),
            weighed.c.so_far,
        )
        statement: Select[Any] = (
            select(*columns, *QUESTION_COLUMNS)
            .join(Question, Question.id == DuplicateMember.question_id)
            .join(weighed, (weighed.c.cluster_id == DuplicateMember.cluster_id) & (weighed.c.id == Question.id))
            .where(weighed.c.so_far - weighed.c.text < TEXT_IN_ANSWER)
            .order_by(DuplicateMember.cluster_id, DuplicateMember.position)
        )
        members = defaultdict(list)
        rows = self._database.fetch_all(statement)
        for row in rows:
            members[row.cluster_id].append(_member(row))
        return members, rows[-1].cluster_id if rows and rows[-1].so_far >= TEXT_IN_ANSWER else None


def _weighed(cluster_ids: Sequence[int], most: int) -> Subquery:
    """The characters of each member, and of all up to it; without the texts, of which there may be any amount."""
    texts = (Question.stem, Question.answer, Question.analysis, Question.options, DuplicateMember.evidence)
    text = reduce(add, (func.length(cast(column, Text)) for column in texts))
    in_order = DuplicateMember.cluster_id, DuplicateMember.position
    return (
        select(
            DuplicateMember.cluster_id,
            Question.id,
            text.label("text"),
            func.sum(text).over(order_by=in_order).label("so_far"),
        )
        .join(Question, Question.id == DuplicateMember.question_id)
        .where(DuplicateMember.cluster_id.in_(cluster_ids), DuplicateMember.position < most)
        .subquery()
    )


def matching_clusters(task_id: int, query: ClusterQuery) -> Select[*tuple[Any, ...]]:
    """Clusters of a task that a query names; only groups that are done have any that count."""
    statement: Select[*tuple[Any, ...]] = (
        select(DuplicateCluster.id)
        .join(TaskUnit, TaskUnit.id == DuplicateCluster.unit_id)
        .outerjoin(ClusterDecision, ClusterDecision.cluster_id == DuplicateCluster.id)
        .where(DuplicateCluster.task_id == task_id, TaskUnit.status == "done")
    )
    for name in ("type_name", "subject_name", "channel_code"):
        if (value := getattr(query, name)) is not None:
            statement = statement.where(getattr(DuplicateCluster, name) == value)
    if query.verdict is not None:
        statement = statement.where(getattr(DuplicateCluster, query.verdict) > 0)
    if query.decision == "none":
        statement = statement.where(ClusterDecision.action.is_(None))
    elif query.decision is not None:
        statement = statement.where(ClusterDecision.action == query.decision)
    if query.min_similarity is not None:
        statement = statement.where(DuplicateCluster.max_similarity >= query.min_similarity)
    if query.max_similarity is not None:
        statement = statement.where(DuplicateCluster.min_similarity <= query.max_similarity)
    return statement


@dataclass(slots=True)
class Effort:
    """What the diffs of one answer may still cost; after that texts are only told apart where they begin and end."""

    cells: int = _DIFF_CELLS_IN_ANSWER

    def allows(self, cells: int) -> bool:
        if cells > min(self.cells, _DIFF_CELLS):
            return False
        self.cells -= cells
        return True


def stretches(a: str, b: str, effort: Effort) -> list[list[str]]:
    """The way from one text to another: [tag, stretch of a, stretch of b], tag equal, replace, delete or insert.

    What both begin and end with is set aside first, so a small edit in a long text is still shown as a small edit.
    """
    head = Prefix.similarity(a, b)
    tail = Postfix.similarity(a[head:], b[head:])
    middle = _aligned(a[head : len(a) - tail], b[head : len(b) - tail], effort)
    parts = [["equal", a[:head], a[:head]], *middle, ["equal", a[len(a) - tail :], a[len(a) - tail :]]]
    return [part for part in parts if part[1] or part[2]]


def _aligned(a: str, b: str, effort: Effort) -> list[list[str]]:
    if not effort.allows(len(a) * len(b)):
        return [["replace", a, b]]
    return [[op.tag, a[op.src_start : op.src_end], b[op.dest_start : op.dest_end]] for op in Levenshtein.opcodes(a, b)]


def _group(unit: Mapping[str, Any]) -> dict[str, Any]:
    counts = ("questions", "exact", "near", "review", "variant", "clusters", "unique", "seconds")
    result = unit["result"] or {}
    return {**unit["spec"]["group"], "status": unit["status"], **{name: result.get(name) for name in counts}}


def _cluster(row: Row[Any], members: Sequence[dict[str, Any]]) -> dict[str, Any]:
    decision = None
    if row.action is not None:
        decision = {
            "action": row.action,
            "keep_id": row.keep_id,
            "exclude": row.exclude,
            "by": row.decided_by,
            "at": row.decided_at,
            "decision_id": row.act_id,
        }
    return {
        "id": row.id,
        "task_id": row.task_id,
        "group": {name: getattr(row, name) for name in ("type_name", "subject_name", "channel_code")},
        "representative_id": row.representative_id,
        "size": row.size,
        **{name: getattr(row, name) for name in ("exact", "near", "review", "variant")},
        "revision": row.revision,
        "decision": decision,
        "members": list(members),
    }


def _member(row: Row[Any]) -> dict[str, Any]:
    question = pick(row, QUESTION_COLUMNS)
    return {
        "question_id": row.id,
        "external_id": row.external_id,
        "position": row.position,
        "verdict": row.verdict,
        "similarity": row.similarity,
        "evidence": row.evidence,
        "edited": bool(row.is_edited),
        "question": question,
    }


def _chief(members: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The representative's question; None when it is gone: a bank's questions are deleted with it."""
    return members[0]["question"] if members and members[0]["position"] == 0 else None


def _with_conflicts(members: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    chief = _chief(members)
    return [member | {"answer_conflict": _answer_conflict(chief, member)} for member in members]


def _answer_conflict(chief: Mapping[str, Any] | None, member: Mapping[str, Any]) -> dict[str, Any] | None:
    """Two answers that disagreed when the task ran, as they are written and as they were understood."""
    says = member["evidence"].get("differs", {}).get("answer")
    if not says:
        return None
    return {
        "representative": {"answer": chief["answer"] if chief else "", "says": says[0]},
        "question": {"answer": member["question"]["answer"], "says": says[1]},
    }


def _with_differences(members: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Against the texts as they are now, which a person may have edited since the task ran.

    None for the representative, and for all when it is gone.
    """
    chief, effort = _chief(members), Effort()
    return [member | {"diff": _difference(chief, member["question"], effort)} for member in members]


def _difference(
    chief: Mapping[str, Any] | None, question: Mapping[str, Any], effort: Effort
) -> dict[str, list[list[str]]] | None:
    if chief is None or question["id"] == chief["id"]:
        return None
    time.sleep(0)  # others run between two members
    return {
        name: stretches(_text(chief, name), _text(question, name), effort) for name in ("stem", "options", "answer")
    }


def _text(question: Mapping[str, Any], name: str) -> str:
    """A field as one text: options one a line."""
    return "\n".join(question[name]) if name == "options" else str(question[name])
