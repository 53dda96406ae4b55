"""HTML, entities and pictures, taken down to plain text."""

from __future__ import annotations

import html
import re

BLANK = "␣"
"""Stands for a blank to be filled in, however it is drawn: ____, （ ）, ( ), □."""

# Only tags that editors of question banks write; anything else between < and > is mathematics.
_TAG_NAMES = (
    "p|br|div|span|font|em|strong|sub|sup|table|thead|tbody|tr|td|th|ul|ol|li|h[1-6]|center|pre|code|hr|label|small|big|strike|del|ins"
    "|o:p|section|article|figure|blockquote|math|mi|mn|mo|mrow|bdo|tt"
)
_TAG = re.compile(rf"</?(?:{_TAG_NAMES})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_SHORT_TAGS = {name: re.compile(rf"</?{name}(?:\s[^<>]*)?>", re.IGNORECASE) for name in "abius"}
_COMMENT = re.compile(r"<!--.{0,2000}?-->", re.DOTALL)
_SUP = re.compile(r"<sup>([^<>]{1,40})</sup>", re.IGNORECASE)
_SUB = re.compile(r"<sub>([^<>]{1,40})</sub>", re.IGNORECASE)
_PICTURE = re.compile(r"<img\b([^<>]*)>|!\[[^\]]{0,200}\]\(([^()\s]{1,500})(?:\s[^()]{0,200})?\)", re.IGNORECASE)
_SOURCE = re.compile(r"""\b(?:data-)?src\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_ENTITY_CHAIN = re.compile(r"&(?:amp;)+")
_BOLD = re.compile(r"(?<![A-Za-z0-9*)])\*\*(?=[^\s*])([^*]{1,400})(?<=\S)\*\*(?![A-Za-z0-9*(])")
_UNDERLINED_GAP = re.compile(r"<(u|ins)\b[^<>]*>(?:\s|&nbsp;|\u3000|\xa0)*</\1>", re.IGNORECASE)
_BLANK_LINE = re.compile(r"\\underline ?\{(?:\s|\\quad|\\qquad|~)*\}")


def plain_entities(text: str) -> str:
    return html.unescape(_ENTITY_CHAIN.sub("&", text))


def plain_markup(text: str) -> str:
    """`text` without tags; a picture becomes ⟦its file name⟧, an underlined gap becomes a blank."""
    if "<" in text or "![" in text:
        text = _plain_tags(text)
    if "**" in text:
        text = _BOLD.sub(r"\1", text)
    return _BLANK_LINE.sub(BLANK, text) if "\\underline" in text else text


def _plain_tags(text: str) -> str:
    text = _UNDERLINED_GAP.sub(BLANK, _PICTURE.sub(_picture_name, _COMMENT.sub("", text)))
    text = _SUB.sub(r"_{\1}", _SUP.sub(r"^{\1}", text))
    for name, tag in _SHORT_TAGS.items():
        if f"</{name}>" in text or f"</{name.upper()}>" in text:  # a<b and c>d has no such thing
            text = tag.sub("", text)
    return _TAG.sub(lambda tag: "" if _is_inline(tag.group()) else " ", text)


def _is_inline(tag: str) -> bool:
    return re.match(r"</?(?:span|font|em|strong|sub|sup|code|small|big|o:p)\b", tag, re.IGNORECASE) is not None


def _picture_name(picture: re.Match[str]) -> str:
    source = picture.group(2) or ""
    if picture.group(1) is not None and (found := _SOURCE.search(picture.group(1))):
        source = next(value for value in found.groups() if value is not None)
    name = re.split(r"[?#]", source)[0].rstrip("/").rsplit("/", 1)[-1]
    return f"⟦{name}⟧"
