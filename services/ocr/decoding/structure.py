"""What a picture's own bytes say of its frames and their sizes, before any decoder sees them.

Decoders walk a file's parts in Python, one by one, keep what they find, and follow offsets; ten megabytes made of
nothing but empty parts, or of directories laid over each other, hold them up for minutes. Each walk here is bounded:
by the number of parts that real files have, and by the number of pages that are read at all.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from mmap import mmap
from typing import NamedTuple

from services.errors import ImageTooLargeError, InvalidImageError
from services.ocr.decoding.limits import MAX_PIXELS, check_page_count, check_size

Buffer = bytes | mmap

_MAX_PARTS = 2_000  # chunks or segments of metadata; real files have dozens
_MAX_BLOCKS = 10_000  # of a GIF: its pixels come in blocks too
_BYTES_PER_PART = 64  # and no real file's parts are that small throughout
_MAX_JUNK = 65_536  # bytes between two segments of a JPEG
_MAX_SCANS = 200  # of a progressive JPEG: each one is a pass over all pixels, however few bytes it has
_MAX_TAGS = 1_000  # of one TIFF directory
_MAX_TILE_PIXELS = 2**26
_MAX_ANIMATED_PIXELS = 5 * MAX_PIXELS  # frames build on each other: the last one costs as much as all
_MAX_RLE_PIXELS = 16_000_000  # run lengths of a BMP are unpacked in Python


class Frame(NamedTuple):
    """One page of a picture file."""

    width: int  # pixels
    height: int
    number: int = 0  # the decoder's, from 0


def frames(kind: str, data: Buffer) -> list[Frame]:
    """At least one frame, in the order of the file; previews and masks inside a TIFF are no pages.

    Args:
        kind: as `sniff` names it, anything but "pdf".
        data: the whole file.

    Raises:
        InvalidImageError: it is damaged, cut off, or made to keep a decoder busy.
        ImageTooLargeError: too many pages, or too many pixels in one or over all frames of an animation; said rather
            than that the file is damaged, where both are true.
        ImageTooSmallError: too few pixels.
    """
    try:
        found = _WALKS[kind](data)
    except (struct.error, IndexError, OverflowError) as problem:
        raise _damaged() from problem
    if not found:
        raise _damaged()
    return found


def _frame(width: int, height: int, number: int = 0) -> Frame:
    check_size(width, height)
    return Frame(width, height, number)


def _png(data: Buffer) -> list[Frame]:
    """An APNG is its default image."""
    if data[12:16] != b"IHDR":
        raise _damaged()
    page = _frame(*struct.unpack_from(">II", data, 16))
    allowed, at = _MAX_PARTS + len(data) // _BYTES_PER_PART, 8
    metadata = 0
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IEND":
            break
        metadata += name != b"IDAT"
        allowed -= 1
        at += length + 12
        if at > len(data) or not allowed or metadata > _MAX_PARTS:
            raise _damaged()
    return [page]


def _jpeg(data: Buffer) -> list[Frame]:
    """Further pictures behind the first (a phone's depth map, a preview) are no pages."""
    size, scan = None, 0
    for marker, at in _jpeg_segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", data, at + 3)
            size = _frame(width, height)
        if marker == 0xDA:
            scan = at
    if size is None or not scan or data.find(b"\xff\xd9", scan) < 0:
        raise _damaged()
    if _occurs_more_often(data, b"\xff\xda", scan, _MAX_SCANS):
        raise InvalidImageError(f"The JPEG has more than {_MAX_SCANS} scans. Save it anew and send that.")
    return [size]


def _jpeg_segments(data: Buffer) -> Iterator[tuple[int, int]]:
    """Marker and place of the length field of each segment up to the first scan's (included)."""
    at, marker = 2, 0
    for _ in range(_MAX_PARTS):
        end = at + _MAX_JUNK
        while data[at] != 0xFF or data[at + 1] in {0x00, 0xFF}:  # fill bytes, or a writer's miscount
            at = data.find(b"\xff", at + 1, end)
            if at < 0:
                raise _damaged()
        marker = data[at + 1]
        at += 2
        if not (0xD0 <= marker <= 0xD8 or marker == 0x01):  # those stand alone
            yield marker, at
            if marker == 0xDA:
                return
            at += struct.unpack_from(">H", data, at)[0]
    raise _damaged()


def _occurs_more_often(data: Buffer, what: bytes, at: int, times: int) -> bool:
    for _ in range(times + 1):
        at = data.find(what, at) + 1
        if not at:
            return False
    return True


def _gif(data: Buffer) -> list[Frame]:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    count = 0
    for at in _gif_images(data, 13 + _palette_bytes(flags)):
        left, top, across, down = struct.unpack_from("<HHHH", data, at)
        width, height = max(width, left + across), max(height, top + down)
        count += 1
        _check_animation(width, height, count)
    return [_frame(width, height, number) for number in range(count)]


def _gif_images(data: Buffer, at: int) -> Iterator[int]:
    """The place of each image's position and size; many writers forget the trailer (3B)."""
    allowed = _MAX_BLOCKS + len(data) // _BYTES_PER_PART
    while at < len(data) and (mark := data[at]) != 0x3B:
        if mark not in {0x00, 0x21, 0x2C}:
            raise _damaged()
        if mark == 0x2C:
            yield at + 1
        at += {0x00: 0, 0x21: 2, 0x2C: 11 + _palette_bytes(data[at + 9] if mark == 0x2C else 0)}[mark]
        while data[at] and allowed:
            at += data[at] + 1
            allowed -= 1
        at += 1
        allowed -= 1
        if allowed <= 0:
            raise _damaged()


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _webp(data: Buffer) -> list[Frame]:
    name = data[12:16]
    if name == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return [_frame(width & 0x3FFF, height & 0x3FFF)]
    if name == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return [_frame((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)]
    if name != b"VP8X":
        raise _damaged()
    width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    count, at = 0, 30
    for _ in range(_MAX_PARTS * 2):
        if at + 8 > len(data):
            break
        chunk, length = struct.unpack_from("<4sI", data, at)
        at += 8 + length + (length & 1)
        if chunk == b"ANMF":
            count += 1
            _check_animation(width, height, count)
    else:
        raise _damaged()
    return [_frame(width, height, number) for number in range(max(count, 1))]


def _check_animation(width: int, height: int, count: int) -> None:
    check_page_count(count)
    if count > 1 and width * height * count > _MAX_ANIMATED_PIXELS:
        raise ImageTooLargeError(
            f"The animation's frames have more than {_MAX_ANIMATED_PIXELS // 1_000_000} megapixels together. "
            "Send its frames as single pictures."
        )


def _bmp(data: Buffer) -> list[Frame]:
    header = struct.unpack_from("<I", data, 14)[0]
    if header == 12:
        return [_frame(*struct.unpack_from("<HH", data, 18))]
    width, height = struct.unpack_from("<ii", data, 18)
    if struct.unpack_from("<I", data, 30)[0] in {1, 2} and abs(width * height) > _MAX_RLE_PIXELS:
        raise ImageTooLargeError("The run-length coded BMP is too large. Save it as PNG and send that.")
    return [_frame(abs(width), abs(height))]  # a negative height: stored from the top down


def _tiff(data: Buffer) -> list[Frame]:
    pages: list[Frame] = []
    for number, tags in enumerate(_tiff_directories(data)):
        if tags.get(_TILE_WIDTH, 0) * tags.get(_TILE_HEIGHT, 0) > _MAX_TILE_PIXELS:
            raise ImageTooLargeError("The TIFF's tiles are too large. Save it anew without tiles and send that.")
        if number == 0 or not tags.get(_SUBFILE, 0) & 0b101:  # bit 0: a reduced copy, bit 2: a mask
            pages.append(_frame(tags[_WIDTH], tags[_HEIGHT], number))
    return pages


_SUBFILE, _WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT = 254, 256, 257, 322, 323
_TAGS = frozenset({_SUBFILE, _WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT})
_INTEGERS = {1: "B", 3: "H", 4: "I", 16: "Q"}  # TIFF's field types: BYTE, SHORT, LONG, LONG8


def _tiff_directories(data: Buffer) -> Iterator[Mapping[int, int]]:
    """Of each directory the tags named above; every directory once, even where they point in a circle."""
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    head, entry, offset = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    entry_bytes = 20 if big else 12
    at = struct.unpack_from(order + offset, data, 8 if big else 4)[0]
    seen: set[int] = set()
    while at and at not in seen:
        seen.add(at)
        check_page_count(len(seen))
        count = struct.unpack_from(order + head, data, at)[0]
        if count > _MAX_TAGS:
            raise _damaged()
        at += struct.calcsize(order + head)
        tags: dict[int, int] = {}
        for place in range(at, at + count * entry_bytes, entry_bytes):
            tag, kind, _ = struct.unpack_from(order + entry, data, place)
            if tag in _TAGS and kind in _INTEGERS:
                tags.setdefault(
                    tag, struct.unpack_from(order + _INTEGERS[kind], data, place + struct.calcsize(order + entry))[0]
                )
        if _WIDTH not in tags or _HEIGHT not in tags:
            raise _damaged()
        yield tags
        at = struct.unpack_from(order + offset, data, at + count * entry_bytes)[0]


def _damaged() -> InvalidImageError:
    return InvalidImageError("The picture is cut off or damaged. Save or scan it anew and send that.")


_WALKS: Mapping[str, Callable[[Buffer], list[Frame]]] = {
    "png": _png,
    "jpeg": _jpeg,
    "gif": _gif,
    "webp": _webp,
    "bmp": _bmp,
    "tiff": _tiff,
}
