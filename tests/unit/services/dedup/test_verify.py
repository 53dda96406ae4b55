from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dedup.canonical import canonicalise
from services.dedup.options import DedupOptions
from services.dedup.verify import Verdict, compare

STORY = "Tom has 12 red apples and buys 5 more apples every day for 3 days. How many apples does Tom have in the end?"
PHYSICS = "一辆汽车以20m/s的速度匀速行驶，突然刹车，加速度大小为5m/s²，求汽车在3秒内的位移大小。"
CHEMISTRY = "下列关于实验室制取氧气的说法中，不正确的是（ ）"
GEOMETRY = (
    r"已知椭圆 $C:\frac{x^{2}}{4}+\frac{y^{2}}{3}=1$ 的左焦点为 $F$, 过 $F$ 的直线 $l$ 交 $C$ 于 $A, B$ 两点, "
    "求 $|AB|$ 的最小值."
)
LOGIC = "小明和小华一起去商店买铅笔，小明买了三支，小华买了五支，他们一共买了多少支铅笔？"
FOUR = ("甲同学", "乙同学", "丙同学", "丁同学")


def verdict(
    one: str,
    other: str,
    *,
    options: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    answers: tuple[str, str] = ("", ""),
) -> Verdict | None:
    a, b = canonicalise(one, options[0], answers[0]), canonicalise(other, options[1], answers[1])
    there, back = compare(a, b, DedupOptions()), compare(b, a, DedupOptions())
    if there is None or back is None:
        assert there is back
        return None
    assert (there.verdict, there.similarity) == (back.verdict, back.similarity)
    return there.verdict


@pytest.mark.parametrize(
    ("text", "change", "into"),
    [
        (STORY, "12", "21"),
        (STORY, "5 more", "8 more"),
        (STORY, "more", "fewer"),
        (STORY, "Tom", "Tim"),
        (STORY, "Tom", "Mary"),
        (STORY, "days", "weeks"),
        (STORY, "day", "hour"),
        (STORY, "buys", "sells"),
        (STORY, "apples", "peaches"),
        (STORY, "does Tom have", "does Tom not have"),
        (STORY, "red", "green"),
        (STORY, "every day", "every other day"),
        (STORY, "the end", "the beginning"),
        (STORY, "and buys", "but never buys"),
        (STORY, "Tom has", "Tom hasn't"),
        (PHYSICS, "加速度", "速度"),
        (PHYSICS, "20m/s", "20km/s"),
        (PHYSICS, "3秒", "3分钟"),
        (PHYSICS, "位移", "路程"),
        (PHYSICS, "匀速", "加速"),
        (PHYSICS, "m/s²", "m/s"),
        (PHYSICS, "汽车", "火车"),
        (PHYSICS, "位移大小", "平均速度"),
        (CHEMISTRY, "不正确", "正确"),
        (CHEMISTRY, "氧气", "氢气"),
        (CHEMISTRY, "氧气", "氮气"),
        (CHEMISTRY, "实验室", "工业"),
        (CHEMISTRY, "不正确", "错误"),
        (GEOMETRY, "椭圆", "双曲线"),
        (GEOMETRY, "左焦点", "右焦点"),
        (GEOMETRY, "最小值", "最大值"),
        (GEOMETRY, "{4}", "{9}"),
        (GEOMETRY, "+", "-"),
        (GEOMETRY, "x^{2}", "x^{3}"),
        (GEOMETRY, "x^{2}", "y^{2}"),
        (GEOMETRY, "|AB|", "|AF|"),
        (GEOMETRY, "=1", ">1"),
        (LOGIC, "小明", "小红"),
        (LOGIC, "小华", "小军"),
        (LOGIC, "铅笔", "钢笔"),
        (LOGIC, "三支", "四支"),
        (LOGIC, "一共买了多少支", "相差多少支"),
        (LOGIC, "支", "盒"),
        ("1米长的绳子剪去四分之一，还剩多少？", "1米", "100厘米"),
        ("函数在区间 [0,2] 上单调递增，求实数的取值范围", "[0,2]", "(0,2)"),
        ("函数在区间 [0,2] 上单调递增，求实数的取值范围", "递增", "递减"),
        ("若 a>b 是 c>d 的充分条件，则下列判断成立的是", "充分", "必要"),
        ("直线 l 与平面 α 平行，则直线与平面内的直线关系是", "平行", "垂直"),
        ("下列各数中至少有两个是质数的一组是", "至少", "至多"),
        ("已知集合 A∩B 的元素个数为多少，求其子集的个数", "∩", "∪"),
        ("The price of the shirt is $40 after a discount of 20% in the shop", "20%", "20"),
        ("The price of the shirt is $40 after a discount of 20% in the shop", "$40", "€40"),
        ("It is possible to draw such a triangle with a ruler and compasses only", "possible", "impossible"),
        ("Which number is even and divisible by seven but not by any other prime", "even", "odd"),
        ("Find the radius of the circle inscribed in the triangle with sides given", "radius", "diameter"),
        ("含有 Fe²⁺ 的溶液中加入足量氯水后溶液颜色的变化是什么", "²⁺", "³⁺"),
        ("金属钠与水反应生成的气体是什么，写出其化学方程式", "钠", "钾"),
        ("正比例函数的图像经过点P，求其解析式和取值范围", "正比例", "反比例"),
        ("非金属元素的性质随原子序数递增的变化规律是什么", "非金属", "金属"),
        ("商店里有梨390千克，苹果比梨少40%，有苹果多少千克", "苹果比梨少", "比苹果少"),
        ("测量的是男女双性化的程度和社会对它的评价", "男女", "女男"),
        (LOGIC.replace("明", "刚"), "小刚", "小网"),
        ("王某驾驶机动车撞伤行人李某后逃逸，构成何罪", "王某", "玉某"),
        ("下列器官中属于肝的附属结构并能储存胆汁的是", "肝的", "肺的"),
        ("近年来我国粮食产量变化的主要原因是什么", "近年", "远年"),
        ("The reaction of propane with chlorine in the light gives two products", "propane", "propene"),
        ("Belian has 60 white boxes and gives 20 of them to Kira", "Belian", "Kelian"),
        ("Orlan gave half of the boxes to Tom, and Orlan kept 12 of them", "Orlan", "Orlaa"),
        ("甲同学比乙同学早到学校，问谁先到达学校的大门口", "甲同学比乙同学", "乙同学比甲同学"),
    ],
)
def test_a_changed_number_sign_unit_name_or_word_never_merges(text: str, change: str, into: str) -> None:
    changed = text.replace(change, into)
    assert changed != text
    assert verdict(text, changed) is not Verdict.NEAR
    assert verdict(text, changed, answers=("7", "7")) is not Verdict.NEAR


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # biology and medicine
        ("下列哪项属于光合作用的暗反应阶段", "下列哪项属于光合作用的光反应阶段"),
        ("人体的动脉血中含氧量较高的原因", "人体的静脉血中含氧量较高的原因"),
        ("甲型肝炎的主要传播途径是什么", "乙型肝炎的主要传播途径是什么"),
        ("左心衰竭最早出现的症状是", "右心衰竭最早出现的症状是"),
        ("肾盂肾炎最常见的致病菌是", "肾小球肾炎最常见的致病菌是"),
        ("维生素B1缺乏会引起什么病", "维生素B2缺乏会引起什么病"),
        ("Which drug is first-line for hypertension", "Which drug is first-line for hypotension"),
        ("Hypoglycemia is most likely caused by which", "Hyperglycemia is most likely caused by which"),
        ("Which muscle causes abduction of the arm", "Which muscle causes adduction of the arm"),
        ("The ileum is part of which body system", "The ilium is part of which body system"),
        ("The enzyme amylase is found in which organ", "The enzyme amylose is found in which organ"),
        # law and driving
        ("要约可以撤回的条件是什么", "要约可以撤销的条件是什么"),
        ("诉讼时效中止的法定事由包括", "诉讼时效中断的法定事由包括"),
        ("机动车驶入高速公路应当走哪条车道", "机动车驶出高速公路应当走哪条车道"),
        ("机动车在夜间会车时应当使用近光灯", "机动车在夜间会车时应当使用远光灯"),
        ("饮酒后驾驶机动车的处罚是什么", "醉酒后驾驶机动车的处罚是什么"),
        ("A lessor grants a lease for five years", "A lessee grants a lease for five years"),
        # computing
        ("二叉树的前序遍历结果为ABDEC", "二叉树的中序遍历结果为ABDEC"),
        ("IPv4地址的长度为多少位", "IPv6地址的长度为多少位"),
        ("SELECT * FROM t WHERE a < 5 returns how many rows", "SELECT * FROM t WHERE a <= 5 returns how many rows"),
        ("for (i = 0; i < n; i++) runs how many times", "for (i = 0; i < n; i--) runs how many times"),
        ("What does a && b evaluate to here", "What does a || b evaluate to here"),
        # economics, history, language
        ("借方登记增加的账户是哪一类", "贷方登记增加的账户是哪一类"),
        ("秦始皇统一六国的时间是公元前", "秦始皇统一六国的时间是公元后"),
        ("下列句子中没有语病的一项是", "下列句子中有语病的一项是"),
        ("I have lived here ___ ten years", "I have lived here ___ ten months"),
        ("She asked me where I ___ the day before", "She asked me when I ___ the day before"),
        # science and mathematics
        ("求 n! 的值并写出计算过程", "求 n 的值并写出计算过程"),
        ("若 a=3，则C语言中表达式 !a 的值是多少？", "若 a=3，则C语言中表达式 a 的值是多少？"),
        ("!flag 在C语言中的含义是什么，请举例说明", "flag 在C语言中的含义是什么，请举例说明"),
        (
            "What is the value of the expression !x when x is zero?",
            "What is the value of the expression x when x is zero?",
        ),
        ("f'(x) 在区间上的符号是", "f(x) 在区间上的符号是"),
        ("计算 10^{-3} mol 的粒子数", "计算 10^{3} mol 的粒子数"),
        ("操作系统中进程与线程的主要区别", "操作系统中进程与程序的主要区别"),
        ("Ariella has $200 more than Daniella has", "Daniella has $200 more than Ariella has"),
        ("从A地到B地需要多少小时", "从B地到A地需要多少小时"),
        ("小张比小李多买了几本书", "小李比小张多买了几本书"),
        ("已知去年小学毕业生有6000人，今年比去年多二十分之一", "去年小学毕业生有6000人，今年比去年多二十分之一"),
        ("成绩提高了50%，原来的成绩是多少", "成绩提高了0.5，原来的成绩是多少"),
    ],
)
def test_two_questions_of_one_field_are_not_one(one: str, other: str) -> None:
    assert verdict(one, other) not in {Verdict.EXACT, Verdict.NEAR}
    assert canonicalise(one, (), "").key != canonicalise(other, (), "").key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("写出CO_{2}与H_2O反应的化学方程式", "写出CO2与H₂O反应的化学方程式"),
        ("一辆汽车以5km/h的速度行驶了3小时，求路程", "一辆汽车以5千米/时的速度行驶了3小时，求路程"),
        ("患者体温 38.5 ℃，脉搏 90 次/分", r"患者体温$38.5^{\circ}\mathrm{C}$,脉搏90次／分"),
        ("He _____ to school every day.", "He ( ) to school every day"),
        ("Which organ produces blle?", "Q12. Which organ produces bile?"),
        ("x>=3 且 y<=5 时的最大值", "x≥3 且 y≤5 时的最大值"),
    ],
)
def test_one_question_written_in_two_ways_is_one(one: str, other: str) -> None:
    a, b = canonicalise(one, (), ""), canonicalise(other, (), "")
    assert a.key == b.key or verdict(one, other) is Verdict.NEAR


@pytest.mark.parametrize(
    ("text", "change", "into"),
    [
        (STORY, "apples", "app1es"),
        (STORY, "more", "rnore"),
        (STORY, "in the", "ln the"),
        (STORY, "does", "d0es"),
        (STORY, "12", "l2"),
        (STORY, "end", "cnd"),
        (STORY, "Tom has", "Tom  h as"),
        (STORY, "every", "each"),
        (STORY, "5 more", "five more"),
        (STORY, "day for", "day. for"),
        (PHYSICS, "汽车以", "汽 车以"),
        (PHYSICS, "行驶", "行驶丶"),
        (PHYSICS, "3秒", "三秒"),
        (PHYSICS, "大小为", "大小"),
        (CHEMISTRY, "下列", "以下"),
        (CHEMISTRY, "（ ）", "____"),
        (CHEMISTRY, "说法", "表述"),
        (CHEMISTRY, "关于", "关干"),
        (GEOMETRY, r"\frac{x^{2}}{4}", r"\dfrac{x²}{4}"),
        (GEOMETRY, "已知", "己知"),
        (LOGIC, "三支", "3支"),
        (LOGIC, "商店", "商庙"),
        (STORY, "12 red", "twelve red"),
        (STORY.replace("12", "25"), "25 red", "twenty-five red"),
        (STORY.replace("every day", "on the third day"), "third", "3rd"),
        (STORY.replace("red apples", "percent of the apples"), "12 percent", "12%"),
        ("条约在2024年5月1日签订，它规定了哪些义务和权利", "2024年5月1日", "2024-05-01"),
        ("下列关于认识的反复性的说法正确的是哪一项", "反复", "反覆"),
        (
            "Antonella has 12 pens; Antonella and Kirill share them. How many has Antonella?",
            "Antonella has 12",
            "Antouella has 12",
        ),
        ("已知集合中有三個元素，則該集合的子集個數是多少", "個", "个"),
    ],
)
def test_what_only_a_scan_or_another_spelling_can_do_merges(text: str, change: str, into: str) -> None:
    changed = text.replace(change, into, 1)
    assert changed != text
    assert verdict(text, changed) is Verdict.NEAR


def test_disagreeing_answers_ask_for_review() -> None:
    assert verdict(STORY, STORY.replace("end", "cnd"), answers=("27", "28")) is Verdict.REVIEW


def test_an_answer_is_compared_by_its_option_not_by_its_letter() -> None:
    shuffled = (FOUR, (*FOUR[2:], *FOUR[:2]))
    assert verdict(CHEMISTRY, CHEMISTRY + " ", options=shuffled, answers=("A", "C")) is Verdict.NEAR
    assert verdict(CHEMISTRY, CHEMISTRY + " ", options=shuffled, answers=("A", "A")) is Verdict.REVIEW


@pytest.mark.parametrize(
    ("one", "other"), [("1/2", "0.5"), ("50%", "0.5"), ("18", "18元"), ("$18", "18.0"), ("1,800", "1800")]
)
def test_an_answer_is_compared_by_its_value_not_by_its_form(one: str, other: str) -> None:
    assert verdict(STORY, STORY.replace("end", "cnd"), answers=(one, other)) is Verdict.NEAR


@pytest.mark.parametrize(("one", "other"), [("1/2", "0.25"), ("18元", "18角"), ("18%", "18"), ("1/2", "2/1")])
def test_another_value_or_unit_is_another_answer(one: str, other: str) -> None:
    assert verdict(STORY, STORY.replace("end", "cnd"), answers=(one, other)) is Verdict.REVIEW


def test_another_option_makes_a_variant() -> None:
    assert verdict(CHEMISTRY, CHEMISTRY, options=(FOUR, (*FOUR[:3], "戊老师们"))) is Verdict.VARIANT


def test_another_picture_makes_a_variant_and_a_picture_on_one_side_a_doubt() -> None:
    with_picture = PHYSICS + "<img src='a/1.png'>"
    assert verdict(with_picture, PHYSICS + "<img src='a/2.png'>") is Verdict.VARIANT
    assert verdict(with_picture, PHYSICS) is Verdict.REVIEW
    assert verdict(with_picture, PHYSICS + "![](b/1.png)") is Verdict.NEAR


def test_unlike_questions_are_nothing_to_each_other() -> None:
    assert verdict(STORY, "What is the capital of France?") is None


def test_the_evidence_names_what_differs() -> None:
    a = canonicalise(STORY, (), "27")
    b = canonicalise(STORY.replace("12", "21").replace("end", "shop"), (), "36")
    comparison = compare(a, b, DedupOptions())
    assert comparison is not None
    assert comparison.evidence["differs"]["numbers"] == [["12", "21"]]
    assert ["end", "shop"] in comparison.evidence["differs"]["words"]
    assert comparison.evidence["differs"]["answer"] == ["27", "36"]


pieces = st.sampled_from(
    [
        *(
            "Tom",
            "Tim",
            "has",
            "12",
            "twelve",
            "3.5",
            "kg",
            "km",
            "苹果",
            "下列",
            "以下",
            "的",
            "小明",
            "小刚",
            "肝",
            "肺",
        ),
        *("x²", "x_2", "+", "rn", "m", "不", "____", "（ ）", "己", "已", "，", ".", "percent", "%", "2024年5月1日"),
        *("2024-05-01", "<img src=a/1.png>"),
    ]
)
texts = st.lists(pieces, min_size=1, max_size=12)
some_options = st.lists(st.sampled_from(["甲", "乙", "1", "2", "肝脏", "肺脏"]), max_size=3).map(tuple)


@given(texts, st.data(), some_options, some_options, st.sampled_from(["", "A", "1"]), st.sampled_from(["", "A", "B"]))
@settings(max_examples=400, deadline=None)
def test_a_comparison_is_symmetric(
    one: list[str],
    data: st.DataObject,
    first: tuple[str, ...],
    second: tuple[str, ...],
    answer: str,
    other_answer: str,
) -> None:
    other = one.copy()
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(other) - 1))
        other[place] = data.draw(pieces)
    a, b = canonicalise(" ".join(one), first, answer), canonicalise(" ".join(other), second, other_answer)
    there, back = compare(a, b, DedupOptions(threshold=0.5)), compare(b, a, DedupOptions(threshold=0.5))
    assert (there and there.flipped()) == back


def test_a_guard_that_is_off_asks_for_review_and_never_merges() -> None:
    a, b = canonicalise(STORY, (), ""), canonicalise(STORY.replace("12", "21"), (), "")
    comparison = compare(a, b, DedupOptions(guard_numbers=False))
    assert comparison is not None
    assert comparison.verdict is Verdict.REVIEW
