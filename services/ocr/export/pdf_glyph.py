"""The smallest TrueType font that viewers load: of OpenType's tables those that a PDF needs, and two glyphs.

The first is empty. The second is a line without area, as high as the em: it has no ink, but pdfium (and so Chromium)
takes the height of what is selected from a glyph's outline, and shows no selection over an empty one.
"""

from __future__ import annotations

import struct

_EM = 1000
_MAGIC = 0x5F0F3CF5
_LINE = struct.pack(">5h 2H 2B h", 1, 0, 0, 0, _EM, 1, 0, 0x31, 0x11, _EM)  # from (0, 0) to (0, 1000)
_WHOLE = 0xB1B0AFBA  # what the sum of the file's words and `checkSumAdjustment` make


def inkless_truetype() -> bytes:
    plain = _file(_tables(0))
    return _file(_tables((_WHOLE - _checksum(plain)) & 0xFFFFFFFF))


def _tables(adjustment: int) -> dict[bytes, bytes]:
    """In the order of their tags, as the directory wants them."""
    bounds = (0, 0, _EM, _EM)
    return {
        b"glyf": _LINE,
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh", 0x10000, 0x10000, adjustment, _MAGIC, 0, _EM, 0, 0, *bounds, 0, 8, 2, 0, 0
        ),
        b"hhea": struct.pack(">IhhhHhhhhhh4hhH", 0x10000, _EM, 0, 0, _EM, 0, 0, 0, 1, 0, 0, *[0] * 4, 0, 2),
        b"hmtx": struct.pack(">HhHh", _EM, 0, _EM, 0),
        b"loca": struct.pack(">3H", 0, 0, len(_LINE) // 2),
        b"maxp": struct.pack(">IH13H", 0x10000, 2, 2, 1, 0, 0, 1, *[0] * 8),
    }


def _file(tables: dict[bytes, bytes]) -> bytes:
    count = len(tables)  # six: the search figures below are theirs
    offset = 12 + 16 * count
    directory, bodies = [struct.pack(">IHHHH", 0x10000, count, 64, 2, 32)], []
    for tag, data in tables.items():
        padded = data + bytes(-len(data) % 4)
        directory.append(struct.pack(">4sIII", tag, _checksum(data), offset, len(data)))
        bodies.append(padded)
        offset += len(padded)
    return b"".join([*directory, *bodies])


def _checksum(data: bytes) -> int:
    padded = data + bytes(-len(data) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF
