"""Text that Markdown shows as it is.

Backslashes are set only where CommonMark 0.31 (or GitHub's tables, strikethrough and sums) would see markup, so that
an exam paper stays readable: blanks `____` above all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_ALWAYS = re.compile(r"[\\`*\[\]<>~|$]")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_LINE_START = re.compile(r"^([-+=#:])", re.MULTILINE)
_NUMBERING = re.compile(r"^(\d{1,9})([.)])(?=\s|$)", re.MULTILINE)  # a list would count anew and lose the numbers
_CLOSING_HASH = re.compile(r"(?<=\s)#(?=#*$)", re.MULTILINE)  # of a heading
_UNDERSCORE_LINE = re.compile(r"^_(?=[_\s]*$)", re.MULTILINE)  # else a thematic break
_UNDERSCORES = re.compile("_+")


def escaped(text: str) -> str:
    """`text` as Markdown; a line break in it becomes a hard one."""
    text = "\n".join(line.strip() for line in text.split("\n"))
    text = _ALWAYS.sub(r"\\\g<0>", text)
    text = _ENTITY.sub(r"\\&", text)
    text = _LINE_START.sub(r"\\\1", text)
    text = _CLOSING_HASH.sub(r"\\#", text)
    text = _NUMBERING.sub(r"\1\\\2", text)
    text = _UNDERSCORE_LINE.sub(r"\\_", _without_emphasis(text))
    return text.replace("\n", "\\\n")


def escaped_comment(text: str) -> str:
    """For the inside of an HTML comment, which `--` and `>` could end."""
    return text.replace("-", "\u2010").replace(">", "\u203a")


def _without_emphasis(text: str) -> str:
    """Escapes runs of underscores that could open emphasis, if one after them could close it."""
    runs = list(_UNDERSCORES.finditer(text))
    last_closing = max((run.start() for run in runs if _flanks(text, run)[1]), default=-1)
    return "".join(_with_escapes(text, runs, last_closing))


def _with_escapes(text: str, runs: list[re.Match[str]], last_closing: int) -> Iterator[str]:
    position = 0
    for run in runs:
        opens = run.start() < last_closing and _flanks(text, run)[0]
        yield text[position : run.start()]
        yield "\\_" * len(run[0]) if opens else run[0]
        position = run.end()
    yield text[position:]


def _flanks(text: str, run: re.Match[str]) -> tuple[bool, bool]:
    """Whether a run of underscores can open and can close emphasis (CommonMark 0.31, 6.2, rules 2 and 4)."""
    before, after = text[run.start() - 1 : run.start()] or " ", text[run.end() : run.end() + 1] or " "
    left = not after.isspace() and (not _is_punctuation(after) or before.isspace() or _is_punctuation(before))
    right = not before.isspace() and (not _is_punctuation(before) or after.isspace() or _is_punctuation(after))
    return left and (not right or _is_punctuation(before)), right and (not left or _is_punctuation(after))


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"
