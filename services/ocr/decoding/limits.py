"""How large a page may be, checked from what a file says of itself before any of its pixels are unpacked."""

from __future__ import annotations

from services.errors import ImageTooLargeError, ImageTooSmallError

MAX_PIXELS = 100_000_000  # of one page
MAX_SIDE = 65_535  # pixels
MIN_SIDE = 8  # pixels; no sign of any script can be told apart below
MAX_PAGES = 2_000
MAX_INCHES = 200.0  # a side of a PDF page
RENDER_DPI = 300
RENDER_PIXELS = 25_000_000  # of a PDF page: an A4 page at 300 dpi has 8.7 million


def check_size(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    """Sizes in pixels.

    Raises:
        ImageTooLargeError, ImageTooSmallError: with the size that was found and the one that is wanted.
    """
    if width * height > max_pixels:
        raise ImageTooLargeError(
            f"The picture has {width:,} x {height:,} pixels; at most {max_pixels // 1_000_000} megapixels are read. "
            "Send it at a lower resolution."
        )
    if max(width, height) > MAX_SIDE:
        raise ImageTooLargeError(
            f"The picture has {width:,} x {height:,} pixels; a side may have {MAX_SIDE:,}. Cut it into pieces."
        )
    if min(width, height) < MIN_SIDE:
        raise ImageTooSmallError(
            f"The picture has {width} x {height} pixels; each side needs {MIN_SIDE}. Send it at a higher resolution."
        )


def check_page_count(pages: int) -> None:
    if pages > MAX_PAGES:
        raise ImageTooLargeError(f"The file has more than {MAX_PAGES:,} pages. Split it and send the parts.")


def check_file_size(size: int, max_bytes: int | None) -> None:
    if max_bytes is not None and size > max_bytes:
        raise ImageTooLargeError(f"The file has {size / 2**20:.1f} MB; at most {max_bytes / 2**20:g} MB are read.")
