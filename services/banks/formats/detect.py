"""Which format a file has, by what is in it; its name only decides between two that its content leaves open."""

from __future__ import annotations

import codecs
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from services.banks.formats import csv
from services.banks.formats.base import NO_MAPPING, ColumnMapping
from services.banks.formats.table import HEADER_REMEDY
from services.banks.formats.xlsx_parts import DAMAGED, check_directory
from services.errors import UnsupportedFormatError

_HEAD = 2**18  # bytes looked at
_SUPPORTED = "Send JSON lines, a JSON list, CSV, Excel (.xlsx), Moodle GIFT or Aiken."
# What people send that is something else: the first bytes, its name, and what to do.
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file or one with a password", "Save it as .xlsx without a password."),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it first."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it first."),
    (b"Rar!", "a RAR archive", "Unpack it first."),
    (b"%PDF", "a PDF", _SUPPORTED),
    (b"\x89PNG", "an image", _SUPPORTED),
    (b"\xff\xd8\xff", "an image", _SUPPORTED),
    (codecs.BOM_UTF16_LE, "in UTF-16", "Save it as UTF-8 (in Excel: “CSV UTF-8”)."),
    (codecs.BOM_UTF16_BE, "in UTF-16", "Save it as UTF-8 (in Excel: “CSV UTF-8”)."),
)
_HOLDS_LIST = re.compile(r'"(?:questions|data)"\s*:\s*\[')
# Blanks, not white space: `\s` would run on over empty lines, again from each of them.
_AIKEN = re.compile(r"^[ \t]*ANSWER:[ \t]*[A-Z]\b", re.MULTILINE)
_AIKEN_OPTION = re.compile(r"^[ \t]*A[.)][ \t]+\S", re.MULTILINE)
_GIFT = re.compile(r"^[ \t]*(?:\$CATEGORY:|::.+?::)|(?<!\\)\{\s*(?:[=~#]|T|F|TRUE|FALSE|\})", re.MULTILINE)


def detect(path: Path, file_name: str, mapping: ColumnMapping = NO_MAPPING, *, any_columns: bool = False) -> str:
    """The format's name: jsonl, json, csv, xlsx, gift or aiken.

    Args:
        path: the file.
        file_name: decides where the content leaves two open.
        mapping: what its columns mean beside what they mean by their names.
        any_columns: also a CSV without a stem, which somebody has yet to point out.

    Raises:
        UnsupportedFormatError: none of these; the message says what it is and what to do.
        TooLargeError: an archive of very many parts.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    _refuse_foreign(head)
    if head.startswith(b"PK"):
        return _zip_format(path)
    text = _lenient(head)
    name = next(_fitting(text, file_name.lower(), mapping), "")
    if not name and any_columns and _may_be_csv(text, file_name.lower()):
        name = "csv"
    if name:
        return name
    raise UnsupportedFormatError(f"The file is none of the formats known here. {_SUPPORTED} {HEADER_REMEDY}")


def _refuse_foreign(head: bytes) -> None:
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UnsupportedFormatError(f"The file is empty. {_SUPPORTED}")
    for magic, kind, remedy in _FOREIGN:
        if head.startswith(magic):
            raise UnsupportedFormatError(f"The file is {kind}. {remedy}")


def _zip_format(path: Path) -> str:
    check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except DAMAGED as error:
        raise UnsupportedFormatError("The file is a damaged archive or workbook. Save it again.") from error
    if any(name.startswith("xl/") and name.endswith(".xml") for name in names):
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise UnsupportedFormatError("The file is a binary Excel workbook (.xlsb). Save it as .xlsx.")
    if "mimetype" in names or any(name.startswith("word/") for name in names):
        raise UnsupportedFormatError("The file is a document of another program. Save it as .xlsx or CSV.")
    raise UnsupportedFormatError("The file is a zip archive. Unpack it and send the files in it.")


def _lenient(head: bytes) -> str:
    """By the first line that says something: a row in another encoding must not decide for the file."""
    head = head.removeprefix(codecs.BOM_UTF8).lstrip()
    try:
        head.split(b"\n", 1)[0].decode("utf-8")
    except UnicodeDecodeError:
        return head.decode("gb18030", "replace")
    return head.decode("utf-8", "replace")


def _fitting(text: str, file_name: str, mapping: ColumnMapping) -> Iterator[str]:
    if _is_json(text, file_name):
        yield "json"
    if _is_csv(text, mapping):
        yield "csv"
    if _is_jsonl(text, file_name):
        yield "jsonl"
    if _is_aiken(text):
        yield "aiken"
    if _is_gift(text):
        yield "gift"


def _is_json(text: str, file_name: str) -> bool:
    start = text.lstrip()
    first, _, rest = start.partition("\n")
    if start.startswith("["):
        # A file of lines may begin with a line that is a list: it is a whole one, and more follows it.
        follows = rest.lstrip().startswith("{") or (rest.strip() and file_name.endswith(".jsonl"))
        return not (isinstance(_value(first), list) and follows)
    return start.startswith("{") and bool(_HOLDS_LIST.search(start)) and not _is_question(_value(first))


def _is_jsonl(text: str, file_name: str) -> bool:
    # The first line may be longer than what was looked at.
    if text.lstrip().startswith("{") and file_name.endswith((".jsonl", ".ndjson")):
        return True
    return any(_is_question(_value(line)) for line in text.lstrip().split("\n")[:50])


def _is_question(value: object) -> bool:
    """Whether this is one object by itself, and not the one that holds the whole list."""
    return isinstance(value, dict) and not any(isinstance(value.get(key), list) for key in ("questions", "data"))


def _is_csv(text: str, mapping: ColumnMapping) -> bool:
    first = next((line for line in text.splitlines() if line.strip(' \t,;"')), "")
    return csv.is_header(first, mapping) or ('"' in first and csv.is_header(text[:10_000].replace("\n", " "), mapping))


def _may_be_csv(text: str, file_name: str) -> bool:
    if file_name.endswith((".csv", ".tsv")):
        return True
    lines = [line for line in text[:100_000].splitlines() if line.strip(' \t,;"')]
    return len(lines) > 1 and csv.may_be_header(lines[0], lines[1])


def _is_aiken(text: str) -> bool:
    return bool(_AIKEN.search(text) and _AIKEN_OPTION.search(text))


def _is_gift(text: str) -> bool:
    return bool(_GIFT.search(text))


def _value(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
