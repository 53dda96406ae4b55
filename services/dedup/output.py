"""The files of what a dedup task found, composed in a worker process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Row, Select, and_, exists, select
from sqlalchemy.orm import aliased

from models import ClusterDecision, Database, DuplicateCluster, DuplicateMember, Question, TaskGroup, TaskUnit
from services.banks.formats import csv, write, xlsx_writer
from services.banks.formats.layout import Layout, write_as
from services.banks.formats.table import EXPORT_HEADER, export_cells
from services.banks.view import QUESTION_COLUMNS, as_object, pick
from services.dedup.decisions import MERGED_BY_ITSELF
from services.dedup.groups import selected
from services.runners.steps import database_at
from services.runners.worker import WorkerContext

_CHUNK = 200  # rows read at once
_CLUSTER_HEADER = (
    "cluster_id", "representative_id", "question_id", "verdict", "similarity", "decision", "differs", "decided_by",
    "status", "merged_into",
)  # fmt: skip


def write_export(argument: Mapping[str, Any], _context: WorkerContext, _blob: bytes) -> dict[str, Any]:
    """Target of the worker pool: {database_url, task_id, params, what, format, layout, path} -> {bytes} in the file."""
    size = 0
    with Path(argument["path"]).open("ab", buffering=0) as file:
        for piece in _pieces(argument):
            size += file.write(piece)
    return {"bytes": size}


def _pieces(argument: Mapping[str, Any]) -> Iterator[bytes]:
    database = database_at(argument["database_url"])
    if argument["what"] == "clusters":
        return _WRITERS[argument["format"]](database.stream(members(argument["task_id"]), _CHUNK))
    statement = _unique(argument["task_id"], argument["params"])
    layout = Layout.from_json(argument["layout"]) if argument["layout"] else None
    if layout is not None and layout.columns:
        return write_as(layout, lambda: _questions(database, statement))
    return write(layout.format if layout else argument["format"], _questions(database, statement))


def _questions(database: Database, statement: Select[*tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    return map(as_object, database.stream(statement, _CHUNK))


def _unique(task_id: int, params: Mapping[str, Any]) -> Select[*tuple[Any, ...]]:
    superfluous = (
        select(DuplicateMember.question_id)
        .join(DuplicateCluster, DuplicateCluster.id == DuplicateMember.cluster_id)
        .join(TaskUnit, and_(TaskUnit.id == DuplicateCluster.unit_id, TaskUnit.status == "done"))
        .outerjoin(ClusterDecision, ClusterDecision.cluster_id == DuplicateCluster.id)
        .where(
            DuplicateMember.question_id == Question.id,
            DuplicateCluster.task_id == task_id,
            DuplicateMember.verdict.in_(MERGED_BY_ITSELF),
            ClusterDecision.action.is_(None),  # where somebody decided, the questions' own status says it
            _has_better(params),
        )
    )
    return select(*QUESTION_COLUMNS).where(*selected(params), ~exists(superfluous)).order_by(Question.id)


def _has_better(params: Mapping[str, Any]) -> Any:
    """Whether the member's cluster has one before it that is in the file itself.

    Not the representative in any case: it may have been deleted or merged since, and its copies must not go with it.
    """
    better, question = aliased(DuplicateMember), aliased(Question)
    return exists(
        select(better.question_id)
        .join(question, question.id == better.question_id)
        .where(
            better.cluster_id == DuplicateMember.cluster_id,
            better.position < DuplicateMember.position,
            better.verdict.in_(MERGED_BY_ITSELF),
            *selected(params, question),
        )
        .correlate(DuplicateMember)
    )


def members(task_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(
            DuplicateMember.cluster_id,
            DuplicateCluster.representative_id,
            DuplicateMember.verdict,
            DuplicateMember.similarity,
            DuplicateMember.evidence,
            ClusterDecision.action,
            ClusterDecision.decided_by,
            ClusterDecision.decided_at,
            *QUESTION_COLUMNS,
        )
        .join(DuplicateCluster, DuplicateCluster.id == DuplicateMember.cluster_id)
        .join(TaskUnit, and_(TaskUnit.id == DuplicateCluster.unit_id, TaskUnit.status == "done"))
        .join(Question, Question.id == DuplicateMember.question_id)
        .outerjoin(ClusterDecision, ClusterDecision.cluster_id == DuplicateCluster.id)
        .where(DuplicateCluster.task_id == task_id)
        # As the index has them: SQLite then sorts one cluster at a time, not all texts of the task in memory.
        .order_by(TaskGroup.group_id, DuplicateCluster.id, DuplicateMember.position)
    )


def _lines(rows: Iterable[Row[Any]]) -> Iterator[bytes]:
    for row in rows:
        line = {
            "cluster_id": row.cluster_id,
            "representative_id": row.representative_id,
            "question_id": row.id,
            "verdict": row.verdict,
            "similarity": row.similarity,
            "decision": row.action,
            "decided_by": row.decided_by,
            "decided_at": row.decided_at,
            "evidence": row.evidence,
            "question": pick(row, QUESTION_COLUMNS),
        }
        yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _cells(row: Row[Any]) -> Iterator[str]:
    yield from (str(row.cluster_id), str(row.representative_id), str(row.id), row.verdict)
    yield from (f"{row.similarity:.4f}", row.action or "", ", ".join((row.evidence or {}).get("differs", {})))
    yield from (row.decided_by or "", row.status, str(row.merged_into or ""))
    yield from export_cells(pick(row, QUESTION_COLUMNS))


_WRITERS: Mapping[str, Callable[[Iterable[Row[Any]]], Iterator[bytes]]] = {
    "jsonl": _lines,
    "csv": lambda rows: csv.write_rows((*_CLUSTER_HEADER, *EXPORT_HEADER), map(_cells, rows)),
    "xlsx": lambda rows: xlsx_writer.write_rows((*_CLUSTER_HEADER, *EXPORT_HEADER), map(_cells, rows)),
}
