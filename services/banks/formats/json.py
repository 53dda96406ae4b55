"""A JSON list of questions, alone or as `questions` (or `data`) of an object, read element by element.

No more than one element is in memory. The elements are found by their brackets alone and parsed one at a time, so
that what is wrong inside one of them costs that one only.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import orjson

from services.banks.formats.base import NO_MAPPING, BadRow, ColumnMapping, Item, Limits, UnreadableFileError, excerpt
from services.banks.formats.encoding import encoding_of, has_surrogates
from services.banks.formats.lines import wrong_encoding
from services.banks.formats.objects import ObjectReader, Text, Texts

LIST_KEYS = ('"questions"', '"data"')
_CHUNK = 2**17  # bytes
# A JSON string holds no line break. One that does is still a string if structure follows its closing quote; else it
# was never closed and ends with its line, and the structure goes on after it.
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"(?=\s*(?:[,:\]}]|\Z))|"[^"\\\n]*(?:\\.[^"\\\n]*)*["\n]'
_SIGN = re.compile(_STRING + r'|["\[\]{},]', re.DOTALL)


def read(path: Path, limits: Limits, mapping: ColumnMapping = NO_MAPPING) -> Iterator[Item]:
    yield from ObjectReader(mapping).read(texts(path, limits))


def texts(path: Path, limits: Limits) -> Texts:
    """The file's encoding holds for all of it; an element with other bytes is a bad row."""
    encoding = encoding_of(path, limits.row_bytes)
    return Texts(encoding, _items(path, encoding, limits))


def _items(path: Path, encoding: str, limits: Limits) -> Iterator[Text | BadRow]:
    with closing(_Window(path, encoding, limits)) as window:
        _enter_list(window)
        try:
            yield from _elements(window)
        except _TooLongError:
            line, text = window.take()
            reason = f"The record does not end within {limits.row_bytes:,} characters; nothing behind it was read."
            yield BadRow(line, "too_long", reason, excerpt(text[:1000]))


def write(questions: Iterable[dict[str, object]]) -> Iterator[bytes]:
    separator = b"[\n"
    for question in questions:
        yield separator + orjson.dumps(question)
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


class _TooLongError(Exception):
    """What is in hand passes the limit."""


class _Window:
    """A moving window on the file: `next_sign` goes on through it, `take` gives what was passed since."""

    def __init__(self, path: Path, encoding: str, limits: Limits) -> None:
        self._file = path.open("rb")
        if self._file.read(3) != codecs.BOM_UTF8:
            self._file.seek(0)
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        self._limit = limits.row_bytes
        self._text = ""
        self._start = self._position = 0  # of what is in hand; of what comes next
        self._line = 1  # of `_start`
        self._chunk = _CHUNK
        self._ended = False

    def next_sign(self) -> str | None:
        """The next string or structural character; None at the end of the file."""
        while True:
            match = _SIGN.search(self._text, self._position)
            # A lone quote begins a string that goes on beyond the window.
            if match is not None and (match[0] != '"' or self._ended):
                self._position = match.end()
                return match[0]
            self._position = match.start() if match else len(self._text)
            if self._ended:
                return None
            self._grow()

    def take(self, *, without_last: bool = False) -> tuple[int, str]:
        """What is in hand (without the structural character that ended it), and the line on which it begins."""
        text = self._text[self._start : self._position - without_last]
        bare = text.lstrip()
        line = self._line + text.count("\n", 0, len(text) - len(bare))
        self._line += self._text.count("\n", self._start, self._position)
        self._start = self._position
        return line, bare.rstrip()

    def close(self) -> None:
        self._file.close()

    def _grow(self) -> None:
        if len(self._text) - self._start > self._limit:
            raise _TooLongError
        # Doubled while one record fills it, because a long string is searched from its beginning again each time.
        self._chunk = self._chunk * 2 if self._start == 0 else _CHUNK
        data = self._file.read(self._chunk)
        self._ended = not data
        self._text = self._text[self._start :] + self._decoder.decode(data, final=not data)
        self._position -= self._start
        self._start = 0


def _enter_list(window: _Window) -> None:
    """Goes to just behind the list's opening bracket."""
    sign = window.next_sign()
    if sign == "{":
        sign = _list_in_object(window)
    if sign != "[":
        raise UnreadableFileError('The file is no list of questions: it must be [ … ] or {"questions": [ … ]}.')
    window.take()


def _list_in_object(window: _Window) -> str | None:
    depth, key = 0, ""
    while (sign := window.next_sign()) is not None:
        if sign == "[" and depth == 0 and key in LIST_KEYS:
            return sign
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
        elif depth == 0 and sign != ",":
            key = sign
        if depth == 0:
            window.take()
    return None


def _elements(window: _Window) -> Iterator[Text | BadRow]:
    depth = 0
    while (sign := window.next_sign()) is not None:
        if sign in "[{":
            depth += 1
        elif depth and sign in "]}":
            depth -= 1
        elif depth == 0 and sign in ",]":
            yield from _element(*window.take(without_last=True))
            if sign == "]":
                return
    line, text = window.take()
    yield BadRow(
        line, "cut_off", "The list is cut off: the file ends before its closing bracket.", excerpt(text[:1000])
    )


def _element(line: int, text: str) -> Iterator[Text | BadRow]:
    if has_surrogates(text):
        yield wrong_encoding(line, text)
    elif text:
        yield Text(line, text)
