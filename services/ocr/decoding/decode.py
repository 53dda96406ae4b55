"""From the bytes of strangers to pages.

Nothing is believed but the bytes: the kind is sniffed, sizes and frames are read from the file's own structure and
checked against the limits, and only then does a decoder (Pillow, one format allowed; pdfium for PDF) see it.
"""

from __future__ import annotations

import io
import mmap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import PIL.Image

from services.errors import ImageTooLargeError, InvalidImageError, TaskbeamError
from services.ocr.decoding.document import Document
from services.ocr.decoding.limits import MAX_PIXELS, check_file_size, check_size
from services.ocr.decoding.pixels import rgb
from services.ocr.decoding.sniff import HEAD_BYTES, refusal, sniff
from services.ocr.decoding.structure import Frame, frames
from services.ocr.page import Raster

PIL.Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # one for the whole process; beyond it Pillow warns, and `_guarded` refuses

_TOO_LARGE = (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning, MemoryError)
_DPI = (50.0, 2_400.0)
_MAX_PAPER_INCHES = 48.0  # 72 dpi in a phone's photo would make it wider than any paper


def open_document(source: bytes | Path, *, max_bytes: int | None = None) -> Document:
    """Opens a picture or PDF without unpacking its pixels; close it, or use it in a `with` block.

    Raises:
        InvalidImageError: not a kind that is read, or damaged; EncryptedDocumentError for a PDF with a password.
        ImageTooLargeError: more bytes, pages, pixels or inches than are read.
        ImageTooSmallError: a picture too small for any text.
    """
    check_file_size(len(source) if isinstance(source, bytes) else source.stat().st_size, max_bytes)
    head = _head(source)
    kind = sniff(head)
    if kind is None:
        raise refusal(head)
    if kind == "pdf":
        from services.ocr.decoding.pdf import PdfFile  # noqa: PLC0415  # pdfium is loaded only where there is a PDF

        return PdfFile(source)
    return PictureFile(source, kind)


def _head(source: bytes | Path) -> bytes:
    if isinstance(source, bytes):
        return source[:HEAD_BYTES]
    with source.open("rb") as file:
        return file.read(HEAD_BYTES)


class PictureFile(Document):
    """PNG, JPEG, WebP, BMP, GIF or TIFF; the frames of the latter two and of a WebP are its pages."""

    def __init__(self, source: bytes | Path, kind: str) -> None:
        self.format = kind
        self._frames = _frames(source, kind)
        self.page_count = len(self._frames)
        self._source = source
        self._stream: BinaryIO | None = None
        self._picture: PIL.Image.Image | None = None

    def page(self, number: int, *, max_pixels: int = MAX_PIXELS) -> Raster:
        self.check_number(number)
        frame = self._frames[number - 1]
        check_size(frame.width, frame.height, max_pixels)
        try:
            with _guarded():
                picture = self._opened()
                picture.seek(frame.number)
                check_size(*picture.size, max_pixels)
                return Raster(rgb(picture), _dpi(picture))
        except TaskbeamError:
            self.close()  # the decoder's state after a failure is anyone's guess
            raise
        finally:
            if self.page_count == 1:
                self.close()  # its pixels are copied; a second call decodes them anew

    def close(self) -> None:
        if self._picture is not None:
            self._picture.close()
        if self._stream is not None:
            self._stream.close()
        self._picture = self._stream = None

    def _opened(self) -> PIL.Image.Image:
        if self._picture is None:
            self._stream = io.BytesIO(self._source) if isinstance(self._source, bytes) else self._source.open("rb")
            self._picture = PIL.Image.open(self._stream, formats=[self.format.upper()])
        return self._picture


def _frames(source: bytes | Path, kind: str) -> list[Frame]:
    if isinstance(source, bytes):
        return frames(kind, source)
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return frames(kind, data)


@contextmanager
def _guarded() -> Iterator[None]:
    """Pillow raises whatever a wrong byte led it to, and warns of things its callers can do nothing about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
        try:
            yield
        except TaskbeamError:
            raise
        except _TOO_LARGE as problem:
            raise ImageTooLargeError(
                "The picture unpacks to more pixels than are read. Send a smaller one."
            ) from problem
        except Exception as problem:
            raise InvalidImageError(
                f"The picture cannot be decoded ({_brief(problem)}). Save or scan it anew and send that."
            ) from problem


def _brief(problem: Exception) -> str:
    return (str(problem) or type(problem).__name__)[:200]


def _dpi(picture: PIL.Image.Image) -> float | None:
    """As the file says, when both axes agree and the page is of a size that paper has."""
    try:
        across, down = (float(value) for value in picture.info.get("dpi", ()))
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    low, high = _DPI
    if not (low <= across <= high and abs(across - down) <= 0.05 * across):
        return None
    return across if max(picture.size) / across <= _MAX_PAPER_INCHES else None
