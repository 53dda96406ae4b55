"""The findings of a group in the database, brought from what they were to what they are now.

A cluster that goes on keeps its id: of the new clusters the one that has most of its members. A cluster that somebody
decided stays as it is. Rows are written in short transactions, so a run may be cut short in the middle. Before the
first it puts down which questions it is about to deal with (`pending`); whoever comes next deals with them again. Two
tasks never write one group at once: the second waits, then begins anew from what the first left.

Every cluster has its representative among its members from the first transaction to the last: by their questions the
clusters that a run left half written are found again.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Result,
    Table,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import ClusterDecision, DuplicateGroup, DuplicateMember, FoundCluster, Task, TaskGroup
from services.batches import PAUSE, ROWS, batches, chunks
from services.dedup.groups import Group
from services.dedup.heirs import Row, heirs_of, rows_of
from services.dedup.pipeline import Cluster, Member
from services.runners.base import Unit, UnitContext

VERDICTS = ("exact", "near", "review", "variant")
Ids = npt.NDArray[np.int64]
# In bulk without the ORM's bookkeeping.
_CLUSTERS, _MEMBERS = cast("Table", FoundCluster.__table__), cast("Table", DuplicateMember.__table__)
_SILENCE = 30.0  # seconds after which a writer that says nothing is gone
_WAIT = 0.2
_MANY = 50_000  # questions from which on it is quicker to read all clusters of a group


class OvertakenError(Exception):
    """The findings are no longer those that were read; read them again and begin anew."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The findings of a group as they were read: what a run starts from."""

    group_id: int
    revision: int
    version: str
    digest: str
    questions: int
    pending: frozenset[int]


_Written = tuple[int | None, Cluster]
"""A cluster to be written, under the id it had, or a new one."""


@dataclass(frozen=True, slots=True)
class _Change:
    """Clusters to be removed and to be written, and how many rows of members that is."""

    gone: Sequence[int]
    written: Sequence[_Written]
    members: int


class Ledger:
    """One group's findings in the hands of one unit."""

    def __init__(self, group: Group, settings: str, unit: Unit, context: UnitContext) -> None:
        self._group, self._settings, self._unit, self._context = group, settings, unit, context
        self._me = context.lease_token
        self._database = context.database

    def read(self) -> Standing:
        """The findings in force; waits while somebody else writes them."""
        identity = {"bank_id": self._group.bank_id, "settings": self._settings, **self._group.names}
        columns = (
            DuplicateGroup.id,
            DuplicateGroup.revision,
            DuplicateGroup.version,
            DuplicateGroup.digest,
            DuplicateGroup.questions,
            DuplicateGroup.pending,
        )
        same = [getattr(DuplicateGroup, name) == value for name, value in identity.items()]
        statement = select(*columns, self._is_free().label("free")).where(*same)
        while True:
            rows = self._database.fetch_all(statement)
            if not rows:
                self._create(identity)
            elif rows[0].free:
                row = rows[0]
                pending = np.frombuffer(row.pending or b"", dtype=np.int64).tolist()
                return Standing(row.id, row.revision, row.version, row.digest, row.questions, frozenset(pending))
            else:
                self._context.report(0.0, "waits for another task that writes this group's findings")
                time.sleep(_WAIT)

    def state(self, standing: Standing) -> bytes | None:
        rows = self._database.fetch_all(select(DuplicateGroup.state).where(DuplicateGroup.id == standing.group_id))
        state: bytes | None = rows[0].state
        return state

    def show(self, standing: Standing) -> None:
        """Lets the task show the group's clusters, once the unit is done."""
        with self._database.transaction() as session:
            self._context.guard(session)
            self._link(session, standing)

    def write(
        self,
        standing: Standing,
        clusters: Sequence[Cluster],
        touched: Ids | None,
        values: Mapping[str, Any],
        report: Callable[[float], None],
    ) -> None:
        """Puts clusters in the place of all that hold a touched question.

        Args:
            standing: what the clusters were worked out from.
            clusters: all clusters that now hold a touched question.
            touched: ids; None: all questions of the group.
            values: what else is in force from now on: version, digest, questions, state.
            report: told how much is written.

        Raises:
            OvertakenError: somebody else has written or decided meanwhile.
        """
        change = self._change(standing, clusters, touched)
        if change.members <= ROWS:
            self._write_at_once(standing, change, values)
            return
        begun = self._begin(standing, touched)
        self._remove(change.gone, begun)
        done = 0
        for batch in _batches_by_members(change.written):
            self._put(batch, begun)
            done += len(batch)
            report(done / len(change.written))
        self._end(begun, values)

    def counts(self, standing: Standing) -> dict[str, int]:
        """All clusters that are shown, and the members by verdict of those that nobody has decided."""
        decision = exists().where(ClusterDecision.cluster_id == FoundCluster.id)
        sums = [func.sum(getattr(FoundCluster, name)).filter(~decision) for name in VERDICTS]
        statement = select(func.count(), *sums).where(FoundCluster.group_id == standing.group_id)
        found, *counts = tuple(self._database.fetch_all(statement)[0])
        return {"clusters": found, **{name: int(n or 0) for name, n in zip(VERDICTS, counts, strict=True)}}

    def _create(self, identity: Mapping[str, Any]) -> None:
        try:
            with self._database.transaction() as session:
                self._context.guard(session)
                session.add(DuplicateGroup(**identity))
        except IntegrityError:  # another task was quicker
            return

    def _change(self, standing: Standing, clusters: Sequence[Cluster], touched: Ids | None) -> _Change:
        earlier = self._earlier(standing, touched)
        heirs = heirs_of(clusters, earlier)
        same = self._unchanged({key: clusters[n] for key, n in heirs.items() if earlier[key] == rows_of(clusters[n])})
        inherited = set(heirs.values())
        written: list[_Written] = [(key, clusters[n]) for key, n in heirs.items() if key not in same]
        written += [(None, cluster) for n, cluster in enumerate(clusters) if n not in inherited]
        gone = [key for key in earlier if key not in heirs]
        members = sum(len(earlier[key]) for key in gone) + sum(len(cluster.members) for _, cluster in written)
        return _Change(gone, written, members)

    def _write_at_once(self, standing: Standing, change: _Change, values: Mapping[str, Any]) -> None:
        """What fits into one transaction needs no preparation."""
        earlier = [*change.gone, *(key for key, _ in change.written if key is not None)]
        with self._database.transaction() as session:
            self._take(session, standing, **values, writer=None, written_at=None, pending=None)
            self._refuse_decided(session, earlier)
            session.execute(delete(DuplicateMember).where(DuplicateMember.cluster_id.in_(earlier)))
            session.execute(delete(FoundCluster).where(FoundCluster.id.in_(change.gone)))
            self._insert(session, standing, change.written)
            self._link(session, standing)

    def _begin(self, standing: Standing, touched: Ids | None) -> Standing:
        """Takes the group, and puts down what will be dealt with."""
        # A run that takes everything needs no list; until it is done nothing is in force.
        pending = np.zeros(0, np.int64) if touched is None else touched
        values = {"version": "", "state": None} if touched is None else {}
        with self._database.transaction() as session:
            mine = {"writer": self._me, "written_at": time.time(), "pending": pending.astype(np.int64).tobytes()}
            self._take(session, standing, digest="", **values, **mine)
        return replace(standing, revision=standing.revision + 1)

    def _end(self, begun: Standing, values: Mapping[str, Any]) -> None:
        with self._database.transaction() as session:
            self._take(session, begun, **values, writer=None, written_at=None, pending=None)
            self._link(session, begun)

    def _take(self, session: Session, standing: Standing, **values: Any) -> None:
        """Changes the group, unless somebody else has since it was read."""
        self._context.guard(session)
        same = DuplicateGroup.id == standing.group_id, DuplicateGroup.revision == standing.revision
        taken = update(DuplicateGroup).where(*same, self._is_free()).values(revision=standing.revision + 1, **values)
        _require_one(session.execute(taken, execution_options={"synchronize_session": False}))

    def _link(self, session: Session, standing: Standing) -> None:
        link = {"task_id": self._context.task_id, "group_id": standing.group_id}
        session.execute(delete(TaskGroup).filter_by(**link))
        session.execute(insert(TaskGroup), [link | {"unit_id": self._unit.id}])

    def _is_free(self) -> ColumnElement[bool]:
        """Whether nobody writes the group, or nobody any more."""
        writes = exists().where(Task.lease_token == DuplicateGroup.writer, Task.status == "running")
        return or_(
            DuplicateGroup.writer.is_(None),
            DuplicateGroup.writer == self._me,
            DuplicateGroup.written_at < time.time() - _SILENCE,
            ~writes,
        )

    @contextmanager
    def _writing(self, begun: Standing, deciding: Sequence[int] = ()) -> Iterator[Session]:
        """A transaction of the writer's; of `deciding` clusters nobody may have decided one meanwhile."""
        ours = update(DuplicateGroup).where(
            DuplicateGroup.id == begun.group_id,
            DuplicateGroup.revision == begun.revision,
            DuplicateGroup.writer == self._me,
        )
        with self._database.transaction() as session:
            self._context.guard(session)
            lives = ours.values(written_at=time.time())
            _require_one(session.execute(lives, execution_options={"synchronize_session": False}))
            self._refuse_decided(session, deciding)
            yield session

    @staticmethod
    def _refuse_decided(session: Session, cluster_ids: Sequence[int]) -> None:
        if not cluster_ids:
            return
        locked = select(FoundCluster.id).where(FoundCluster.id.in_(cluster_ids)).order_by(FoundCluster.id)
        session.execute(locked.with_for_update()).close()
        decided = select(ClusterDecision.cluster_id).where(ClusterDecision.cluster_id.in_(cluster_ids))
        if session.scalar(decided.limit(1)) is not None:
            raise OvertakenError

    def _earlier(self, begun: Standing, touched: Ids | None) -> dict[int, list[Row]]:
        """Cluster id -> its members in their order, of the clusters that nobody decided and that hold a touched one."""
        columns = (DuplicateMember.cluster_id, *_MEMBER)
        statement = (
            select(*columns)
            .join(FoundCluster, FoundCluster.id == DuplicateMember.cluster_id)
            .where(FoundCluster.group_id == begun.group_id, ~_is_decided(DuplicateMember.cluster_id))
            .order_by(DuplicateMember.cluster_id, DuplicateMember.position)
        )
        earlier: dict[int, list[Row]] = defaultdict(list)
        for some in self._holding(touched):
            part = statement if some is None else statement.where(FoundCluster.id.in_(some))
            for row in self._database.stream(part):
                earlier[row.cluster_id].append((row.question_id, row.verdict, row.similarity))
        return earlier

    def _holding(self, touched: Ids | None) -> Iterator[Sequence[int] | None]:
        """Ids of the clusters that hold a touched question, in lists that fit into a statement; None: all.

        Clusters of other groups are among them: a statement that asked for the group's, too, would be answered by
        going through all of these.
        """
        if touched is None or len(touched) > _MANY:
            yield None
            return
        held: set[int] = set()
        for some in chunks(touched.tolist()):
            holding = select(DuplicateMember.cluster_id).where(DuplicateMember.question_id.in_(some))
            held.update(row.cluster_id for row in self._database.fetch_all(holding))
        yield from chunks(sorted(held))

    def _unchanged(self, alike: Mapping[int, Cluster]) -> set[int]:
        """Which of the clusters, whose members and verdicts are the same, have the same evidence as well."""
        same = set(alike)
        for some in chunks(sorted(alike)):
            evidence = select(DuplicateMember.cluster_id, DuplicateMember.position, DuplicateMember.evidence)
            for row in self._database.stream(evidence.where(DuplicateMember.cluster_id.in_(some))):
                if row.evidence != alike[row.cluster_id].members[row.position].evidence:
                    same.discard(row.cluster_id)
        return same

    def _remove(self, cluster_ids: Sequence[int], begun: Standing) -> None:
        for some in batches(cluster_ids):
            self._remove_members(some, begun)
            with self._writing(begun, some) as session:
                session.execute(delete(DuplicateMember).where(DuplicateMember.cluster_id.in_(some)))
                session.execute(delete(FoundCluster).where(FoundCluster.id.in_(some)))

    def _remove_members(self, cluster_ids: Sequence[int], begun: Standing) -> None:
        """All but the first of each: by that one the cluster is found again."""
        key = (DuplicateMember.cluster_id, DuplicateMember.question_id)
        some = select(*key).where(DuplicateMember.cluster_id.in_(cluster_ids), DuplicateMember.position > 0)
        while True:
            with self._writing(begun, cluster_ids) as session:
                statement = delete(DuplicateMember).where(tuple_(*key).in_(some.limit(ROWS)))
                deleted = session.execute(statement, execution_options={"synchronize_session": False})
            if deleted.rowcount < ROWS:  # type: ignore[attr-defined]
                return
            time.sleep(PAUSE)

    def _put(self, batch: Sequence[_Written], begun: Standing) -> None:
        """Writes clusters, each under its id or a new one, with at most ROWS members in one transaction."""
        earlier = [key for key, _ in batch if key is not None]
        if earlier:
            self._remove_members(earlier, begun)
        with self._writing(begun, earlier) as session:
            if earlier:
                session.execute(delete(DuplicateMember).where(DuplicateMember.cluster_id.in_(earlier)))
            keyed = self._insert(session, begun, batch)
        for key, cluster in keyed:
            for start in range(ROWS, len(cluster.members), ROWS):
                time.sleep(PAUSE)
                with self._writing(begun, [key]) as session:
                    rest = _member_rows(key, cluster.members[start : start + ROWS], start)
                    session.execute(insert(_MEMBERS), list(rest))

    def _insert(self, session: Session, standing: Standing, written: Sequence[_Written]) -> list[tuple[int, Cluster]]:
        """Clusters with their first ROWS members, whose earlier ones are gone; gives each its id."""
        for key, cluster in written:
            if key is not None:
                values = self._cluster_row(cluster, standing) | {"revision": FoundCluster.revision + 1}
                session.execute(update(FoundCluster).where(FoundCluster.id == key).values(**values))
        rows = [self._cluster_row(cluster, standing) for key, cluster in written if key is None]
        statement = insert(_CLUSTERS).returning(_CLUSTERS.c.id, sort_by_parameter_order=True)
        fresh = iter(session.scalars(statement, rows).all() if rows else ())
        keyed = [(next(fresh) if key is None else key, cluster) for key, cluster in written]
        if members := [row for key, cluster in keyed for row in _member_rows(key, cluster.members[:ROWS])]:
            session.execute(insert(_MEMBERS), members)
        return keyed

    def _cluster_row(self, cluster: Cluster, begun: Standing) -> dict[str, Any]:
        others = cluster.members[1:]
        verdicts = Counter(str(member.verdict) for member in others)
        similarities = [member.similarity for member in others]
        return {
            "group_id": begun.group_id,
            **self._group.names,
            "representative_id": cluster.representative_id,
            "size": len(cluster.members),
            **{name: verdicts[name] for name in VERDICTS},
            "min_similarity": min(similarities),
            "max_similarity": max(similarities),
        }


_MEMBER = (DuplicateMember.question_id, DuplicateMember.verdict, DuplicateMember.similarity)


def _is_decided(cluster_id: Any) -> ColumnElement[bool]:
    return exists().where(ClusterDecision.cluster_id == cluster_id)


def _batches_by_members(
    clusters: Iterable[_Written],
) -> Iterator[list[_Written]]:
    """Lists of clusters with at most ROWS members together, or one that has more, with a pause after each."""
    batch: list[_Written] = []
    members = 0
    for each in clusters:
        if batch and members + len(each[1].members) > ROWS:
            yield batch
            time.sleep(PAUSE)
            batch, members = [], 0
        batch.append(each)
        members += len(each[1].members)
    if batch:
        yield batch


def _member_rows(cluster_id: int, members: Sequence[Member], start: int = 0) -> Iterator[dict[str, Any]]:
    for position, member in enumerate(members, start):
        yield {
            "cluster_id": cluster_id,
            "question_id": member.question_id,
            "position": position,
            "verdict": str(member.verdict),
            "similarity": member.similarity,
            "evidence": member.evidence,
        }


def _require_one(result: Result[Any]) -> None:
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        raise OvertakenError
