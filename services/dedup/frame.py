"""The frame round a stem: leading numbers, labels, bullets, tags; and the tags behind it.

A tag in brackets says where a question comes from, what it is worth or of what type it is: "(6分)", "[2 points]",
"[2018·北京卷]", "(SAT 2019)", "[单选题]". What else stands in brackets is text, and stays.
"""

from __future__ import annotations

import re

from services.dedup.markup import BLANK

TRAILING = f" \t\r\n.,;:?!{BLANK}([-"
"""Marks and blanks that may end a text or not."""

BULLETS = frozenset("★☆◆◇●■※►✦➤#*")

_GROUP = r"[(\[]([^()\[\]{}=<>+^_\\|⟦⟧]{1,50})[)\]]"
_GROUP_AT_HEAD, _GROUP_AT_END = re.compile(rf"{_GROUP}[.,:]? ?"), re.compile(rf"{_GROUP}$")
_YEAR = r"(?:19|20)\d\d"
_TAG = re.compile(
    r"\d(?:\.\d)?分(?![之钟])"
    r"|\b\d+ ?(?:points?|pts?|marks?)\b"
    rf"|{_YEAR}(?!年?$)(?:年?(?:[·.,\-/春秋届级学上下]|新?高考|中考|[\u4e00-\u9fff]{{1,12}}[卷题考拟])"
    r"|[\u4e00-\u9fff]{1,5}$|学年|年? ?[a-z])"
    rf"|^[a-z ]{{2,12}} ?{_YEAR}$"
    r"|真题|模拟|高考|中考|联考|月考|会考|统考|期[中末]|学期|课标|[卷]\d?$|全国卷|改编|原创|易错|典例|变式|例题|竞赛|选[做修]|必[做修]"
    r"|^(?:单|多|单项|多项|不定项)选?(?:择?题)?$|选择题|^判断题?$|^填空题?$|^解答题?$|^简答题?$|论述题|计算题|应用题|^题[文干目]$"
    r"|^(?:multiple choice|single choice|true ?(?:/|or) ?false|short answer|easy|medium|hard|difficult|optional|bonus)$"
)
_HEADING = re.compile(r"[\u4e00-\u9fff]{3}")
_LONGEST_GROUP = 52

# A leading number ("12.", "第5题", "Problem 7:"), a label ("变式1:", "题目:"), a bullet.
_LEAD = re.compile(
    r"(?:第\d{1,3}[题问][.,:)]?|\(\d{1,3}\)[.,:]?|\[\d{1,3}\]|\d{1,3}(?:\)|[.,:](?!\d))"
    rf"|\d{{1,3}}[.,](?={_YEAR}年|\d{{1,3}}[.,](?:\D|{_YEAR}年))"
    r"|(?:例题?|变式|练习|习题|题目?|试题)\d{1,3}(?:-\d{1,2})?[.,:)]?|(?:例题?|变式|练习|习题|题目|试题|原题)[.,:)]"
    r"|(?:question|problem|exercise|q|ex\.|no\.) ?#?\d{1,3}(?:\.\d{1,2})?(?:[:)]|\.(?!\d))"
    r"|(?:question|problem|exercise|ex\.|no\.) ?#?\d{1,3}(?:\.\d{1,2})?(?: |(?=[\u4e00-\u9fff]))"
    r"|#\d{1,3}(?:[.:)]| (?=[a-z])|(?=[\u4e00-\u9fff]))"
    r"|[★☆◆◇●■※►✦➤]+|\*(?=\d)|请回答:|请问:|please answer:|[.,;:·]) ?"
)
_STARTS = frozenset("0123456789([第例变练习题试原请pqen#*★☆◆◇●■※►✦➤.,;:·")


def without_frame(text: str) -> str:
    """A clean text without what stands before and behind the question."""
    if text[:1] in _STARTS:
        while end := _lead(text):
            text = text[end:]
    text = text.rstrip(TRAILING)
    while text[-1:] in {")", "]"} and (tag := _GROUP_AT_END.search(text, max(0, len(text) - _LONGEST_GROUP))):
        if not _TAG.search(tag[1]):
            break
        text = text[: tag.start()].rstrip(TRAILING)
    return text


def _lead(text: str) -> int:
    """How many characters of the frame the text begins with."""
    if lead := _LEAD.match(text):
        return lead.end()
    group = _GROUP_AT_HEAD.match(text)
    if group and (_TAG.search(group[1]) or (text[0] == "[" and _HEADING.search(group[1]))):
        return group.end()
    return 0
