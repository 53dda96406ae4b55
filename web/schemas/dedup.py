"""Duplicates: the task, its groups and clusters, and what people decide."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from models import DEFAULT_BANK_ID
from web.schemas.banks import QuestionOut
from web.schemas.base import MAX_INT, NO_NUL, Answer, Body, Id, Name, PageQuery, Query, Whole
from web.schemas.tasks import GroupOut

Verdict = Literal["exact", "near", "review", "variant"]
Action = Literal["merge", "keep_all", "not_duplicate"]
GroupName = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
Similarity = Annotated[float, Field(ge=0, le=1)]
Revision = Annotated[Whole, Field(ge=0, le=MAX_INT)]
ActState = Literal["running", "done", "stopped"]
Pair = Annotated[list[str], Field(min_length=2, max_length=2)]
Threshold = Annotated[float, Field(ge=0.5, le=1)]
Ids = Annotated[list[Id], Field(max_length=10_000)]


class BankFilters(Body):
    """Only questions that have these."""

    type_name: GroupName | None = None
    subject_name: GroupName | None = None
    channel_code: GroupName | None = None


class DedupOptionsIn(Body):
    """How to compare.

    A guard says what makes two alike questions another question. None that is off makes a merge: it only turns
    `variant` into `review`, for a person to decide. Exact duplicates are found whatever the options say.
    """

    threshold: Threshold = Field(
        0.80,
        description="Least similarity (0 to 1, of stem and options together) of `near`, which is merged by itself. "
        "Between 0.80 and a higher threshold a pair is for `review`; below 0.80 and the threshold it is not reported. "
        "`POST /api/dedup/preview` shows what it makes of a bank.",
    )
    guard_numbers: bool = Field(
        True, description="Another number, or numbers in another order, make a `variant` (3 apples, 5 apples)."
    )
    guard_symbols: bool = Field(
        True, description="Another sign, operator, variable or unit makes a `variant` (x > 2, x < 2; cm, km)."
    )
    guard_words: bool = Field(
        True,
        description="Another content word or a negation keeps a pair apart (正确的是, 不正确的是): a `variant` if the "
        "answers disagree, too, or for a negation; else for `review`.",
    )
    guard_options: bool = Field(
        True, description="An option with another number or sign, or one without a counterpart, makes a `variant`."
    )
    across: list[Literal["type_name", "subject_name", "channel_code"]] = Field(
        default=[],
        max_length=3,
        description="Questions are compared inside (type, subject, channel); the fields named here do not part them: "
        '["channel_code"] compares the questions of all channels.',
    )


class NewDedupTask(Body):
    task_name: Name
    bank_id: Id = DEFAULT_BANK_ID
    filters: BankFilters = BankFilters()
    options: DedupOptionsIn = DedupOptionsIn()
    priority: Whole = Field(0, ge=-100, le=100, description="Higher runs first.")
    auto_start: bool = False


class NewPreview(Body):
    """Which questions, and which thresholds to try on them; `options.threshold` does not count here."""

    bank_id: Id = DEFAULT_BANK_ID
    filters: BankFilters = BankFilters()
    options: DedupOptionsIn = DedupOptionsIn()
    thresholds: list[Threshold] = Field(default=[0.80, 0.85, 0.90, 0.95], min_length=1, max_length=10)
    sample: Whole = Field(5_000, ge=2, le=20_000, description="Questions at most; of a smaller bank all are taken.")


class ExamplePairOut(Answer):
    """Two that would be merged; of each stem the first 200 characters."""

    similarity: float
    representative_id: int
    representative: str
    question_id: int
    question: str


class AtThresholdOut(Answer):
    """Figures as in a task's result, of the sample alone."""

    threshold: float
    clusters: int
    exact: int
    near: int
    review: int
    variant: int
    unique: int
    examples: list[ExamplePairOut] = Field(description="The least alike of `near`, three at most.")


class PreviewOut(Answer):
    bank_id: int
    questions: int = Field(description="Active questions that a task would compare.")
    sampled: int = Field(description="Those that were looked at.")
    groups: int = Field(description="Groups that these are in.")
    is_whole: bool = Field(description="Whether all were looked at: then a task finds the same.")
    is_complete: bool = Field(description="false: time was up (20 s) before the last threshold; try a smaller sample.")
    thresholds: list[AtThresholdOut] = Field(description="Ascending.")
    seconds: float


class DedupGroupOut(Answer):
    """A group of a task; its figures are null until it is done."""

    type_name: str
    subject_name: str
    channel_code: str
    status: str
    questions: int | None
    exact: int | None
    near: int | None
    review: int | None
    variant: int | None
    clusters: int | None
    unique: int | None
    seconds: float | None


class DecisionOut(Answer):
    """The decision in force."""

    action: Action
    keep_id: int | None = Field(description="What the others were merged into; null: nothing was merged.")
    exclude: list[int]
    by: str
    at: float
    decision_id: int | None = Field(description="In the list of decisions; null: made before that was kept.")


class ReplacedOut(Answer):
    """A decision that was in force until now."""

    decision_id: int | None
    action: Action
    by: str
    at: float


class DiffersOut(Answer):
    """What differs, by kind; each an array of [the representative's, this one's], "" where one has nothing there."""

    numbers: list[Pair] | None = None
    symbols: list[Pair] | None = None
    units: list[Pair] | None = None
    negation: list[Pair] | None = None
    words: list[Pair] | None = None
    pictures: list[Pair] | None = None
    options: list[Pair] | None = Field(None, description="Pairs that differ, and those without a counterpart.")
    answer: Pair | None = Field(None, description="What the two answers say, canonical; present where they disagree.")


class EvidenceOut(Answer):
    """What decided the verdict, as it was when the task ran; empty for the representative."""

    stem_similarity: float | None = None
    options_similarity: float | None = None
    answers: Literal["agree", "absent", "disagree"] | None = Field(
        None, description="By the text of the correct option, not its letter; `absent`: one has none."
    )
    differs: DiffersOut | None = None
    noise: int | None = Field(None, description="Differences that a scan or a slip explains.")
    reworded: bool | None = Field(None, description="Whether an interchangeable wording explains a difference.")
    opcodes: list[list[str | int]] | None = Field(
        None,
        description="Where the stems differ: [tag, i1, i2, j1, j2] as in difflib, equal stretches left out; i in the "
        "representative's, j in this one's, in code points.",
    )


class AnswerSideOut(Answer):
    answer: str = Field(description="As it is stored now.")
    says: str = Field(description="What that was taken to mean: the text of the correct option, canonical.")


class AnswerConflictOut(Answer):
    """Alike questions with different answers: one of them may be wrong."""

    representative: AnswerSideOut
    question: AnswerSideOut


class MemberOut(Answer):
    """`diff` (of one cluster alone): the way from the representative's text to this one's, stretch by stretch."""

    question_id: int
    external_id: str | None
    position: int = Field(description="In the cluster; 0 is the representative.")
    verdict: Verdict
    similarity: float
    evidence: EvidenceOut
    answer_conflict: AnswerConflictOut | None = Field(description="null: the answers agree, or one has none.")
    edited: bool = Field(description="Whether the question was changed since the task compared it.")
    question: QuestionOut
    diff: dict[str, list[list[str]]] | None = Field(
        None,
        description="By field (stem, options one a line, answer, of the texts as they are now): [tag, stretch of the "
        "representative, stretch of this one]; tag as in difflib.",
    )


class ClusterOut(Answer):
    """A representative and what resembles it; `exact, near, review, variant` count the others by verdict."""

    id: int
    task_id: int
    group: GroupOut
    representative_id: int
    size: int
    exact: int
    near: int
    review: int
    variant: int
    revision: int = Field(description="Rises with each decision and undoing; name it to decide only what you saw.")
    decision: DecisionOut | None
    members: list[MemberOut] = Field(
        description="The representative first; a list shows at most 50 of each, a cluster alone 500, and fewer where "
        "texts are long. The export has them all."
    )


class DecidedClusterOut(ClusterOut):
    replaced: ReplacedOut | None = Field(description="Whose decision this one took the place of; null: nobody's.")


class ClusterFilter(BaseModel):
    type_name: GroupName | None = None
    subject_name: GroupName | None = None
    channel_code: GroupName | None = None
    verdict: Verdict | None = Field(None, description="Some member has it.")
    min_similarity: Similarity | None = Field(None, description="Some member is at least so alike.")
    max_similarity: Similarity | None = Field(None, description="Some member is at most so alike.")


class ClusterListQuery(ClusterFilter, PageQuery):
    decision: Literal["merge", "keep_all", "not_duplicate", "none"] | None = Field(
        None, description="none: nobody has decided yet."
    )


class OpenClusters(ClusterFilter, Body):
    """Which of the clusters that nobody has decided yet; all that are given must hold.

    A bound on similarity is kept by every member that the decision concerns, not only by some.
    """


class FindingsExportQuery(Query):
    format: Literal["jsonl", "json", "csv", "xlsx", "gift", "aiken", "original"] = Field(
        "jsonl",
        description="Clusters come as jsonl, csv or xlsx; the unique bank in any of these. `original`: the format, "
        "headers (or keys), delimiter and encoding of the file that brought most questions into the bank; JSON lines "
        "where there was none.",
    )
    what: Literal["clusters", "unique"] = "clusters"


class NewDecision(Body):
    """One word on a cluster; it takes the place of an earlier one, which the answer names."""

    action: Action
    keep_id: Id | None = Field(None, description="What the others are merged into; left out: the representative.")
    exclude: Ids = Field(default=[], description="Members that stay as they are.")
    include: Ids = Field(default=[], description="Members with verdict `review` that are merged as well.")
    allow_edited: bool = Field(
        False, description="Merge also what was edited after the task compared it; else 409 `QUESTION_EDITED`."
    )
    revision: Revision | None = Field(
        None, description="The cluster's as you know it: 409 `DECIDED_MEANWHILE` when somebody was there first."
    )


class UndoQuery(Query):
    revision: int | None = Field(
        None, ge=0, le=MAX_INT, description="The cluster's as you know it: 409 when it is another by now."
    )


class ManyDecisions(Body):
    """One word on every cluster that matches and is still open."""

    action: Action
    filters: OpenClusters = OpenClusters()
    dry_run: bool = Field(False, description="Only count.")


class LeftOut(Answer):
    """Open clusters that match and are left to a person, by reason."""

    outside_similarity: int = Field(description="A member that the decision concerns is outside the bounds asked for.")
    nothing_to_merge: int = Field(description="No member is merged by itself.")
    changed: int = Field(description="A question was edited, deleted or merged elsewhere since it was compared.")


class EffectOut(Answer):
    clusters: int = Field(description="Clusters decided; of a dry run, that would be.")
    merged: int = Field(description="Questions merged.")
    left: LeftOut
    decision_id: int | None = Field(description="By which it can be undone as a whole; null: a dry run.")


class UndoneOut(Answer):
    clusters: int = Field(description="Clusters that are open again; where somebody decided anew, that stands.")
    questions: int = Field(description="Questions that were given back.")
    decision_id: int = Field(description="The undoing's own place in the list of decisions.")


class ActOut(Answer):
    """Something that somebody decided about a task's clusters, or took back."""

    id: int
    action: Action | Literal["undo"]
    state: ActState = Field(description="`stopped`: ended before it was through; what it decided stands until undone.")
    cluster_id: int | None = Field(description="null: many at once.")
    filters: dict[str, Any] | None = Field(description="Which clusters, of many at once.")
    clusters: int = Field(description="Clusters it decided, or opened again.")
    questions: int = Field(description="Questions it merged, or gave back.")
    undoes: int | None = Field(description="The decision that an undoing took back.")
    in_force: int = Field(description="On how many clusters it still stands.")
    by: str
    at: float


class ReviewCountOut(Answer):
    clusters: int
    decided: int
    left: int


class VerdictCountsOut(Answer):
    exact: ReviewCountOut
    near: ReviewCountOut
    review: ReviewCountOut
    variant: ReviewCountOut


class ActionCountsOut(Answer):
    merge: int
    keep_all: int
    not_duplicate: int


class ReviewerOut(Answer):
    by: str
    decided: int = Field(description="Clusters on which their word stands.")
    last_at: float


class ReviewOut(ReviewCountOut):
    """How far people are with what a task found."""

    task_id: int
    by_verdict: VerdictCountsOut = Field(
        description="A cluster counts for each verdict that some member of it has, as in the list filtered by verdict."
    )
    by_action: ActionCountsOut
    by_person: list[ReviewerOut]
