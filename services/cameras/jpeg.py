"""A JPEG's header: its size before anything is decoded, its quality, and tables that cameras leave out.

ITU-T T.81, annex B, has the markers; the quality is that of the IJG's scaling of T.81's table K.1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from services.errors import CameraUnavailableError

MAX_PIXELS = 100_000_000

_SOI, _SOS, _DHT, _DQT = 0xD8, 0xDA, 0xC4, 0xDB
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 … SOF15
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
_STANDARD_TABLE_SUM = 3_688  # of K.1, the luminance table at quality 50


@dataclass(frozen=True, slots=True)
class JpegHeader:
    width: int
    height: int
    quality: int  # 1 … 100, estimated
    has_huffman_tables: bool
    scan: int  # where the first scan begins: the tables belong before it


def read_header(jpeg: bytes) -> JpegHeader:
    """Raises CameraUnavailableError when this is not the beginning of a JPEG."""
    size, quality, huffman = (0, 0), 75, False
    for marker, start, end in _segments(jpeg):
        if marker in _SIZES and end - start >= 6:
            height, width = struct.unpack_from(">HH", jpeg, start + 1)
            size = width, height
        elif marker == _DQT and jpeg[start] == 0:  # the luminance table, 8 bits
            quality = _quality(sum(jpeg[start + 1 : start + 65]))
        elif marker == _DHT:
            huffman = True
        elif marker == _SOS:
            if not all(size):
                break
            return JpegHeader(*size, quality, huffman, start - 4)
    raise CameraUnavailableError("Its pictures are not JPEGs.")


def complete(jpeg: bytes, header: JpegHeader) -> bytes:
    """With Huffman tables. Many USB cameras leave out the standard ones, and browsers do not put them in."""
    if header.has_huffman_tables:
        return jpeg
    return jpeg[: header.scan] + _standard_huffman_tables() + jpeg[header.scan :]


def _segments(jpeg: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment's payload up to the first scan."""
    if jpeg[:2] != b"\xff\xd8":
        return
    position = 2
    while position + 4 <= len(jpeg) and jpeg[position] == 0xFF:
        marker = jpeg[position + 1]
        if marker in _ALONE or marker == 0xFF:
            position += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(jpeg[position + 2 : position + 4], "big")
        end = position + 2 + length
        if length < 3 or end > len(jpeg):
            return
        yield marker, position + 4, end
        position = end


def _quality(table_sum: int) -> int:
    scale = 100.0 * table_sum / _STANDARD_TABLE_SUM
    return round(min(100.0, max(1.0, (200 - scale) / 2 if scale <= 100 else 5000 / scale)))


@cache
def _standard_huffman_tables() -> bytes:
    import cv2  # noqa: PLC0415  (the encoder writes them; nobody but the capture process needs them)
    import numpy as np  # noqa: PLC0415

    _, encoded = cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))
    jpeg = encoded.tobytes()
    return b"".join(jpeg[start - 4 : end] for marker, start, end in _segments(jpeg) if marker == _DHT)
