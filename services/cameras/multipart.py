"""Parts of a `multipart/x-mixed-replace` stream, out of bytes as they come (RFC 2046, section 5.1).

Cameras take liberties: a boundary with or without its dashes, with or without lengths, with text before the first one.
So a part with a length is taken by it, any other one by the end of its JPEG.
"""

from __future__ import annotations

import re

from services.errors import CameraUnavailableError

PART_LIMIT = 16 * 2**20  # bytes of one picture
_HEADER_LIMIT = 8 * 2**10  # bytes of one part's header, and of what stands before it
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d{1,9})[ \t]*\r?$")
_HEADER_END = re.compile(rb"\r?\n\r?\n")


def boundary_of(content_type: str) -> bytes:
    """Raises CameraUnavailableError when this is no such stream."""
    kind, _, parameters = content_type.partition(";")
    if not kind.strip().lower().startswith("multipart/"):
        raise CameraUnavailableError(f"It answers {kind.strip()[:60]!r} and not an MJPEG stream.")
    found = re.search(r'(?i)boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;]{1,200}))', parameters)
    if found is None:
        raise CameraUnavailableError("Its MJPEG stream names no boundary.")
    return (found[1] or found[2]).encode("latin-1", "replace").lstrip(b"-")


class PartReader:
    """Takes bytes by `feed`, gives pictures by `next`; holds one part at most."""

    def __init__(self, boundary: bytes) -> None:
        self._boundary = b"--" + boundary
        self._unread = bytearray()
        self._searched = 0  # bytes of the unread in which the next end is known not to be

    def feed(self, data: bytes) -> None:
        self._unread += data

    def next(self) -> bytes | None:
        """A whole part's body, or None when more bytes are needed.

        Raises:
            CameraUnavailableError: a part or a header is over its limit.
        """
        start = self._unread.find(self._boundary)
        header_end = _HEADER_END.search(self._unread, start) if start >= 0 else None
        if header_end is None:
            self._limit(len(self._unread), _HEADER_LIMIT)
            return None
        length = _LENGTH.search(self._unread, start, header_end.end())
        end = header_end.end() + int(length[1]) if length else self._find_end(header_end.end())
        self._limit((end or len(self._unread)) - header_end.end(), PART_LIMIT)
        if end is None or end > len(self._unread):
            return None
        body = bytes(memoryview(self._unread)[header_end.end() : end])
        del self._unread[:end]
        self._searched = 0
        return body.rstrip(b"\r\n") if length is None else body

    def _find_end(self, start: int) -> int | None:
        end = self._unread.find(self._boundary, max(start, self._searched))
        self._searched = max(0, len(self._unread) - len(self._boundary))
        return None if end < 0 else end

    @staticmethod
    def _limit(size: int, limit: int) -> None:
        if size > limit:
            raise CameraUnavailableError(f"Its stream has a part or header of over {limit >> 10} KiB.")
