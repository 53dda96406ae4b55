from __future__ import annotations

import json
import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from services.dedup.options import DedupOptions
from services.dedup.pipeline import GroupResult, QuestionText, deduplicate
from services.dedup.verify import Verdict

STEM = "Tom has 12 red apples and buys 5 more apples every day for 3 days. How many apples does Tom have in the end?"

word = st.sampled_from(
    [
        "Tom",
        "has",
        "12",
        "red",
        "apples",
        "and",
        "buys",
        "3",
        "more",
        "kg",
        "of",
        "苹果",
        "则",
        "下列",
        "函数",
        "f(x)=x²+1",
        "的",
        "值",
        "是",
        "（",
        "）",
        "____",
        "不",
        "km",
        "己",
        "已",
        "A.",
        "1.",
        "①",
    ]
)
stems = st.lists(word, max_size=14).map(" ".join)
questions = st.lists(
    st.tuples(stems, st.lists(st.sampled_from(["甲", "乙", "1", "A. 2", "B. 3"]), max_size=3), st.sampled_from("AB1 ")),
    max_size=12,
).map(
    lambda rows: [QuestionText(n + 1, stem, tuple(options), answer) for n, (stem, options, answer) in enumerate(rows)]
)


def run(bank: list[QuestionText], **options: float) -> GroupResult:
    return deduplicate(bank, DedupOptions(**options), lambda _stage, _fraction: None)  # type: ignore[arg-type]


def bank_of(*stems: str, answer: str = "") -> list[QuestionText]:
    return [QuestionText(n + 1, stem, (), answer) for n, stem in enumerate(stems)]


def test_exact_copies_and_noisy_copies_merge_and_variants_hang() -> None:
    bank = bank_of(STEM, STEM.upper(), STEM.replace("every", "cvery"), STEM.replace("12", "21"), answer="27")
    (cluster,) = run(bank).clusters
    assert [(m.question_id, m.verdict) for m in cluster.members] == [
        (1, Verdict.EXACT),
        (2, Verdict.EXACT),
        (3, Verdict.NEAR),
        (4, Verdict.VARIANT),
    ]


def test_the_counts_leave_representatives_out() -> None:
    bank = bank_of(
        STEM, STEM.upper(), STEM.replace("every", "cvery"), STEM.replace("12", "21"), "Something else entirely"
    )
    result = run(bank)
    assert (result.questions, result.exact, result.near, result.review, result.variant) == (5, 1, 1, 0, 1)
    assert result.unique == 3


def test_an_answered_question_represents_its_unanswered_copies() -> None:
    bank = [QuestionText(1, STEM), QuestionText(2, STEM, answer="27"), QuestionText(3, STEM)]
    (cluster,) = run(bank).clusters
    assert cluster.representative_id == 2


def test_one_text_with_two_answers_is_for_review_and_copies_without_answer_join_the_majority() -> None:
    answers = ["27", "27", "28", ""]
    bank = [QuestionText(n, STEM, (), answer) for n, answer in enumerate(answers)]
    (cluster,) = run(bank).clusters
    verdicts = {member.question_id: member.verdict for member in cluster.members}
    assert verdicts == {0: Verdict.EXACT, 1: Verdict.EXACT, 2: Verdict.REVIEW, 3: Verdict.EXACT}


def test_verified_pairs_do_not_chain_into_one_cluster() -> None:
    names = ["Tom", "Tim", "Kim", "Jim", "Jill", "Bill", "Will"]
    result = run(bank_of(*(STEM.replace("Tom", name) for name in names)))
    assert result.exact == result.near == 0


def test_questions_of_one_stem_and_other_options_stay_apart() -> None:
    rows = [("甲骨文", "金文", "小篆", "隶书"), ("光合作用", "呼吸作用", "蒸腾作用", "渗透作用")]
    result = run([QuestionText(n, "下列说法正确的是（ ）", options, "A") for n, options in enumerate(rows)])
    assert result.unique == 2


def test_the_diff_leads_from_the_representatives_stem_to_the_members() -> None:
    one, other = STEM, STEM.replace("every", "cvery")
    (cluster,) = run(bank_of(one, other)).clusters
    (opcode,) = cluster.members[1].evidence["opcodes"]
    tag, i, j, k, l = opcode  # noqa: E741
    assert (tag, one[i:j], other[k:l]) == ("replace", "e", "c")


def test_evidence_names_the_representatives_side_first() -> None:
    bank = [QuestionText(1, STEM.replace("12", "21")), QuestionText(2, STEM, answer="27")]
    (cluster,) = run(bank).clusters
    assert cluster.representative_id == 2
    assert cluster.members[1].evidence["differs"]["numbers"] == [["12", "21"]]


def test_progress_never_falls_and_ends_at_one() -> None:
    seen: list[tuple[str, float]] = []
    deduplicate(bank_of(*(f"{STEM} {n}" for n in range(1200))), DedupOptions(), lambda *report: seen.append(report))
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert list(dict.fromkeys(stage for stage, _ in seen)) == [
        "canonicalise",
        "fingerprint",
        "candidates",
        "verify",
        "cluster",
    ]


def as_json(result: GroupResult) -> str:
    return json.dumps(
        [[c.representative_id, [[m.question_id, m.verdict, m.similarity] for m in c.members]] for c in result.clusters]
    )


@given(questions, st.randoms())
@settings(max_examples=150, deadline=None)
def test_the_result_does_not_depend_on_the_order_of_input(bank: list[QuestionText], chance: random.Random) -> None:
    shuffled = bank.copy()
    chance.shuffle(shuffled)
    assert as_json(run(bank)) == as_json(run(shuffled))


@given(questions)
@settings(max_examples=150, deadline=None)
def test_equal_questions_always_share_a_cluster(bank: list[QuestionText]) -> None:
    copies = [QuestionText(q.id + 1000, q.stem, q.options, q.answer) for q in bank]
    result = run(bank + copies)
    merged = {
        member.question_id: cluster.representative_id
        for cluster in result.clusters
        for member in cluster.members
        if member.verdict in {Verdict.EXACT, Verdict.NEAR}
    }
    assert all(merged[q.id] == merged[q.id + 1000] for q in bank)


@given(questions)
@settings(max_examples=100, deadline=None)
def test_every_question_is_merged_at_most_once_and_every_representative_leads_its_cluster(
    bank: list[QuestionText],
) -> None:
    result = run(bank)
    merged = [m.question_id for c in result.clusters for m in c.members if m.verdict in {Verdict.EXACT, Verdict.NEAR}]
    assert len(merged) == len(set(merged))
    assert all(
        c.members[0].question_id == c.representative_id and c.members[0].similarity == 1.0 for c in result.clusters
    )
    assert result.unique == result.questions - result.exact - result.near


@given(st.lists(st.text(st.characters(codec=None), max_size=30), max_size=8))  # type: ignore[arg-type]
@settings(max_examples=200, deadline=None)
def test_any_text_whatever_goes_through(texts: list[str]) -> None:
    run(bank_of(*texts))


def test_hostile_texts_take_bounded_time() -> None:
    long = "已知函数 f(x) 在区间上单调递增, " * 6_000
    texts = ["", "a", "\x00", "\ud800", "\u202eabc\u202c", "م" * 30, long, long[:-1], long + "x", " " * 100_000]
    texts += [
        piece * (100_000 // len(piece)) for piece in ("{", "\\frac", "$", "(", "<", "1", "一", "亿", "a b", "&amp;")
    ]
    texts += [piece * (100_000 // len(piece)) for piece in ("1,111", "<img ", "![", "<!--", "<b>", "\\underline{", "²")]
    texts += ["_{" * 30_000 + "}" * 30_000, "\\sqrt{" * 10_000 + "}" * 10_000]
    started = time.perf_counter()
    run(bank_of(*texts))
    assert time.perf_counter() - started < 60  # a hang, not a speed, is what this looks for
