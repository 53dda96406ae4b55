"""Numbered questions, with their options and the passage they are about, cut out of recognised pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from services.ocr.questions.answer_key import read_key
from services.ocr.questions.joining import joined
from services.ocr.questions.lines import Line, Row, line_of, section_type
from services.ocr.questions.options import split_options

_FARTHEST_JUMP = 5  # numbers that may be missing between two questions: misread, or cut off
_MATERIAL_ROWS, _MATERIAL_CHARACTERS = 2, 30  # less is a title or an instruction
_INSTRUCTION = re.compile(r"^(?:说明|考生|满分|要求)")
_BLANK = re.compile(r"_{2,}")


@dataclass(frozen=True, slots=True)
class PageText:
    """One page of a file: its paragraphs, each of rows in reading order."""

    file_name: str
    page_in_file: int
    paragraphs: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class CutQuestion:
    number: int | None
    stem: str
    options: tuple[str, ...]
    answer: str
    analysis: str
    type_name: str
    file_name: str
    page_in_file: int


@dataclass(slots=True)
class _Draft:
    number: int | None
    page: int
    type_name: str
    material: str
    stem: str = ""
    options: list[str] = field(default_factory=list)
    answer: str = ""
    analysis: str = ""
    last: Row = Row.TEXT  # what the last row was, which the next may run on from


def cut(pages: Iterable[PageText]) -> Iterator[CutQuestion]:
    """The questions of each file, in order; a question may run over the end of its page.

    A question is about the passage before it: without that, "What is the passage about?" would be a duplicate of its
    namesake in every other paper. What is neither question nor passage (titles, instructions) is left out.
    """
    for file_name, of_file in groupby(pages, key=lambda page: page.file_name):
        cutter = _Cutter()
        for page in of_file:
            for rows in page.paragraphs:
                cutter.take(rows, page.page_in_file)
        yield from cutter.finish(file_name)


class _Cutter:
    """Reads rows one by one and knows which question they belong to."""

    def __init__(self) -> None:
        self._drafts: list[_Draft] = []
        self._open: _Draft | None = None
        self._type = ""
        self._material: list[str] = []  # rows of a passage, or of what may become one
        self._material_is_used = False
        self._counts_anew = True  # the next number 1 begins nothing else
        self._key: list[str] | None = None
        self._parts_are_questions = False

    def take(self, rows: Sequence[str], page: int) -> None:
        """A paragraph: an end of options and a paragraph's end together end the question."""
        for row in rows:
            if row.strip():
                self._take(line_of(row), row.strip(), page)
        if self._open is not None and self._open.options:
            self._open = None

    def finish(self, file_name: str) -> Iterator[CutQuestion]:
        key = read_key(self._key or [])
        numbers = [draft.number for draft in self._drafts]
        for draft in self._drafts:
            if not draft.answer and draft.number is not None and numbers.count(draft.number) == 1:
                draft.answer = key.get(draft.number, "")
            if draft.stem.strip():
                yield _finished(draft, file_name)

    def _take(self, line: Line, whole: str, page: int) -> None:
        if line.row is Row.KEY:
            self._key, self._open = [], None
        elif self._key is not None:
            self._key.append(whole)
        elif line.row is Row.SECTION:
            self._begin_section(line.text)
        elif self._begins_question(line):
            self._begin_question(line, page)
        elif line.row is Row.NOTICE:
            self._open = None
        elif line.row is not Row.FURNITURE:
            self._go_on(line, whole)

    def _begin_section(self, heading: str) -> None:
        self._type = section_type(heading)
        self._open, self._material, self._material_is_used = None, [], False
        self._counts_anew = True

    def _begins_question(self, line: Line) -> bool:
        if line.row is Row.PART:
            return self._is_question(line)
        if line.row is not Row.QUESTION:
            return False
        if self._counts_anew or self._open is None:  # there is nothing that the row could run on from
            return True
        before = next((draft.number for draft in reversed(self._drafts) if draft.number is not None), 0)
        # Numbers go up, or begin anew; anything else is a number at the beginning of a row.
        return line.number == 1 or before < (line.number or 0) <= before + 1 + _FARTHEST_JUMP

    def _is_question(self, part: Line) -> bool:
        """(1), (2) … are questions where no number stands above them."""
        if self._open is None:
            self._parts_are_questions = True
        elif part.number == 1:
            self._parts_are_questions = False
        return self._open is None or self._parts_are_questions

    def _begin_question(self, line: Line, page: int) -> None:
        if line.number == 1 and not self._counts_anew:  # another paper: what came before is not about it
            self._type = ""
            self._material = [] if self._material_is_used else self._material
        self._counts_anew = False
        text = re.sub(r"^[(（]\s*\d+\s*[)）]\s*", "", line.text) if line.row is Row.PART else line.text
        self._parts_are_questions = line.row is Row.PART
        self._open = _Draft(line.number, page, self._type, self._passage(), stem=text)
        self._drafts.append(self._open)
        self._take_options_at_the_end(self._open)

    def _take_options_at_the_end(self, draft: _Draft) -> None:
        """`5. 最小的数是( )  A. 0  B. -2`: question and options in one row."""
        match = re.search(r"(?<=\s)[(（]?A[)）]?\s*[.．、]\s*\S.*?\sB\s*[.．、]", draft.stem)
        if match and (options := split_options(draft.stem[match.start() :], 0)):
            draft.stem, draft.options, draft.last = draft.stem[: match.start()].rstrip(), options, Row.OPTIONS

    def _passage(self) -> str:
        rows = [row for row in self._material if not _INSTRUCTION.match(row)]
        if rows and not _ends_sentence(rows[0]):  # a title
            rows = rows[1:]
        self._material_is_used = True
        text = ""
        for row in rows:
            text = joined(text, row)
        return text if len(rows) >= _MATERIAL_ROWS and len(text) >= _MATERIAL_CHARACTERS else ""

    def _go_on(self, line: Line, whole: str) -> None:
        draft = self._open
        if draft is None:
            self._gather(whole)
        elif line.row is Row.OPTIONS and (options := split_options(line.text, len(draft.options))):
            draft.options += options
            draft.last = Row.OPTIONS
        elif line.row is Row.ANSWER:
            draft.answer, draft.last = line.text, Row.ANSWER
        elif line.row is Row.ANALYSIS:
            draft.analysis, draft.last = line.text, Row.ANALYSIS
        else:
            _run_on(draft, whole, new_line=line.row is Row.PART)

    def _gather(self, row: str) -> None:
        if self._material_is_used:
            self._material, self._material_is_used = [], False
        self._material.append(row)


def _run_on(draft: _Draft, row: str, *, new_line: bool) -> None:
    """A row that begins like nothing goes on with whatever was last."""
    match draft.last:
        case Row.OPTIONS:
            draft.options[-1] = joined(draft.options[-1], row)
        case Row.ANSWER:
            draft.answer = joined(draft.answer, row)
        case Row.ANALYSIS:
            draft.analysis = joined(draft.analysis, row)
        case _:
            draft.stem = f"{draft.stem}\n{row}" if new_line else joined(draft.stem, row)


def _ends_sentence(row: str) -> bool:
    return row.endswith(("。", ".", "!", "?", "!", "?", ";", ";", ",", ",", "、", "”", '"')) or len(row) > 40


def _finished(draft: _Draft, file_name: str) -> CutQuestion:
    stem = f"{draft.material}\n{draft.stem}" if draft.material else draft.stem
    type_name = draft.type_name or ("选择题" if draft.options else "填空题" if _BLANK.search(stem) else "")
    options = tuple(draft.options)
    return CutQuestion(draft.number, stem, options, draft.answer, draft.analysis, type_name, file_name, draft.page)
