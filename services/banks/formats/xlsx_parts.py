"""The parts of a workbook that stand around its sheets: which sheets there are, shared strings, number formats."""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

from services.banks.formats.base import Limits, UnreadableFileError
from services.errors import TooLargeError

# What zipfile and expat raise at archives that are cut, changed or made up. zipfile also tells a seek before the file's
# beginning (OSError), a name in no encoding (ValueError), and a header too short (struct.error).
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ParseError,
    expat.ExpatError,
    LookupError,
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
    OverflowError,
)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SMALL_PART = 32 * 2**20  # bytes; workbook, relations and styles are parsed whole
_CHUNK = 2**16
_DIRECTORY = 2**20  # bytes; some 15,000 parts
_TAIL = 2**16 + 200  # bytes, in which a directory's end records stand: a comment of 64 KB may follow them


@dataclass(frozen=True, slots=True)
class Workbook:
    sheets: tuple[tuple[str, str], ...]  # (name, part), the visible ones in their order
    strings: list[str]
    date_styles: frozenset[int]
    percent_styles: frozenset[int]
    from_1904: bool

    @classmethod
    def open(cls, archive: zipfile.ZipFile, limits: Limits) -> Workbook:
        part = next(
            (target for kind, target in _relations(archive, "").values() if kind == "officeDocument"), "xl/workbook.xml"
        )
        root = _parse(archive, part)
        relations = _relations(archive, part)
        parts = dict(relations.values())
        sheets = []
        for sheet in _children(root, "sheet"):
            identity = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")
            kind, target = relations.get(identity, ("", ""))
            if kind == "worksheet" and sheet.get("state", "visible") == "visible":
                sheets.append((sheet.get("name", ""), target))
        dates, percents = _styles(archive, parts.get("styles"))
        properties = next(_children(root, "workbookPr"), None)
        from_1904 = properties is not None and properties.get("date1904") in {"1", "true"}
        return cls(tuple(sheets), _strings(archive, parts.get("sharedStrings"), limits), dates, percents, from_1904)


def check_directory(path: Path) -> None:
    """Before zipfile reads an archive's directory: for one of 400,000 parts (20 MB) that takes 5 s, and 1 GB for ten.

    Raises:
        TooLargeError: it is larger than a workbook's.
    """
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        tail = file.read()
    size = max(_directory_sizes(tail), default=0)
    if size > _DIRECTORY:
        raise TooLargeError(f"The archive has too many parts: its directory is larger than {_DIRECTORY // 2**20} MB.")


def _directory_sizes(tail: bytes) -> Iterator[int]:
    """As each end record says it that zipfile may find (APPNOTE 4.3.14 for the large form, 4.3.16)."""
    for mark, form, offset in ((b"PK\x05\x06", "<L", 12), (b"PK\x06\x06", "<Q", 40)):
        at = tail.find(mark)
        while at >= 0:
            if at + offset + struct.calcsize(form) <= len(tail):
                yield struct.unpack_from(form, tail, at + offset)[0]
            at = tail.find(mark, at + 1)


def check_size(archive: zipfile.ZipFile, limits: Limits) -> None:
    """Held against what the directory declares; zipfile gives no part more bytes than that."""
    total = sum(info.file_size for info in archive.infolist())
    if total > limits.unpacked_bytes:
        raise TooLargeError(
            f"The workbook would unpack to {total / 2**20:,.0f} MB. {_megabytes(limits.unpacked_bytes)}"
        )


def parse_stream(archive: zipfile.ZipFile, part: str, parser: expat.XMLParserType, limits: Limits) -> Iterator[None]:
    """Feeds a part through an expat parser; gives control back after each chunk, for what its handlers collected."""
    fed = 0
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.buffer_text = True
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > limits.row_bytes:  # expat holds a tag until it ends
                raise UnreadableFileError(f"The workbook has a tag of more than {limits.row_bytes:,} bytes.")
            yield
    parser.Parse(b"", True)
    yield


def unescape(text: str) -> str:
    """`_x000B_` -> the control character that XML cannot hold (ECMA-376 part 1, 22.9.2.19)."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def local_name(tag: str) -> str:
    # The strict and the transitional form differ in the name space only.
    return tag.rpartition("}")[2].rpartition(":")[2]


def _refuse_doctype(*_: object) -> None:
    raise UnreadableFileError("The workbook declares a document type, which no spreadsheet program writes.")


def _parse(archive: zipfile.ZipFile, part: str) -> Element:
    if archive.getinfo(part).file_size > _SMALL_PART:
        raise TooLargeError(f"The workbook's part {part} is larger than {_SMALL_PART // 2**20} MB.")
    data = archive.read(part)
    if b"<!DOCTYPE" in data:
        _refuse_doctype()
    return fromstring(data)  # noqa: S314 (no document type gets here, and expat bounds what entities may become)


def _children(root: Element, name: str) -> Iterator[Element]:
    return (element for element in root.iter() if local_name(element.tag) == name)


def _relations(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """{id: (kind, part)}, of a part or, for "", of the package."""
    folder, name = posixpath.split(part)
    source = posixpath.join(folder, "_rels", f"{name}.rels")
    if source not in archive.namelist():
        return {}
    relations = {}
    for relation in _children(_parse(archive, source), "Relationship"):
        target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
        relations[relation.get("Id", "")] = (relation.get("Type", "").rpartition("/")[2], target)
    return relations


def _styles(archive: zipfile.ZipFile, part: str | None) -> tuple[frozenset[int], frozenset[int]]:
    """The cell styles that show a number as a date, and as a percentage."""
    if part is None:
        return frozenset(), frozenset()
    root = _parse(archive, part)
    formats = dict(BUILTIN_FORMATS)
    formats.update({_number(each.get("numFmtId")): each.get("formatCode", "") for each in _children(root, "numFmt")})
    cell_formats = next(_children(root, "cellXfs"), None)
    codes = (
        [formats.get(_number(style.get("numFmtId")), "General") for style in cell_formats]
        if cell_formats is not None
        else []
    )
    dates = frozenset(index for index, code in enumerate(codes) if is_date_format(code))
    return dates, frozenset(index for index, code in enumerate(codes) if code.endswith("%"))


def _megabytes(limit: int) -> str:
    return f"The limit is {limit / 2**20:,.0f} MB; a CSV has none."


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _strings(archive: zipfile.ZipFile, part: str | None, limits: Limits) -> list[str]:
    if part is None or part not in archive.namelist():
        return []
    if archive.getinfo(part).file_size > limits.shared_string_bytes:
        raise TooLargeError(f"The workbook's texts are too large. {_megabytes(limits.shared_string_bytes)}")
    strings = _Strings()
    for _ in parse_stream(archive, part, strings.parser, limits):
        pass
    return strings.found


class _Strings:
    """Texts of `si` elements; the runs of a rich text are joined, phonetic hints (`rPh`) left out."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._parts: list[str] = []
        self._hint = self._text = False
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data

    def _start(self, tag: str, _: dict[str, str]) -> None:
        name = local_name(tag)
        self._hint = self._hint or name == "rPh"
        self._text = name == "t" and not self._hint

    def _end(self, tag: str) -> None:
        name = local_name(tag)
        self._text = False
        if name == "rPh":
            self._hint = False
        elif name == "si":
            self.found.append(unescape("".join(self._parts)))
            self._parts.clear()

    def _data(self, data: str) -> None:
        if self._text:
            self._parts.append(data)
