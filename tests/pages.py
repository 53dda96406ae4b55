"""Pages for tests: `draw_page` for the stub engine (exact, quick), `draw_text_page` in real type for true engines."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from services.ocr.engines.stub import CELL, INVERSION, ROWS, Fault, Strip, encode

MARGIN = 48  # pixels around the text
PITCH = 2 * ROWS * CELL  # pixels from line to line of the stub's print


def draw_page(
    lines: Sequence[str | Strip],
    *,
    slow: float = 0.0,
    crash: bool = False,
    fail: bool = False,
    rotate: int = 0,
    confidence: float = 0.99,
    size: tuple[int, int] | None = None,
    image_format: str = "PNG",
) -> bytes:
    """A page that `StubEngine` reads exactly as `lines`, up to 255 bytes of UTF-8 each.

    Args:
        slow: seconds that reading it takes, in equal parts per line.
        crash: reading the last line kills the process.
        fail: reading the last line raises.
        rotate: 0, 90, 180 or 270, the `rotation` of its result: degrees clockwise that set it upright again.
        confidence: of lines that are not given as `Strip`.
        size: width and height when upright, at least what the lines need.
        image_format: any that Pillow writes.
    """
    fault = Fault.CRASH if crash else Fault.RAISE if fail else Fault.NONE
    strips = [line if isinstance(line, Strip) else Strip(line, confidence=confidence) for line in lines]
    strips = [strip._replace(delay=strip.delay + slow / len(strips)) for strip in strips]
    if fault and strips:
        strips[-1] = strips[-1]._replace(fault=fault)
    pictures = [_picture(strip) for strip in strips]
    width = max([picture.shape[1] for picture in pictures], default=200) + 2 * MARGIN
    height = len(pictures) * PITCH + 2 * MARGIN
    least = size or (0, 0)
    page = np.full((max(height, least[1]), max(width, least[0])), 255, np.uint8)
    for number, picture in enumerate(pictures):
        top = MARGIN + number * PITCH
        page[top : top + picture.shape[0], MARGIN : MARGIN + picture.shape[1]] = picture
    return _stored(Image.fromarray(page).convert("RGB"), rotate, image_format)


def draw_text_page(
    lines: Sequence[str],
    *,
    font_size: int = 28,
    rotate: int = 0,
    font: Any = None,
    size: tuple[int, int] | None = None,
    image_format: str = "PNG",
) -> bytes:
    """Black on white in Pillow's own typeface (Latin only), or in `font`, a Pillow font that knows the characters."""
    font = font or ImageFont.load_default(size=font_size)
    width = max([int(font.getlength(line)) for line in lines], default=200) + 2 * MARGIN
    pitch = round(1.8 * font_size)
    least = size or (0, 0)
    page = Image.new("RGB", (max(width, least[0]), max(len(lines) * pitch + 2 * MARGIN, least[1])), "white")
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        draw.text((MARGIN, MARGIN + number * pitch), line, fill="black", font=font)
    return _stored(page, rotate, image_format)


def pixels(stored: bytes) -> np.ndarray[Any, Any]:
    """height x width x 3, RGB, as engines take it."""
    return np.array(Image.open(io.BytesIO(stored)).convert("RGB"))


def _picture(strip: Strip) -> np.ndarray[Any, Any]:
    columns = [value ^ INVERSION[number % 2] for number, value in enumerate(encode(strip))]
    bits = np.unpackbits(np.array([[0xFF, *columns, 0xFF]], np.uint8), axis=0)
    return np.kron(255 * (1 - bits), np.ones((CELL, CELL), np.uint8)).astype(np.uint8)


def _stored(page: Image.Image, rotate: int, image_format: str) -> bytes:
    file = io.BytesIO()
    page.rotate(rotate, expand=True).save(file, image_format)
    return file.getvalue()
