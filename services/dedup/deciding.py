"""Decisions as people make them: one cluster or many, undone one by one or as a whole, and told to everybody at once.

Two people may decide one cluster at the same moment. Their decisions follow each other, and none is lost in silence:
who names the `revision` they have seen is refused when another came between; who names none takes the place of the
other, is told whose place it was, and so is everybody who watches the task.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import ClusterDecision, Database, FoundCluster, ReviewAct
from services.auth import Principal
from services.dedup.acts import DONE, RUNNING, STOPPED, UNDO, DecisionMade
from services.dedup.conflicts import (
    DecidedMeanwhileError,
    DecisionsInterruptedError,
    DecisionsStoppedError,
    NothingToUndoError,
)
from services.dedup.decisions import Decision, TakenBack, compared_at, lock, members_of, plan, record, take_back
from services.dedup.findings import ClusterQuery
from services.dedup.many import Effect
from services.errors import NotFoundError, TaskbeamError
from services.runners.worker_pool import WorkerPool
from services.tasks.recorder import Recorder

PRIORITY = 10  # in the pool, where the units of tasks have 0: somebody waits for it
_MODULE = "services.dedup.many"
_TELL_EVERY = 1.0  # seconds between two words on one that runs
_ABANDONED_AFTER = 600.0  # seconds without a step, after which the server of a decision on many has died


@dataclass(frozen=True, slots=True)
class Undone:
    """How many clusters are open again, and questions given back; `decision_id` is the undoing's own."""

    clusters: int
    questions: int
    decision_id: int


class Decisions:
    def __init__(self, database: Database, recorder: Recorder, pool: WorkerPool) -> None:
        self._database, self._recorder, self._pool = database, recorder, pool

    def decide(
        self, task_id: int, cluster_id: int, decision: Decision, *, by: Principal, revision: int | None = None
    ) -> TakenBack | None:
        """Puts a decision in force, in the place of an earlier one; gives that, if there was one.

        Raises:
            NotFoundError: the task has no such cluster.
            InvalidInputError: a question is named that is no member, or cannot be merged.
            DecidedMeanwhileError: the cluster no longer has the revision that was named.
            QuestionMergedError, QuestionDeletedError, QuestionEditedError: the finding no longer holds.
        """

        def write(session: Session) -> tuple[DecisionMade, TakenBack | None]:
            lock(session, task_id, [cluster_id])
            seen = _check_revision(session, cluster_id, revision)
            replaced = next(iter(take_back(session, [cluster_id])[0]), None)
            since = compared_at(session, task_id)
            planned = plan(members_of(session, [cluster_id], since)[cluster_id], decision)
            act = _new_act(session, task_id, decision.action, by, cluster_id=cluster_id, clusters=1)
            act.questions = record(session, {cluster_id: planned}, decision, by.id, act.id)
            revised = seen + (2 if replaced else 1)
            return DecisionMade(act, revised, planned.keep_id, replaced), replaced

        return self._recorder.note(task_id, write)

    def undo(self, task_id: int, cluster_id: int, *, by: Principal, revision: int | None = None) -> None:
        """Gives back exactly the questions that the decision in force merged.

        Raises:
            NothingToUndoError: nobody has decided, or it was undone already.
        """

        def write(session: Session) -> tuple[DecisionMade, None]:
            lock(session, task_id, [cluster_id])
            seen = _check_revision(session, cluster_id, revision)
            taken_back, questions = take_back(session, [cluster_id])
            for taken in taken_back:
                told = {"clusters": 1, "questions": questions, "undoes": taken.act_id}
                act = _new_act(session, task_id, UNDO, by, cluster_id=cluster_id, **told)
                return DecisionMade(act, seen + 1, replaced=taken), None
            raise NothingToUndoError(f"Nothing was decided about cluster {cluster_id}; there is nothing to undo.")

        self._recorder.note(task_id, write)

    def preview_many(self, task_id: int, query: ClusterQuery, action: str) -> Effect:
        """What `decide_many` would do now; nothing is changed."""
        return Effect(**self._run("preview", self._argument(task_id, query, action)))

    def decide_many(self, task_id: int, query: ClusterQuery, action: str, *, by: Principal) -> Effect:
        """Decides every matching cluster that is still open, in a worker process, in short transactions.

        It goes on when its client hangs up; `undo_act` stops it and takes back what it did.

        Raises:
            DecisionsStoppedError: somebody undid it meanwhile.
            DecisionsInterruptedError: its worker was lost, or the server stops; what it did stays, and can be undone.
        """
        argument = self._argument(task_id, query, action)
        act_id = self._begin(task_id, action, by, filters=_filters(query))
        argument |= {"by": by.id, "act_id": act_id}
        self._carry_out(task_id, act_id, "decide", argument)
        left = self.preview_many(task_id, query, action).left
        with self._database.reader() as session:
            act = session.get_one(ReviewAct, act_id)
        return Effect(act.clusters, act.questions, left, act_id)

    def undo_act(self, task_id: int, act_id: int, *, by: Principal) -> Undone:
        """Takes back what one decision did, on however many clusters; stops it first if it is still at work.

        Where somebody decided anew since, their word stands.

        Raises:
            NotFoundError: nobody made such a decision about this task.
            NothingToUndoError: nothing of it is in force, or it was an undoing itself.
        """
        self._stop(task_id, act_id)
        undoing = self._begin(task_id, UNDO, by, undoes=act_id)
        done = self._carry_out(task_id, undoing, "undo", self._database_argument() | {"undoes": act_id})
        return Undone(done["clusters"], done["questions"], undoing)

    def close_abandoned(self) -> int:
        """Says of decisions on many whose server died that they have stopped; gives their number."""
        old = select(ReviewAct.id, ReviewAct.task_id)
        old = old.where(ReviewAct.state == RUNNING, ReviewAct.seen_at < time.time() - _ABANDONED_AFTER)
        rows = self._database.fetch_all(old)
        for row in rows:
            self._end(row.task_id, row.id, STOPPED)
        return len(rows)

    def _carry_out(self, task_id: int, act_id: int, what: str, argument: dict[str, Any]) -> dict[str, Any]:
        try:
            done = self._run(what, argument | {"act_id": act_id}, self._telling(task_id, act_id))
        except TaskbeamError as error:
            act = self._end(task_id, act_id, STOPPED)
            raise DecisionsInterruptedError(act_id, act.clusters) from error
        if self._end(task_id, act_id, DONE).state == STOPPED:
            raise DecisionsStoppedError(act_id)
        return done

    def _run(
        self, what: str, argument: Mapping[str, Any], on_report: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        return self._pool.run(f"{_MODULE}:{what}", argument, on_report=on_report, priority=PRIORITY).value

    def _argument(self, task_id: int, query: ClusterQuery, action: str) -> dict[str, Any]:
        return self._database_argument() | {"task_id": task_id, "query": asdict(query), "action": action}

    def _database_argument(self) -> dict[str, Any]:
        return {"database_url": self._database.url.render_as_string(hide_password=False)}

    def _begin(self, task_id: int, action: str, by: Principal, **values: Any) -> int:
        def write(session: Session) -> tuple[DecisionMade, int]:
            act = _new_act(session, task_id, action, by, state=RUNNING, **values)
            return DecisionMade(act), act.id

        return self._recorder.note(task_id, write)

    def _stop(self, task_id: int, act_id: int) -> None:
        with self._database.transaction() as session:
            act = session.get(ReviewAct, act_id)
            if act is None or act.task_id != task_id:
                raise NotFoundError("decision", act_id)
            if act.action == UNDO:
                raise NothingToUndoError(f"Decision {act_id} undid another; decide anew instead.")
            running = update(ReviewAct).where(ReviewAct.id == act_id, ReviewAct.state == RUNNING)
            stopped = session.scalar(running.values(state=STOPPED).returning(ReviewAct.id))
            in_force = session.scalar(select(ClusterDecision.act_id).where(ClusterDecision.act_id == act_id).limit(1))
            if stopped is None and in_force is None:
                raise NothingToUndoError(f"Nothing of decision {act_id} is in force any more.")

    def _telling(self, task_id: int, act_id: int) -> Callable[[dict[str, Any]], None]:
        """Tells those who watch how far it is, now and then."""
        told_at = time.monotonic()

        def tell(_done: Mapping[str, Any]) -> None:
            nonlocal told_at
            if time.monotonic() - told_at >= _TELL_EVERY:
                told_at = time.monotonic()
                self._recorder.note(task_id, partial(_present, act_id))

        return tell

    def _end(self, task_id: int, act_id: int, state: str) -> ReviewAct:
        """The act in its last state, which an undo may have set before."""

        def write(session: Session) -> tuple[DecisionMade, ReviewAct]:
            running = update(ReviewAct).where(ReviewAct.id == act_id, ReviewAct.state == RUNNING)
            session.execute(running.values(state=state, seen_at=time.time()))
            return _present(act_id, session)

        return self._recorder.note(task_id, write)


def _present(act_id: int, session: Session) -> tuple[DecisionMade, ReviewAct]:
    act = session.get(ReviewAct, act_id)
    if act is None:  # deleted with its task
        raise NotFoundError("decision", act_id)
    return DecisionMade(act), act


def _new_act(session: Session, task_id: int, action: str, by: Principal, **values: Any) -> ReviewAct:
    act = ReviewAct(task_id=task_id, action=action, done_by=by.id, **values)
    session.add(act)
    session.flush()
    return act


def _filters(query: ClusterQuery) -> dict[str, Any]:
    own = asdict(query)
    return {name: value for name, value in own.items() if value is not None and name not in ("limit", "cursor")}


def _check_revision(session: Session, cluster_id: int, expected: int | None) -> int:
    """The cluster's revision, read under its lock."""
    revision = session.scalar(select(FoundCluster.revision).where(FoundCluster.id == cluster_id))
    assert revision is not None
    if expected is not None and expected != revision:
        raise DecidedMeanwhileError(cluster_id, revision, _word_on(session.get(ClusterDecision, cluster_id)))
    return revision


def _word_on(decision: ClusterDecision | None) -> str:
    if decision is None:
        return "a decision was made and undone."
    return f"{decision.decided_by} decided {decision.action} {max(0.0, time.time() - decision.decided_at):.0f} s ago."
