"""Physical lines of a text file: bounded, decoded, and each with its number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.banks.formats.base import BadRow, Limits, excerpt
from services.banks.formats.encoding import decode, encoding_of, skip_bom

_SKIP = 2**16


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    text: str  # without its line end
    intact: bool  # False: some bytes are not in the file's encoding


def read_lines(path: Path, limits: Limits, encoding: str = "") -> Iterator[Line | BadRow]:
    """A line longer than `limits.row_bytes` becomes a BadRow, and is passed over without being held in memory."""
    encoding = encoding or encoding_of(path, limits.row_bytes)
    with path.open("rb") as file:
        skip_bom(file)
        number = 0
        while raw := file.readline(limits.row_bytes):
            number += 1
            if len(raw) == limits.row_bytes and not raw.endswith(b"\n"):
                yield BadRow(number, "too_long", too_long(limits), excerpt(decode(raw[:1000], encoding)[0]))
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(_SKIP)
                continue
            text, intact = decode(raw, encoding)
            yield Line(number, text.rstrip("\r\n"), intact)


def too_long(limits: Limits) -> str:
    return f"The record is longer than {limits.row_bytes:,} bytes."


def wrong_encoding(line: int, text: str, where: str = "") -> BadRow:
    return BadRow(
        line, "encoding", "The record is in another encoding than the rest of the file.", excerpt(text), where
    )
