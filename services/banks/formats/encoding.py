"""UTF-8 or GB18030: decided once for a file, then held against each of its rows."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import BinaryIO

from services.banks.formats.base import UnreadableFileError

UTF8, GB18030 = "utf-8", "gb18030"
_CHUNK = 2**20
_DECISIVE = 100_000  # lines with other than ASCII; to hear all of 200 MB took 47 s
_WIDE = re.compile("[\u2e80-\uffef]")  # what a Chinese text has and chance in GB18030 bytes hardly gives
_OTHER_THAN_ASCII = re.compile("[^\x00-\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def encoding_of(path: Path, line_bytes: int) -> str:
    """UTF-8 if the whole file is, else what most of its (first 100,000) lines with other than ASCII are.

    Raises:
        UnreadableFileError: UTF-16 or UTF-32, by their byte order mark.
    """
    with path.open("rb") as file:
        _refuse_utf16(file.read(4))
        file.seek(0)
        if _is_utf8(file):
            return UTF8
        file.seek(0)
        return _majority(file, line_bytes)


def skip_bom(file: BinaryIO) -> None:
    if file.read(3) != codecs.BOM_UTF8:
        file.seek(0)


def decode(raw: bytes, encoding: str) -> tuple[str, bool]:
    """The text, and whether the bytes really are in `encoding` (where not, they stand as lone surrogates)."""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return raw.decode(encoding, "surrogateescape"), False
    return text, encoding == UTF8 or raw.isascii() or not _is_wide_utf8(raw)


def has_surrogates(text: str) -> bool:
    return not text.isascii() and _SURROGATE.search(text) is not None


def _refuse_utf16(head: bytes) -> None:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        raise UnreadableFileError("The file is in UTF-16. Save it as UTF-8 (in Excel: “CSV UTF-8”) and send it again.")


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder(UTF8)()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _majority(file: BinaryIO, line_bytes: int) -> str:
    utf8 = other = 0
    while (raw := file.readline(line_bytes)) and utf8 + other < _DECISIVE:
        if not raw.isascii():
            is_utf8 = _mostly_utf8(raw)
            utf8, other = utf8 + is_utf8, other + (not is_utf8)
    return UTF8 if utf8 >= other else GB18030


def _mostly_utf8(raw: bytes) -> bool:
    """A line may be a whole file, so one wrong character in it must not decide."""
    text = raw.decode(UTF8, "replace")
    wrong = text.count("\ufffd")
    return wrong == 0 or len(_OTHER_THAN_ASCII.findall(text)) > 2 * wrong


def _is_wide_utf8(raw: bytes) -> bool:
    """In a GB18030 file: a row that was pasted in as UTF-8 would be read, without a fault, as other characters."""
    try:
        return _WIDE.search(raw.decode(UTF8)) is not None
    except UnicodeDecodeError:
        return False
