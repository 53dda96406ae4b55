from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from services.ocr.export.characters import one_line
from services.ocr.export.markdown_escape import escaped
from tests.unit.services.ocr.export.pages import exported, failed, of_rows, page, region, result, texts

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
MARKUP = st.text(st.sampled_from("_*`~#>-+=|[]()!<&;:\\1. ab中，\n$"), max_size=24)


def shown(markdown: str) -> str:
    """What a reader sees of one paragraph; fails on any markup but hard breaks."""
    tokens = PARSER.parse(markdown)
    assert [token.type for token in tokens] in (["paragraph_open", "inline", "paragraph_close"], [])
    parts = (token.children or [] for token in tokens if token.type == "inline")
    return "".join(_shown(token) for part in parts for token in part)


def _shown(token: Token) -> str:
    assert token.type in {"text", "text_special", "hardbreak"}, token
    return "\n" if token.type == "hardbreak" else token.content


@given(st.one_of(MARKUP, texts))
def test_whatever_was_read_is_shown_as_it_is(text: str) -> None:
    lines = [one_line(line).strip() for line in text.split("\n")]
    expected = "\n".join(line for line in lines if line)
    assert shown(escaped(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The ____ is ____.",
        "水的化学式是____，密度是____。",
        "小明有3个苹果，a_b 和 snake_case_name",
        "A. 5 × 3 = 15  B. (2, 3)",
        "100% & more",
    ],
)
def test_an_exam_paper_stays_readable(text: str) -> None:
    assert escaped(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("____", r"\____"),
        ("3. 题目", r"3\. 题目"),
        ("- one", r"\- one"),
        ("(____) and (____)", r"(\_\_\_\_) and (____)"),
        ("<script>", r"\<script\>"),
        ("&amp;", r"\&amp;"),
    ],
)
def test_only_what_would_be_markup_is_escaped(text: str, expected: str) -> None:
    assert escaped(text) == expected


def test_rows_flow_on_and_a_short_one_ends_with_a_break() -> None:
    rows = [
        [region("一行写满了的字，", 10, 10, 500)],
        [region("接着写", 10, 40, 200)],
        [region("A full row of", 10, 70, 500)],
        [region("words.", 10, 100, 100)],
    ]
    assert exported("md", page(result([rows]))).split("\n\n", 2)[2] == (
        "一行写满了的字，接着写\\\nA full row of words.\n"
    )


def test_a_row_in_large_type_is_a_heading() -> None:
    body = [[[region(f"第{number}段，写着一些话。", 10, 100 + 40 * number)]] for number in range(4)]
    title = [[region("期末试卷 #", 200, 10, height=40)]]
    large_sentence = [[region("请认真作答。", 10, 60, height=40)]]
    text = exported("md", page(result([title, large_sentence, *body])))
    assert re.findall(r"^#+ .*", text, re.MULTILINE) == ["# 试卷 A", r"## 期末试卷 \#"]


def test_pages_are_parted_by_a_rule_and_named() -> None:
    text = exported("md", of_rows("one"), failed(2), title="a*b")
    assert text == (
        "# a\\*b\n\n<!-- page 1: scan.png, page 1 -->\n\none\n\n---\n\n<!-- page 2: scan.png, page 2 -->\n\n"
        "> \\[Page 2 (scan.png, page 2) was not read. INVALID\\_IMAGE: Not a picture.\\]\n"
    ).replace("INVALID\\_IMAGE", "INVALID_IMAGE")


@given(st.one_of(MARKUP, texts))
def test_no_file_name_ends_the_comment(name: str) -> None:
    found = page(of_rows("x").result)
    text = exported("md", type(found)(1, name, 1, found.result))
    kinds = [token.type for token in PARSER.parse(text)]
    assert kinds == [
        "heading_open",
        "inline",
        "heading_close",
        "html_block",
        "paragraph_open",
        "inline",
        "paragraph_close",
    ]
