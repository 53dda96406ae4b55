"""Decisions that cannot be carried out as asked, each with its code and what to do instead."""

from __future__ import annotations

from collections.abc import Sequence

from services.errors import ConflictError, UnavailableError

_NAMED = 10  # questions in a sentence


class DecidedMeanwhileError(ConflictError):
    """The cluster is not in the state that the caller has seen."""

    code = "DECIDED_MEANWHILE"

    def __init__(self, cluster_id: int, revision: int, word: str) -> None:
        super().__init__(
            f"Cluster {cluster_id} has revision {revision} by now: {word} Look at it again, then decide with that "
            "revision, or without one to put your decision in the place of theirs."
        )
        self.revision = revision


class QuestionMergedError(ConflictError):
    code = "QUESTION_MERGED"

    def __init__(self, merged: Sequence[tuple[int, int | None]]) -> None:
        listed = _listed([f"question {key} was merged into {into}" for key, into in merged])
        super().__init__(
            f"Another decision was there first: {listed}. Undo that one first, or exclude "
            "these and keep another member."
        )


class QuestionDeletedError(ConflictError):
    code = "QUESTION_DELETED"

    def __init__(self, ids: Sequence[int]) -> None:
        super().__init__(
            f"Deleted since it was found, or gone with its bank: {_listed(list(map(str, ids)))}. Nothing can be merged "
            "into it. Keep another member, and leave it out of `include`."
        )


class QuestionEditedError(ConflictError):
    code = "QUESTION_EDITED"

    def __init__(self, ids: Sequence[int]) -> None:
        super().__init__(
            f"Edited since the task compared them: {_listed(list(map(str, ids)))}. Look at the cluster's differences, "
            "which are those of the present texts; then say `allow_edited: true`, exclude them, or run the task anew."
        )


class NothingToUndoError(ConflictError):
    code = "NOTHING_TO_UNDO"


class DecisionsStoppedError(ConflictError):
    """A decision on many was undone by somebody while it was carried out."""

    code = "DECISIONS_STOPPED"

    def __init__(self, act_id: int) -> None:
        super().__init__(
            f"Decision {act_id} was undone while it was carried out; whatever it had decided is open again."
        )


class DecisionsInterruptedError(UnavailableError):
    """A decision on many ended early: the server stops, or its worker was lost."""

    code = "DECISIONS_INTERRUPTED"

    def __init__(self, act_id: int, clusters: int) -> None:
        super().__init__(
            f"Decision {act_id} was interrupted after {clusters:,} clusters, which stay decided. Ask again for the "
            f"rest, or undo what was done with DELETE …/decisions/{act_id}."
        )


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _NAMED:,} more" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more
