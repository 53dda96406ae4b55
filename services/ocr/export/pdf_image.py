"""JPEG and PNG as image objects of a PDF: their compressed data as it is, wherever PDF knows the same encoding."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from services.errors import InvalidImageError

_PNG = b"\x89PNG\r\n\x1a\n"
_SPACES = {1: b"/DeviceGray", 3: b"/DeviceRGB", 4: b"/DeviceCMYK"}
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: what a DCTDecode filter takes
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_GRAY, _RGB, _PALETTE = 0, 2, 3  # PNG colour types without transparency


@dataclass(frozen=True, slots=True)
class PdfImage:
    width: int
    height: int
    entries: bytes  # of the image dictionary
    data: bytes


def pdf_image(data: bytes) -> PdfImage:
    """A picture, decoded only where its encoding is not one of PDF's (PNG interlaced or with transparency).

    Raises:
        InvalidImageError: neither JPEG nor PNG, or broken.
    """
    try:
        image = _jpeg(data) if data.startswith(b"\xff\xd8") else _png(data) if data.startswith(_PNG) else None
        return image or _decoded(data)
    except (
        struct.error,
        IndexError,
        zlib.error,
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
    ) as error:
        raise InvalidImageError("The picture of a page is broken. Upload its file again.") from error


def _image(width: int, height: int, bits: int, space: bytes, rest: bytes, data: bytes) -> PdfImage:
    entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent %d /ColorSpace %b %b"
    return PdfImage(width, height, entries % (width, height, bits, space, rest), data)


def _jpeg(data: bytes) -> PdfImage | None:
    adobe = False
    for marker, start in _segments(data):
        adobe = adobe or (marker == 0xEE and data[start : start + 5] == b"Adobe")
        if marker in _FRAMES:
            bits, height, width, components = struct.unpack_from(">BHHB", data, start)
            # Adobe's CMYK is stored inverted.
            rest = b"/Decode [1 0 1 0 1 0 1 0] " if adobe and components == 4 else b""
            if bits != 8 or components not in _SPACES or not width or not height:
                return None
            return _image(width, height, bits, _SPACES[components], rest + b"/Filter /DCTDecode", data)
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The markers up to the first scan, each with where its content begins."""
    position = 2
    while position < len(data) - 4 and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
        elif marker in _ALONE:
            position += 2
        else:
            yield marker, position + 4
            position += 2 + int(struct.unpack_from(">H", data, position + 2)[0])


def _png(data: bytes) -> PdfImage | None:
    chunks = list(_chunks(data))
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    named = dict(chunks)
    if kind not in {_GRAY, _RGB, _PALETTE} or interlaced or b"tRNS" in named:
        return None
    space, colours = (b"/DeviceRGB", 3) if kind == _RGB else (b"/DeviceGray", 1)
    if kind == _PALETTE:
        palette = named[b"PLTE"]
        space = b"[/Indexed /DeviceRGB %d <%b>]" % (len(palette) // 3 - 1, palette.hex().encode())
    rest = b"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors %d /BitsPerComponent %d /Columns %d >>"
    pixels = b"".join(content for name, content in chunks if name == b"IDAT")
    return _image(width, height, bits, space, rest % (colours, bits, width), pixels)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(_PNG)
    while position + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        yield name, data[position + 8 : position + 8 + length]
        position += 12 + length


def _decoded(data: bytes) -> PdfImage:
    """On white, where the picture is transparent."""
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
        flat = Image.new("RGBA", picture.size, "white")
        flat.alpha_composite(picture.convert("RGBA"))
        pixels = zlib.compress(flat.convert("RGB").tobytes())
        return _image(picture.width, picture.height, 8, b"/DeviceRGB", b"/Filter /FlateDecode", pixels)
