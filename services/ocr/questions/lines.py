"""What a printed row of an exam paper is, by how it begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

_NUMERALS = "一二三四五六七八九十百"
_STOP = r"[.．、。]"


class Row(Enum):
    SECTION = auto()  # 一、选择题(每小题4分)   Part II Reading
    QUESTION = auto()  # 12. …   第3题 …   问题一:…
    PART = auto()  # (2) …: a part of a question, or a question where nothing is numbered higher
    OPTIONS = auto()  # A. …   or several of them
    ANSWER = auto()
    ANALYSIS = auto()
    KEY = auto()  # 参考答案: the answers to all questions follow
    NOTICE = auto()  # 考试时间:…: to the reader of the paper, part of no question
    FURNITURE = auto()  # page numbers, the line for name and class
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """`number`: of a question or part, None where it bears none; `text`: without what told its kind."""

    row: Row
    text: str
    number: int | None = None


_SECTION = re.compile(rf"^(?:第\s*[{_NUMERALS}IVX\d]+\s*(?:部分|卷|大题)|[{_NUMERALS}]{{1,3}}\s*[、.．])\s*(.*)$")
_ENGLISH_SECTION = re.compile(r"^(?:Part|Section)\s+(?:[IVX]+|\d+|[A-H])\b[\s.:：—-]*(.*)$", re.IGNORECASE)
_HEADING = re.compile(r"^(\S{1,12}题\s*[(（](?:满分|共|每|本).{0,30}分.{0,10}[)）])$")
_QUESTION = re.compile(rf"^(?!\d+[.．]\d)(?:第\s*)?(\d{{1,3}})\s*(?:{_STOP}|[)）]|题\s*[.．、:：]?)\s*(?!\d)(.*)$")
_NAMED_QUESTION = re.compile(
    rf"^(?:问题|例题?|习题|Question|Q)\s*([{_NUMERALS}]{{1,3}}|\d{{1,3}})\s*[:：.．、)）]\s*(.*)$"
)
_PART = re.compile(r"^[(（]\s*(\d{1,2})\s*[)）]\s*(.*)$")
_OPTIONS = re.compile(r"^[(（]?[A-H][)）]?\s*[.．、:：)）]\s*\S")
_ANSWER = re.compile(
    r"^(?:[【\[]\s*(?:参考)?答案\s*[】\]]\s*[:：]?|(?:参考)?答案?\s*[:：]|Answers?\s*[:：])\s*(\S.*)$", re.I
)
_ANALYSIS = re.compile(
    r"^(?:[【\[]\s*(?:解析|分析|详解|点评)\s*[】\]]\s*[:：]?|(?:解析|分析)\s*[:：]|Explanations?\s*[:：])\s*(.*)$", re.I
)
_KEY = re.compile(
    r"^[【\[]?\s*(?:参考答案|标准答案|答案|Answer\s+Keys?)(?:\s*(?:与|及|和)\s*\S{2,8})?\s*[】\]]?\s*[:：]?$", re.I
)
_FURNITURE = re.compile(
    r"^(?:[-—–\s]*\d{1,4}[-—–\s]*$|第\s*\d+\s*页|Page\s+\d+(?:\s+of\s+\d+)?$"
    r"|(?:学校|班级|姓名|学号|考号|得分|Name|Class|Score)\s*[:：]\s*_{2,})",
    re.I,
)
_NOTICE = re.compile(
    r"^(?:注意事项|考试时间|考试说明|本试卷|本卷|答题前|Directions?\b|Instructions?\b|Time allowed\b)", re.I
)
_TYPE = re.compile(r"([^\s、,，.。:：;；（(]{1,8}题)")
_POINTS = re.compile(r"\s*[(（][^()（）]*(?:分|points?)[^()（）]*[)）]\s*", re.I)


# The first that matches, in this order: {row: pattern, group of its text (0: the whole), group of its number}.
_GRAMMAR: tuple[tuple[Row, re.Pattern[str], int, int | None], ...] = (
    (Row.FURNITURE, _FURNITURE, 0, None),
    (Row.NOTICE, _NOTICE, 0, None),
    (Row.KEY, _KEY, 0, None),
    (Row.QUESTION, _NAMED_QUESTION, 2, 1),
    (Row.SECTION, _SECTION, 1, None),
    (Row.SECTION, _ENGLISH_SECTION, 1, None),
    (Row.SECTION, _HEADING, 1, None),
    (Row.QUESTION, _QUESTION, 2, 1),
    (Row.PART, _PART, 0, 1),
    (Row.ANSWER, _ANSWER, 1, None),
    (Row.ANALYSIS, _ANALYSIS, 1, None),
    (Row.OPTIONS, _OPTIONS, 0, None),
)


def line_of(text: str) -> Line:
    text = text.strip()
    for row, pattern, of_text, of_number in _GRAMMAR:
        if match := pattern.match(text):
            number = number_of(match[of_number]) if of_number is not None else None
            return Line(row, match[of_text] if of_text else text, number)
    return Line(Row.TEXT, text)


def section_type(heading: str) -> str:
    """「选择题(每小题4分,共40分)」 -> 「选择题」; a heading that names no type gives ""."""
    match = _TYPE.search(_POINTS.sub("", heading))
    return match[1] if match else ""


def number_of(text: str) -> int:
    """Arabic digits, or Chinese numerals up to 999."""
    if text.isdigit():
        return int(text)
    total = digit = 0
    for character in text:
        value = {"十": 10, "百": 100}.get(character)
        if value is None:
            digit = _NUMERALS.index(character) + 1
        else:
            total, digit = total + max(digit, 1) * value, 0
    return total + digit
