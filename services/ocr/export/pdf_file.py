"""The frame of a PDF file (ISO 32000-1, 7.5), written forwards: objects as they come, their places last."""

from __future__ import annotations

import hashlib
import zlib

_HEADER = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"  # four bytes above 127 tell transfer programs that it is binary


class PdfFile:
    """Turns objects into bytes to be sent on, and remembers where each began.

    The same objects make the same file: there is no date in it, and its identifier is a digest of its bytes.
    """

    def __init__(self) -> None:
        self._offsets: dict[int, int] = {}
        self._reserved = 0
        self._position = 0
        self._digest = hashlib.sha256()

    def header(self) -> bytes:
        return self._passed(_HEADER)

    def reserve(self) -> int:
        """The number of an object that will be written later; every one reserved must be."""
        self._reserved += 1
        return self._reserved

    def object(self, number: int, body: bytes) -> bytes:
        self._offsets[number] = self._position
        return self._passed(b"%d 0 obj\n%b\nendobj\n" % (number, body))

    def stream(self, number: int, entries: bytes, data: bytes) -> bytes:
        """`entries` of the stream's dictionary, its filter among them, beside its length."""
        body = b"<< %b /Length %d >>\nstream\n%b\nendstream" % (entries, len(data), data)
        return self.object(number, body)

    def deflated(self, number: int, data: bytes, entries: bytes = b"") -> bytes:
        return self.stream(number, b"%b /Filter /FlateDecode" % entries, zlib.compress(data))

    def trailer(self, root: int, info: int) -> bytes:
        start, size = self._position, self._reserved + 1
        places = b"".join(b"%010d 00000 n \n" % self._offsets[number] for number in range(1, size))
        table = b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, places)
        key = self._digest.hexdigest()[:32].encode()
        entries = b"/Size %d /Root %d 0 R /Info %d 0 R /ID [<%b> <%b>]" % (size, root, info, key, key)
        return b"%btrailer\n<< %b >>\nstartxref\n%d\n%%%%EOF\n" % (table, entries, start)

    def _passed(self, data: bytes) -> bytes:
        self._position += len(data)
        self._digest.update(data)
        return data


def text_string(text: str) -> bytes:
    """Any text as a hexadecimal string in UTF-16: nothing in it needs escaping."""
    return b"<FEFF" + text.encode("utf-16-be", "replace").hex().upper().encode() + b">"


def number(value: float) -> bytes:
    """Without exponent, at a precision of a thousandth of a point."""
    return f"{value:.3f}".rstrip("0").rstrip(".").encode()
