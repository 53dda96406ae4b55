"""What a file is, by its first bytes; its name does not count. Cheap enough for the server process."""

from __future__ import annotations

from services.errors import InvalidImageError

HEAD_BYTES = 1_024  # what `sniff` wants to see, or the whole of a shorter file

_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_SIGNATURES = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
}
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ\0")
_HEIC = (b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
_KINDS = "Send PNG, JPEG, WebP, BMP, GIF, TIFF or PDF."


def sniff(head: bytes) -> str | None:
    """The kind by its signature: "png", "jpeg", "webp", "bmp", "gif", "tiff", "pdf"; None: not one that is read here.

    Args:
        head: the first HEAD_BYTES of the file; a PDF's header may stand anywhere in them.
    """
    for kind, signatures in _SIGNATURES.items():
        if head.startswith(signatures):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    if b"%PDF-" in head[:HEAD_BYTES] and not head.startswith(_ARCHIVES):
        return "pdf"
    return None


def refusal(head: bytes) -> InvalidImageError:
    """The error for what `sniff` does not know: what it looks like, and what to send instead."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:HEAD_BYTES].lower()
    if not head:
        return InvalidImageError(f"The file is empty. {_KINDS}")
    if start.startswith((b"<svg", b"<?xml", b"<!--")) and b"<svg" in start:
        return InvalidImageError("SVG drawings are not read. Export it as PNG or PDF and send that.")
    if head.startswith(_ARCHIVES):
        return InvalidImageError(f"This is an archive or an office document. Unpack it, or print it to PDF. {_KINDS}")
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        return InvalidImageError(f"HEIC and AVIF photos are not read. Save the photo as JPEG. {_KINDS}")
    return InvalidImageError(f"This is not a picture or document that can be read, whatever its name says. {_KINDS}")
