"""JSON lines: one question a line. The format without loss, in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from services.banks.formats.base import NO_MAPPING, BadRow, Blank, ColumnMapping, Item, Limits
from services.banks.formats.encoding import encoding_of
from services.banks.formats.lines import read_lines, wrong_encoding
from services.banks.formats.objects import ObjectReader, Text, Texts


def read(path: Path, limits: Limits, mapping: ColumnMapping = NO_MAPPING) -> Iterator[Item]:
    yield from ObjectReader(mapping).read(texts(path, limits))


def texts(path: Path, limits: Limits) -> Texts:
    encoding = encoding_of(path, limits.row_bytes)
    return Texts(encoding, _items(path, encoding, limits))


def write(questions: Iterable[dict[str, object]]) -> Iterator[bytes]:
    for question in questions:
        yield orjson.dumps(question, option=orjson.OPT_APPEND_NEWLINE)


def _items(path: Path, encoding: str, limits: Limits) -> Iterator[Text | BadRow | Blank]:
    for line in read_lines(path, limits, encoding):
        if isinstance(line, BadRow):
            yield line
        elif not line.text.strip():
            yield Blank(line.number)
        elif not line.intact:
            yield wrong_encoding(line.number, line.text)
        else:
            yield Text(line.number, line.text)
