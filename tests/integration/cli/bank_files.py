"""Files of questions, small enough to know what must come of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def question(number: int, stem: str, **fields: Any) -> dict[str, Any]:
    return {
        "type_name": "单选题",
        "subject_name": "数学",
        "stem": stem,
        "options": [f"选项{letter}{number}" for letter in "甲乙丙丁"],
        "answer": "A",
        "external_id": f"q{number}",
        **fields,
    }


def few_questions(path: Path) -> Path:
    """Three questions, the third twice (an exact duplicate, spaced otherwise), and a row without a stem."""
    rows = [
        question(1, "下列函数中，在区间（0，+∞）上为增函数的是哪一个？"),
        question(2, "光合作用的主要场所是细胞中的哪一种结构？", subject_name="生物"),
        question(3, "第二次世界大战结束的标志是下列哪一个事件？", subject_name="历史"),
        question(4, "3. 第二次世界大战结束的标志是下列哪一个事件 ?", subject_name="历史")
        | {"options": [f"选项{letter}3" for letter in "甲乙丙丁"]},
        question(5, ""),
    ]
    return write(path, rows)


def many_questions(path: Path, count: int) -> Path:
    """One large group: enough work to be interrupted in the middle of it."""
    topics = ("函数", "数列", "概率", "向量", "圆锥曲线", "导数", "立体几何", "不等式", "复数", "三角")
    return write(
        path,
        (
            question(
                number,
                f"已知{topics[number % 10]}的参数满足第{number * 7919 % 100003}条性质，"
                f"且与{topics[number // 10 % 10]}有{number}个公共元素，求第{number * 31 % 9973}项的值。",
            )
            for number in range(count)
        ),
    )


def write(path: Path, rows: Any) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path
