"""Base64 as clients send it, decoded in slices: 14 MB of it take 40 ms, which the hub cannot spare in one piece."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator

from services.errors import ImageTooLargeError, InvalidImageError

SLICE = 256 * 1024  # characters: about half a millisecond
_HEAD = re.compile(r"\s*data:([^,]{0,200}?)(;base64)?,", re.IGNORECASE)
_MOST_HEAD = 300
_WHITE_SPACE = b" \t\r\n\f\v"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_REMEDY = "Send the file's bytes as base64, with or without a data:image/…;base64, head."


def decode(text: str, most: int, pause: Callable[[], None]) -> bytes:
    """The bytes of a base64 text, with or without a data: URL's head.

    Args:
        text: white space is skipped, the URL-safe alphabet and missing padding are understood.
        most: bytes.
        pause: called between slices.

    Raises:
        InvalidImageError: it is not base64, or nothing.
        ImageTooLargeError: it has more than `most` bytes.
    """
    image = bytearray()
    for piece in _decoded(text, _end_of_head(text), pause):
        image += piece
        if len(image) > most:
            raise ImageTooLargeError(f"The image has more than {most / 2**20:g} MB. Send a smaller or more packed one.")
    if not image:
        raise InvalidImageError(f"The image is empty. {_REMEDY}")
    return bytes(image)


def decoded_size(text: str) -> int:
    """About how many bytes a base64 text holds; never fewer."""
    return 3 * (len(text) // 4 + 1)


def _end_of_head(text: str) -> int:
    head = _HEAD.match(text[:_MOST_HEAD])
    if head is None:
        return 0
    if head[2] is None:
        raise InvalidImageError(f"The image's data: URL does not say ;base64. {_REMEDY}")
    return head.end()


def _decoded(text: str, start: int, pause: Callable[[], None]) -> Iterator[bytes]:
    rest, is_over = b"", False
    for at in range(start, len(text), SLICE):
        digits = _digits(text[at : at + SLICE])
        padding = 0 if is_over else digits.find(b"=")
        if padding >= 0:
            is_over = True
            if digits[padding:].strip(b"="):
                raise _refusal("something follows its end")
        digits = rest + digits
        whole = len(digits) - len(digits) % 4
        yield _bytes_of(digits[:whole])
        rest = digits[whole:]
        pause()
    if rest:
        yield _bytes_of(rest + b"=" * (4 - len(rest)))


def _digits(text: str) -> bytes:
    try:
        return text.encode("ascii").translate(_URL_SAFE, _WHITE_SPACE)
    except UnicodeEncodeError:
        raise _refusal("it has characters beyond ASCII") from None


def _bytes_of(digits: bytes) -> bytes:
    try:
        return binascii.a2b_base64(digits, strict_mode=True)
    except binascii.Error as error:
        raise _refusal(str(error)) from None


def _refusal(why: str) -> InvalidImageError:
    return InvalidImageError(f"The image is no base64 text ({why}). {_REMEDY}")
