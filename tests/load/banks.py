"""Question banks made up for load and fault tests: templates with numbers and names, some rows repeated or touched."""

from __future__ import annotations

import json
import random
from pathlib import Path

_STORIES = (
    "{name}从甲地骑车到乙地，每小时行{a}千米，{b}小时后离乙地还有{c}千米，甲乙两地相距多少千米？",
    "一个水池有{a}个进水管，每管每分钟进水{b}升，池中原有水{c}升，注满需要多少分钟？",
    "商店运来{a}箱苹果，每箱重{b}千克，卖出{c}千克以后还剩多少千克？",
    "{name} has {a} boxes with {b} pencils in each and gives {c} of them away. How many pencils are left?",
    "已知函数f(x)={a}x+{b}，求f({c})的值，并说明它的单调性。",
)
_NAMES = ("小明", "小红", "李华", "Anna", "Tom", "王芳", "Maria", "赵强")


def write_bank(path: Path, questions: int, groups: int, seed: int) -> Path:
    """`questions` rows in `groups` groups; every seventh repeats another row, some of these with other punctuation."""
    dice = random.Random(seed)
    rows: list[dict[str, object]] = []
    for number in range(questions):
        kind = dice.random()
        if rows and kind < 0.15:
            row = dict(dice.choice(rows))
            if kind < 0.05:
                row["stem"] = f"{number}. " + str(row["stem"]).replace("，", ",").replace("？", "?")
        else:
            row = _question(dice, groups)
        rows.append(row | {"external_id": f"q{number}"})
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def _question(dice: random.Random, groups: int) -> dict[str, object]:
    a, b, c = dice.randint(2, 999), dice.randint(2, 999), dice.randint(2, 999)
    stem = dice.choice(_STORIES).format(name=dice.choice(_NAMES), a=a, b=b, c=c)
    group = dice.randrange(groups)
    return {
        "type_name": ("单选题", "填空题", "应用题")[group % 3],
        "subject_name": f"科目{group // 3}",
        "stem": stem,
        "answer": str(a * b + c),
    }
